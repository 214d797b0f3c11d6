"""Each attempt's pseudonym key, and what each node says of itself."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sonobench_platform.db.types import UtcDateTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("attempts", sa.Column("pseudonym_key", sa.String(length=64), nullable=True))
    op.create_table(
        "nodes",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("is_safe", sa.Boolean(), nullable=False),
        sa.Column("report", sa.Text(), nullable=False),
        sa.Column("reported_at", UtcDateTime(), nullable=False),
        sa.Column("reference_s", sa.Float(), nullable=True),
        sa.Column("first_reference_s", sa.Float(), nullable=True),
        sa.Column("reference_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("name", name="pk_nodes"),
    )
