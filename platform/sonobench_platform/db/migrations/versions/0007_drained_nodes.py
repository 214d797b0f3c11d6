"""Nodes that are given no runs for a while, by whom and why."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sonobench_platform.db.types import UtcDateTime

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    with op.batch_alter_table("nodes") as table:
        table.add_column(sa.Column("drained_at", UtcDateTime(), nullable=True))
        table.add_column(sa.Column("drained_by", sa.String(length=100), nullable=True))
        table.add_column(sa.Column("drained_why", sa.Text(), nullable=True))
