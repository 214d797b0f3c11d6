"""Tables to which rows are only ever added, whoever writes: the database itself refuses to change or remove one."""

from __future__ import annotations

from alembic import op


def refuse_changes(table: str) -> None:
    """Have the database refuse UPDATE and DELETE on a table. Needs `refuse_change()` of the first migration on PostgreSQL."""
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
