"""Phases: what a challenge was until now becomes its one phase. Boards are numbered by phase; changes are kept."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sonobench_platform.db.migrations.append_only import refuse_changes
from sonobench_platform.db.types import UtcDateTime
from sonobench_platform.domain.ids import new_id

revision = "0004"
down_revision = "0003"

ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "phases",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("challenge_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.Column("opens_at", UtcDateTime(), nullable=True),
        sa.Column("closes_at", UtcDateTime(), nullable=True),
        sa.Column("is_held", sa.Boolean(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("hash", sa.String(length=71), nullable=False),
        sa.Column("dataset_hash", sa.String(length=71), nullable=False),
        sa.Column("public_definition", sa.Text(), nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("gpus", sa.Integer(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=True),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.Column("defined_at", UtcDateTime(), nullable=False),
        sa.Column("is_sound", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["challenge_id"], ["challenges.id"], name="fk_phases_challenge_id_challenges"),
        sa.PrimaryKeyConstraint("id", name="pk_phases"),
        sa.UniqueConstraint("challenge_id", "name", name="uq_phases_challenge_id_name"),
    )
    op.create_table(
        "challenge_changes",
        sa.Column("number", ROW_NUMBER, autoincrement=True, nullable=False),
        sa.Column("challenge_id", sa.String(length=32), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.String(length=100), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("changes", sa.Text(), nullable=False),
        sa.Column("old_hash", sa.String(length=71), nullable=False),
        sa.Column("new_hash", sa.String(length=71), nullable=False),
        sa.ForeignKeyConstraint(["challenge_id"], ["challenges.id"], name="fk_challenge_changes_challenge_id_challenges"),
        sa.PrimaryKeyConstraint("number", name="pk_challenge_changes"),
    )
    op.create_index("ix_challenge_changes_challenge_id", "challenge_changes", ["challenge_id"], unique=False)
    op.create_table(
        "datasets",
        sa.Column("phase_id", sa.String(length=32), nullable=False),
        sa.Column("dataset_hash", sa.String(length=71), nullable=False),
        sa.Column("manifest_sha256", sa.String(length=64), nullable=True),
        sa.Column("manifest", sa.Text(), nullable=True),
        sa.Column("is_sound", sa.Boolean(), nullable=False),
        sa.Column("report", sa.Text(), nullable=False),
        sa.Column("verified_at", UtcDateTime(), nullable=False),
        sa.Column("verified_by", sa.String(length=100), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=True),
        sa.Column("asked_by", sa.String(length=100), nullable=True),
        sa.Column("worker_until", UtcDateTime(), nullable=True),
        sa.Column("trouble", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["phase_id"], ["phases.id"], name="fk_datasets_phase_id_phases"),
        sa.PrimaryKeyConstraint("phase_id", name="pk_datasets"),
    )
    op.add_column("challenges", sa.Column("frozen_at", UtcDateTime(), nullable=True))
    op.add_column("challenges", sa.Column("is_hidden", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("challenges", sa.Column("canary_hash", sa.String(length=71), nullable=True))
    op.execute(
        "ALTER TABLE submissions ADD COLUMN phase_id VARCHAR(32) CONSTRAINT fk_submissions_phase_id_phases REFERENCES phases (id)"
    )
    op.create_index("ix_submissions_phase_id", "submissions", ["phase_id"], unique=False)
    _number_boards_by_phase()
    _give_each_challenge_its_phase()
    refuse_changes("challenge_changes")


def _number_boards_by_phase() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint("uq_leaderboard_snapshots_challenge_id_number", "leaderboard_snapshots", type_="unique")
        op.execute(
            "ALTER TABLE leaderboard_snapshots ADD COLUMN phase_id VARCHAR(32) "
            "CONSTRAINT fk_leaderboard_snapshots_phase_id_phases REFERENCES phases (id)"
        )
        op.add_column("leaderboard_snapshots", sa.Column("audit_head", sa.String(length=64), nullable=True))
        op.create_unique_constraint("uq_leaderboard_snapshots_phase_id_number", "leaderboard_snapshots", ["phase_id", "number"])
        return
    # SQLite drops no constraint: the table is made anew.
    op.execute("CREATE TEMPORARY TABLE kept_snapshots AS SELECT * FROM leaderboard_snapshots")
    op.drop_table("leaderboard_snapshots")
    op.create_table(
        "leaderboard_snapshots",
        sa.Column("id", ROW_NUMBER, autoincrement=True, nullable=False),
        sa.Column("challenge_id", sa.String(length=32), nullable=False),
        sa.Column("phase_id", sa.String(length=32), nullable=True),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("content_hash", sa.String(length=71), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("audit_head", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["challenge_id"], ["challenges.id"], name="fk_leaderboard_snapshots_challenge_id_challenges"),
        sa.ForeignKeyConstraint(["phase_id"], ["phases.id"], name="fk_leaderboard_snapshots_phase_id_phases"),
        sa.PrimaryKeyConstraint("id", name="pk_leaderboard_snapshots"),
        sa.UniqueConstraint("phase_id", "number", name="uq_leaderboard_snapshots_phase_id_number"),
    )
    op.execute(
        "INSERT INTO leaderboard_snapshots (id, challenge_id, number, content_hash, document, created_at) "
        "SELECT id, challenge_id, number, content_hash, document, created_at FROM kept_snapshots"
    )
    op.execute("DROP TABLE kept_snapshots")


def _give_each_challenge_its_phase() -> None:
    """What was registered before there were phases has one, `test`, which an organiser opens and closes by hand."""
    connection = op.get_bind()
    phases = sa.table("phases", *(sa.column(name) for name in _COLUMNS))
    for row in connection.execute(sa.text("SELECT * FROM challenges")).mappings():
        handed_in = connection.scalar(sa.text("SELECT count(*) FROM submissions WHERE challenge_id = :id"), {"id": row["id"]})
        phase_id, is_open = new_id("phas"), bool(row["is_open"])
        values = {name: row[name] for name in ("hash", "dataset_hash", "public_definition", "folder", "gpus")}
        values |= {"id": phase_id, "challenge_id": row["id"], "name": "test", "position": 0, "rules": '{"id":"test"}'}
        values |= {"is_held": not is_open, "is_open": is_open, "is_sound": True, "priority": 0, "opened_at": row["created_at"]}
        values["defined_at"] = row["updated_at"]
        connection.execute(phases.insert().values(**values))
        for table in ("submissions", "leaderboard_snapshots"):
            connection.execute(
                sa.text(f"UPDATE {table} SET phase_id = :phase WHERE challenge_id = :id"),  # noqa: S608 - no one's text
                {"phase": phase_id, "id": row["id"]},
            )
        if handed_in:
            connection.execute(sa.text("UPDATE challenges SET frozen_at = created_at WHERE id = :id"), {"id": row["id"]})


_COLUMNS = (
    "id",
    "challenge_id",
    "name",
    "position",
    "rules",
    "is_held",
    "is_open",
    "is_sound",
    "hash",
    "dataset_hash",
    "public_definition",
    "folder",
    "gpus",
    "priority",
    "opened_at",
    "defined_at",
)
