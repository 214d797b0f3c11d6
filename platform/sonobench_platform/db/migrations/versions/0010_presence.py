"""When an API was last there for workers to be heard by."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sonobench_platform.db.types import UtcDateTime

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "presence",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_presence"),
    )
