"""Heartbeats keep a lease; live runs are what a node may keep containers for."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from sonobench_platform.challenges.definition import public_challenge
from sonobench_platform.core import Core
from sonobench_platform.db.models import AttemptRow, PhaseRow
from sonobench_platform.db.session import Work
from sonobench_platform.domain.errors import lease_lost
from sonobench_platform.nodes import service as nodes
from sonobench_platform.runs.attempts import CANCELLED, Held, hold


def beat(core: Core, work: Work, run_id: str, *, attempt: int, node: str, phase: str, log_tail: str | None = None) -> bool:
    """Extend the lease and note the phase; True where the run is to be stopped because it was cancelled.

    A lease that has run out but was not swept yet is extended: nobody else has the run. The end of a log is kept where the team
    may read it; it goes when the attempt ends, as the whole is in its report then.

    Raises:
        NotFound: there is no such run.
        Conflict: `lease-lost`: this attempt is over.
    """
    held = hold(work, run_id, attempt=attempt, node=node)
    if held.attempt.ended == CANCELLED:
        return True
    if held.attempt.ended_at is not None:
        raise lease_lost(run_id, attempt)
    now = core.clock.now()
    held.run.lease_until = now + timedelta(seconds=core.settings.lease_s)
    if held.run.phase != phase:
        held.run.phase, held.run.phase_since = phase, now
    if log_tail is not None and _is_for_its_team(work, held):
        held.attempt.live_log, held.attempt.live_log_at = log_tail, now
    nodes.see(core, work, node)
    return False


def _is_for_its_team(work: Work, held: Held) -> bool:
    """Whether the run's log may be kept while it is under way: whatever a node sends, nothing of a run on hidden data is."""
    return public_challenge(work.session.get_one(PhaseRow, held.submission.phase_id)).logs == "team"


def live_on(session: Session, node: str) -> list[tuple[str, int]]:
    """`(run_id, attempt)` of every attempt that `node` owns now."""
    query = (
        select(AttemptRow.run_id, AttemptRow.attempt)
        .where(AttemptRow.node == node, AttemptRow.ended_at.is_(None))
        .order_by(AttemptRow.run_id)
    )
    return list(session.execute(query))
