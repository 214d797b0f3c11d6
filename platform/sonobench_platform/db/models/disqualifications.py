"""Submissions that organisers took out of the ranking."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from sonobench_platform.db.models.base import Base


class DisqualificationRow(Base):
    """A submission that has no rank while this row is there. `by` is who said so, as the audit log calls them."""

    __tablename__ = "disqualifications"

    submission_id: Mapped[str] = mapped_column(ForeignKey("submissions.id"), primary_key=True)
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(100))
    reason: Mapped[str] = mapped_column(Text)
