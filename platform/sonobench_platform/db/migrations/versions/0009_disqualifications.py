"""Submissions that organisers took out of the ranking, by whom and why."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sonobench_platform.db.types import UtcDateTime

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "disqualifications",
        sa.Column("submission_id", sa.String(length=32), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.String(length=100), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["submission_id"], ["submissions.id"], name="fk_disqualifications_submission_id_submissions"),
        sa.PrimaryKeyConstraint("submission_id", name="pk_disqualifications"),
    )
