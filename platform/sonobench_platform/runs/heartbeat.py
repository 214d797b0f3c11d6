"""Heartbeats keep a lease; live runs are what a node may keep containers for."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from sonobench_platform.core import Core
from sonobench_platform.db.models import AttemptRow
from sonobench_platform.db.session import Work
from sonobench_platform.domain.errors import lease_lost
from sonobench_platform.nodes import service as nodes
from sonobench_platform.runs.attempts import CANCELLED, hold


def beat(core: Core, work: Work, run_id: str, *, attempt: int, node: str, phase: str) -> bool:
    """Extend the lease and note the phase; True where the run is to be stopped because it was cancelled.

    A lease that has run out but was not swept yet is extended: nobody else has the run.

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
    nodes.see(core, work, node)
    return False


def live_on(session: Session, node: str) -> list[tuple[str, int]]:
    """`(run_id, attempt)` of every attempt that `node` owns now."""
    query = (
        select(AttemptRow.run_id, AttemptRow.attempt)
        .where(AttemptRow.node == node, AttemptRow.ended_at.is_(None))
        .order_by(AttemptRow.run_id)
    )
    return list(session.execute(query))
