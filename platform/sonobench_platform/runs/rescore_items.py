"""Score workers do the items of a rescoring: each under a lease, each once, and none that is not its own any more.

What goes wrong with an item is tried again with pauses, a few times; then the item is given up with its reason, so that one
damaged file does not hold up a whole rescoring. The organiser sees which, before deciding.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, NamedTuple, cast

from sqlalchemy import CursorResult, func, or_, select, update
from sqlalchemy.orm import Session

from sonobench_platform.core import Core, Scores
from sonobench_platform.db.models import EvaluationRow, PhaseRow, RescoringItemRow, RescoringRow, RunRow, SubmissionRow
from sonobench_platform.db.session import Work
from sonobench_platform.domain.backoff import wait_before
from sonobench_platform.domain.ids import new_id
from sonobench_platform.runs.evaluations import add_evaluation
from sonobench_platform.runs.rank_changes import changes_of
from sonobench_platform.runs.rescoring import RescoringState
from sonobench_platform.runs.score import scores_of
from sonobench_platform.runs.telling import tell_organisers
from sonobench_platform.storage.store import replacing

log = logging.getLogger(__name__)

TRIES = 5


class Item(NamedTuple):
    rescoring_id: str
    run_id: str


class _Gone(Exception):
    """The rescoring was dropped, or another worker took the item over."""


def due_items(core: Core) -> list[Item]:
    """Items that nobody works on and that are not being held back."""
    now = core.clock.now()
    query = (
        select(RescoringItemRow.rescoring_id, RescoringItemRow.run_id)
        .join(RescoringRow, RescoringRow.id == RescoringItemRow.rescoring_id)
        .where(
            RescoringRow.state == RescoringState.RUNNING,
            RescoringItemRow.done_at.is_(None),
            or_(RescoringItemRow.worker_until.is_(None), RescoringItemRow.worker_until <= now),
        )
        .order_by(RescoringRow.asked_at, RescoringItemRow.run_id)
    )
    with core.database.read() as session:
        return [Item(*row) for row in session.execute(query)]


def rescore(core: Core, item: Item) -> None:
    """Score one item. Harmless when it is not due, done already, or under way elsewhere."""
    with _working_on(core, item) as worker:
        if worker is None:
            return
        try:
            _score(core, item, worker)
        except _Gone:
            log.info("%s of %s was dropped or taken over", item.run_id, item.rescoring_id)
        except Exception as error:
            log.exception("%s could not be scored again for %s", item.run_id, item.rescoring_id)
            _put_off_or_give_up(core, item, worker, f"{type(error).__name__}: {error}")


def settle_rescorings(core: Core) -> list[str]:
    """Finish rescorings whose items are all done: a worker may have died between the last item and the table."""
    open_items = select(RescoringItemRow.rescoring_id).where(RescoringItemRow.done_at.is_(None))
    query = select(RescoringRow.id).where(RescoringRow.state == RescoringState.RUNNING, RescoringRow.id.not_in(open_items))
    with core.database.read() as session:
        found = list(session.scalars(query))
    for rescoring_id in found:
        with core.database.write() as work:
            _finish_if_done(core, work, rescoring_id)
    return found


def _score(core: Core, item: Item, worker: str) -> None:
    with core.database.read() as session:
        run = session.get_one(RunRow, item.run_id)
        submission = session.get_one(SubmissionRow, run.submission_id)
        phase = session.get_one(PhaseRow, submission.phase_id)
        number = _number_for(session, item)
    scores = scores_of(core, run, submission, phase)
    with replacing(core.store.replicates(run.id, number)) as temporary:
        scores.save_replicates(temporary)
    _record(core, item, worker, scores, number=number)


def _number_for(session: Session, item: Item) -> int:
    """One past the run's last: one rescoring of a phase lives at a time, and an item has one worker."""
    return (session.scalar(select(func.max(EvaluationRow.number)).where(EvaluationRow.run_id == item.run_id)) or 0) + 1


def _record(core: Core, item: Item, worker: str, scores: Scores, *, number: int) -> None:
    with core.database.write() as work:
        row = _held(work, item, worker)
        run = work.session.get_one(RunRow, item.run_id)
        add_evaluation(work, run, scores.evaluation, number=number, rescoring_id=item.rescoring_id, at=core.clock.now())
        row.done_at, row.trouble = core.clock.now(), None
        work.session.flush()
        _finish_if_done(core, work, item.rescoring_id)


def _finish_if_done(core: Core, work: Work, rescoring_id: str) -> None:
    rescoring = work.session.get_one(RescoringRow, rescoring_id, with_for_update=True, populate_existing=True)
    left = select(func.count()).where(RescoringItemRow.rescoring_id == rescoring_id, RescoringItemRow.done_at.is_(None))
    if rescoring.state != RescoringState.RUNNING or work.session.scalar(left):
        return
    changes = changes_of(core, work, rescoring)
    rescoring.changes, rescoring.state = changes.model_dump_json(), RescoringState.READY
    phase = work.session.get_one(PhaseRow, rescoring.phase_id)
    tell_organisers(
        core,
        work,
        phase.challenge_id,
        event="rescoring.ready",
        subject=f"Rescoring {rescoring_id} of {phase.name} is ready",
        text=f"{changes.moved} of {len(changes.teams)} teams would change their rank. Look at it with `sonobench admin rescore "
        f"show {rescoring_id}`, then publish or drop it.",
    )


def _held(work: Work, item: Item, worker: str) -> RescoringItemRow:
    # The rescoring is locked first, and by everyone: two last items must not both find the other one open.
    rescoring = work.session.get_one(RescoringRow, item.rescoring_id, with_for_update=True, populate_existing=True)
    row = work.session.get_one(RescoringItemRow, tuple(item), with_for_update=True, populate_existing=True)
    if rescoring.state != RescoringState.RUNNING or row.worker != worker or row.done_at is not None:
        raise _Gone
    return row


def _put_off_or_give_up(core: Core, item: Item, worker: str, trouble: str) -> None:
    try:
        with core.database.write() as work:
            row, now = _held(work, item, worker), core.clock.now()
            row.trouble = trouble
            if row.tries >= TRIES:
                row.done_at = now
                work.session.flush()
                _finish_if_done(core, work, item.rescoring_id)
            row.worker, row.worker_until = None, now + wait_before(row.tries)
    except _Gone:
        log.info("%s of %s moved on before its trouble could be noted", item.run_id, item.rescoring_id)


@contextmanager
def _working_on(core: Core, item: Item) -> Iterator[str | None]:
    """This worker's name for the lease on an item, or None where there is nothing to do or someone does it already."""
    worker = new_id("tok")
    if not _take(core, item, worker):
        yield None
        return
    done = threading.Event()
    keeper = threading.Thread(target=_keep, args=(core, item, worker, done), name="lease", daemon=True)
    keeper.start()
    try:
        yield worker
    finally:
        done.set()
        keeper.join()
        _set(core, item, worker, {"worker": None, "worker_until": None})


def _take(core: Core, item: Item, worker: str) -> bool:
    now = core.clock.now()
    statement = (
        update(RescoringItemRow)
        .where(
            RescoringItemRow.rescoring_id == item.rescoring_id,
            RescoringItemRow.run_id == item.run_id,
            RescoringItemRow.done_at.is_(None),
            or_(RescoringItemRow.worker_until.is_(None), RescoringItemRow.worker_until <= now),
            RescoringItemRow.rescoring_id.in_(select(RescoringRow.id).where(RescoringRow.state == RescoringState.RUNNING)),
        )
        .values(worker=worker, worker_until=_until(core), tries=RescoringItemRow.tries + 1)
        .execution_options(synchronize_session=False)
    )
    with core.database.write() as work:
        return cast(CursorResult[Any], work.session.execute(statement)).rowcount == 1


def _keep(core: Core, item: Item, worker: str, done: threading.Event) -> None:
    while not done.wait(core.settings.heartbeat_s):
        try:
            if not _set(core, item, worker, {"worker_until": _until(core)}):
                return
        except Exception:
            log.exception("the lease on %s of %s could not be renewed; trying again", item.run_id, item.rescoring_id)


def _set(core: Core, item: Item, worker: str, values: dict[str, Any]) -> bool:
    """Change the lease if it is still this worker's; False where it is not."""
    statement = (
        update(RescoringItemRow)
        .where(
            RescoringItemRow.rescoring_id == item.rescoring_id,
            RescoringItemRow.run_id == item.run_id,
            RescoringItemRow.worker == worker,
        )
        .values(values)
        .execution_options(synchronize_session=False)
    )
    with core.database.write() as work:
        return cast(CursorResult[Any], work.session.execute(statement)).rowcount == 1


def _until(core: Core) -> datetime:
    return core.clock.now() + timedelta(seconds=core.settings.lease_s)
