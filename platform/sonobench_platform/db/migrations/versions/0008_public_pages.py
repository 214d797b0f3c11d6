"""What a team says of a submission on its public page, and the end of a log while its run is under way."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sonobench_platform.db.types import UtcDateTime

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("submissions", sa.Column("is_public", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("submissions", sa.Column("public_summary", sa.String(length=1000), nullable=True))
    op.add_column("submissions", sa.Column("paper_url", sa.String(length=500), nullable=True))
    op.add_column("submissions", sa.Column("code_url", sa.String(length=500), nullable=True))
    op.add_column("attempts", sa.Column("live_log", sa.Text(), nullable=True))
    op.add_column("attempts", sa.Column("live_log_at", UtcDateTime(), nullable=True))
