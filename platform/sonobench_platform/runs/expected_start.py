"""When each waiting run will probably start, from how long runs of its phase took lately and the nodes that are there."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from statistics import quantiles
from typing import NamedTuple
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from sonobench_platform.db.models import AttemptRow, NodeRow, PhaseRow, RunRow, SubmissionRow
from sonobench_platform.domain.expecting import Need, Range, Slot, starts_in, told
from sonobench_platform.domain.fairness import Waiting
from sonobench_platform.domain.states import State
from sonobench_platform.nodes.admission import is_accepted
from sonobench_platform.runs.attempts import FINISHED
from sonobench_platform.runs.queue_order import claim_order

LIVES = timedelta(minutes=3)
"""A node that was not heard of for longer is not counted on."""
KEPT_S = 5.0
_LAST = 20
_LEAST_LEFT_S = 60.0
"""What a run that takes longer than those before it is taken to need still."""


class Lasting(NamedTuple):
    """How long runs of a phase take, in seconds: quick ones, and slow ones."""

    low_s: float
    high_s: float


class _Now(NamedTuple):
    """A node and what it runs: the phase, and since when; None where it is free."""

    gpus: int
    phase_id: str | None
    since: datetime | None


class Expectation(NamedTuple):
    """A submission's place in the queue (1 is next), and when it will start; None where nobody knows."""

    place: int
    start: Range | None


def expectations(session: Session, now: datetime | None) -> Mapping[str, Expectation]:
    """Submission id -> what its team may expect, for every submission that waits. Without `now` only its place.

    A thousand waiting teams ask again and again for the same answer, so it is kept until the queue or a node changes, and for
    `KEPT_S` at most. One request makes it anew; others that come meanwhile get the last one.
    """
    engine = session.get_bind().engine
    state = _state(session, now)
    kept = _kept.get(engine)
    if kept is not None and kept[0] == state:
        return kept[1]
    if not _making.acquire(blocking=kept is None):
        return {} if kept is None else kept[1]
    try:
        made = _expectations(session, now)
        _kept[engine] = (state, made)
        return made
    finally:
        _making.release()


_making = threading.Lock()
_kept: WeakKeyDictionary[Engine, tuple[tuple[object, ...], Mapping[str, Expectation]]] = WeakKeyDictionary()


def usual_length(session: Session, phase_id: str) -> Range | None:
    """How long runs of the phase took lately, in coarse minutes; None where too few ended to say so."""
    found = _lasting(session, [phase_id], fewest=3).get(phase_id)
    return None if found is None else told({"": found.low_s}, {"": found.high_s}).get("")


def _state(session: Session, now: datetime | None) -> tuple[object, ...]:
    """What is different whenever an expectation may be: every start and end of a run moves a submission."""
    waits_or_runs = SubmissionRow.state.in_((State.QUEUED, State.RUNNING))
    moved = select(SubmissionRow.state, func.count(), func.max(SubmissionRow.state_since))
    queue = session.execute(moved.where(waits_or_runs).group_by(SubmissionRow.state).order_by(SubmissionRow.state)).all()
    nodes = session.execute(
        select(NodeRow.name, NodeRow.seen_at, NodeRow.reported_at, NodeRow.drained_at).order_by(NodeRow.name)
    ).all()
    return (None if now is None else int(now.timestamp() // KEPT_S), *map(tuple, queue), *map(tuple, nodes))


def _expectations(session: Session, now: datetime | None) -> dict[str, Expectation]:
    order = claim_order(session)
    if not order:
        return {}
    waiting = _facts(session, order)
    ranges = {} if now is None else _ranges(session, order, waiting, now)
    return {waiting[each.run_id][0]: Expectation(place, ranges.get(each.run_id)) for place, each in enumerate(order, start=1)}


def _ranges(
    session: Session, order: Sequence[Waiting], waiting: Mapping[str, tuple[str, str, int]], now: datetime
) -> dict[str, Range]:
    nodes = _nodes(session, now)
    lasting = _lasting(session, {phase for _, phase, _ in waiting.values()} | {each.phase_id for each in nodes if each.phase_id})
    quick, slow = (_played(order, waiting, nodes, lasting, now=now, slow=slow) for slow in (0, 1))
    return told(quick, slow)


def _played(
    order: Sequence[Waiting],
    waiting: Mapping[str, tuple[str, str, int]],
    nodes: Sequence[_Now],
    lasting: Mapping[str, Lasting],
    *,
    now: datetime,
    slow: int,
) -> dict[str, float | None]:
    """The queue played through with quick (0) or slow (1) runs."""
    takes_s = {phase: span[slow] for phase, span in lasting.items()}
    needs = [Need(each.run_id, waiting[each.run_id][2], takes_s.get(waiting[each.run_id][1])) for each in order]
    return starts_in(needs, [Slot(each.gpus, _free_in_s(each, takes_s, now)) for each in nodes])


def _free_in_s(node: _Now, takes_s: Mapping[str, float], now: datetime) -> float | None:
    if node.phase_id is None or node.since is None:
        return 0.0
    takes = takes_s.get(node.phase_id)
    return None if takes is None else max(takes - (now - node.since).total_seconds(), _LEAST_LEFT_S)


def _facts(session: Session, order: Sequence[Waiting]) -> dict[str, tuple[str, str, int]]:
    """Run id -> submission, phase, GPUs."""
    query = (
        select(RunRow.id, SubmissionRow.id, PhaseRow.id, PhaseRow.gpus)
        .join(SubmissionRow, SubmissionRow.id == RunRow.submission_id)
        .join(PhaseRow, PhaseRow.id == SubmissionRow.phase_id)
        .where(RunRow.id.in_([each.run_id for each in order]))
    )
    return {run: (submission, phase, gpus) for run, submission, phase, gpus in session.execute(query)}


def _nodes(session: Session, now: datetime) -> list[_Now]:
    """The nodes that take runs and were heard of lately, each with what it runs."""
    busy = (
        select(AttemptRow.node, SubmissionRow.phase_id, AttemptRow.claimed_at)
        .join(RunRow, RunRow.id == AttemptRow.run_id)
        .join(SubmissionRow, SubmissionRow.id == RunRow.submission_id)
        .where(AttemptRow.ended_at.is_(None))
    )
    runs = {node: (phase, since) for node, phase, since in session.execute(busy)}
    takes_runs = (NodeRow.seen_at >= now - LIVES, NodeRow.drained_at.is_(None))
    there = session.scalars(select(NodeRow).where(*takes_runs).order_by(NodeRow.name))
    return [_Now(row.gpus, *runs.get(row.name, (None, None))) for row in there if row.is_safe or is_accepted(row)]


def _lasting(session: Session, phase_ids: Iterable[str], *, fewest: int = 1) -> dict[str, Lasting]:
    found = {}
    for phase_id in phase_ids:
        query = (
            select(AttemptRow.claimed_at, AttemptRow.ended_at)
            .join(RunRow, RunRow.id == AttemptRow.run_id)
            .join(SubmissionRow, SubmissionRow.id == RunRow.submission_id)
            .where(SubmissionRow.phase_id == phase_id, AttemptRow.ended == FINISHED)
            .order_by(AttemptRow.ended_at.desc())
            .limit(_LAST)
        )
        took = [(end - begin).total_seconds() for begin, end in session.execute(query) if end is not None]
        if len(took) >= fewest:
            found[phase_id] = _spread(took)
    return found


def _spread(took: Sequence[float]) -> Lasting:
    if len(took) == 1:
        return Lasting(took[0] / 2, took[0] * 2)
    tenths = quantiles(took, n=10, method="inclusive")
    return Lasting(tenths[1], tenths[-1])
