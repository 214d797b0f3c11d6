"""Which boards have no study yet. Light: asked every few seconds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select

from sonobench_platform.core import Core
from sonobench_platform.db.models import SnapshotRow
from sonobench_platform.leaderboards.study_view import stored_study

SETTLED_AFTER = timedelta(seconds=15)
"""Boards that follow each other quickly, as submissions are scored, are not drawn one by one."""


@dataclass(frozen=True, slots=True)
class Due:
    """A board on show without a study."""

    phase_id: str
    number: int


def due_studies(core: Core) -> list[Due]:
    """The boards on show that have stood for a while and have no study yet."""
    settled = core.clock.now() - SETTLED_AFTER
    return [
        Due(row.phase_id, row.number) for row in on_show(core) if row.created_at <= settled and stored_study(core, row) is None
    ]


def on_show(core: Core) -> list[SnapshotRow]:
    """The newest snapshot of every phase that has one."""
    newest = select(func.max(SnapshotRow.id)).where(SnapshotRow.phase_id.is_not(None)).group_by(SnapshotRow.phase_id)
    with core.database.read() as session:
        return list(session.scalars(select(SnapshotRow).where(SnapshotRow.id.in_(newest)).order_by(SnapshotRow.id)))
