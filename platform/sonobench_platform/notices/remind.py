"""Telling teams a day ahead that a phase opens or closes: a chore of the sweep, harmless however often it is done."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from sonobench_platform.core import Core
from sonobench_platform.db.models import PhaseRow
from sonobench_platform.notices.events import PHASE_CLOSES_SOON, PHASE_OPENS_SOON, phase_changes_soon

AHEAD = timedelta(hours=24)


def remind_of_phases(core: Core) -> int:
    """Write what is to be written now; returns for how many phases there was something to remind of."""
    now = core.clock.now()
    with core.database.read() as session:
        near = [row.id for row in session.scalars(select(PhaseRow)) if _changes(row, now)]
    for phase_id in near:
        with core.database.write() as work:
            work.take_turns("reminders of phases")
            phase = work.session.get_one(PhaseRow, phase_id)
            for event, moment in _changes(phase, now):
                phase_changes_soon(work, phase, event, moment, at=now)
    return len(near)


def _changes(phase: PhaseRow, now: datetime) -> list[tuple[str, datetime]]:
    if phase.is_held:
        return []
    moments = ((PHASE_OPENS_SOON, phase.opens_at), (PHASE_CLOSES_SOON, phase.closes_at))
    return [(event, moment) for event, moment in moments if moment is not None and now < moment <= now + AHEAD]
