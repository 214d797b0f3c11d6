"""Tables to which rows are only ever added, whoever writes: the database itself refuses to change or remove one."""

from __future__ import annotations

from alembic import op


def refuse_changes(table: str) -> None:
    """Have the database refuse UPDATE, DELETE and TRUNCATE on a table. Needs `refuse_change()` of 0001."""
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
        return
    op.execute(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
    refuse_truncate(table)


def refuse_truncate(table: str) -> None:
    """Have the database refuse TRUNCATE, which row triggers do not see. SQLite knows none."""
    if op.get_bind().dialect.name == "sqlite":
        return
    op.execute(
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
