"""The sweeper: finds what was lost and what is overdue, and sends again the wake-ups of what is due.

Every item is its own transaction: one that goes wrong is logged and holds up nothing else. Running it twice, or in two
processes at once, changes nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import select

from sonobench_platform.accounts.identity import SERVER
from sonobench_platform.challenges.datasets import due_datasets
from sonobench_platform.challenges.definition import public_challenge
from sonobench_platform.core import Core
from sonobench_platform.db.models import AttemptRow, PhaseRow, RunRow, SubmissionRow
from sonobench_platform.db.session import Work
from sonobench_platform.domain.errors import Refusal
from sonobench_platform.domain.states import DEADLINES, State
from sonobench_platform.runs.attempts import LOST, Held, hold
from sonobench_platform.runs.give_back import give_back
from sonobench_platform.runs.presence import workers_are_heard
from sonobench_platform.runs.rescore_items import Item, due_items
from sonobench_platform.runs.set_back import bring_back
from sonobench_platform.submissions import repository as submissions
from sonobench_platform.submissions.cancel import cancel
from sonobench_platform.submissions.failing import fail_by_platform
from sonobench_platform.uploads.repository import whole_but_unfinished

log = logging.getLogger(__name__)

REWAKE_AFTER = timedelta(seconds=45)
STALE_FILE_S = 6 * 3600.0
ABANDONED_FILE_S = 20.0


@dataclass(frozen=True, slots=True)
class SweepReport:
    """What a sweep did: ids of submissions, and files it removed."""

    lost: tuple[str, ...] = ()
    overdue: tuple[str, ...] = ()
    woken: tuple[str, ...] = ()
    removed_files: int = 0


@dataclass(frozen=True, slots=True)
class DueWork:
    """What workers could do right now. `runs` counts queued runs; the others are ids for `check`, `score`, `rescore`,
    `verify_data` and `finish_upload`."""

    runs: int
    checks: tuple[str, ...]
    scores: tuple[str, ...]
    rescorings: tuple[Item, ...] = ()
    datasets: tuple[str, ...] = ()
    uploads: tuple[str, ...] = ()


def sweep(core: Core) -> SweepReport:
    """One round. Call it every few seconds, and at start."""
    if ahead := bring_back(core):
        log.warning("the clock was set back: %d leases and pauses were brought back with it", ahead)
    return SweepReport(
        lost=_each(core, _with_expired_lease(core), _take_back_expired),
        overdue=_each(core, _overdue(core), _end_overdue),
        woken=_wake_due(core),
        removed_files=_tidy(core),
    )


def due_work(core: Core) -> DueWork:
    """What is due, for workers that poll because there is no broker."""
    now = core.clock.now()
    with core.database.read() as session:
        queued = submissions.workable(session, State.QUEUED, now)
        checks = submissions.workable(session, State.CHECKING, now)
        scoring = submissions.workable(session, State.SCORING, now)
        runs = select(RunRow.submission_id, RunRow.id).where(RunRow.submission_id.in_(scoring), submissions.is_newest())
        run_of = dict(session.execute(runs).all())
        uploads = whole_but_unfinished(session)
    return DueWork(
        runs=len(queued),
        checks=tuple(checks),
        scores=tuple(run_of[each] for each in scoring if each in run_of),
        rescorings=tuple(due_items(core)),
        datasets=tuple(due_datasets(core)),
        uploads=tuple(each.upload_id for each in uploads),
    )


def _each(core: Core, submission_ids: Iterable[str], do: Callable[[Core, Work, SubmissionRow], bool]) -> tuple[str, ...]:
    done = []
    for submission_id in submission_ids:
        try:
            with core.database.write() as work:
                if do(core, work, submissions.lock(work.session, submission_id)):
                    done.append(submission_id)
        except Refusal as moved:
            log.info("%s moved on during a sweep: %s", submission_id, moved)
        except Exception:
            log.exception("the sweep could not deal with %s", submission_id)
    return tuple(done)


def _with_expired_lease(core: Core) -> list[str]:
    with core.database.read() as session:
        query = select(RunRow.submission_id).where(RunRow.node.is_not(None), RunRow.lease_until <= core.clock.now())
        return list(session.scalars(query))


def _take_back_expired(core: Core, work: Work, submission: SubmissionRow) -> bool:
    held = _living(work, submission)
    if held is None or held.run.lease_until is None or held.run.lease_until > core.clock.now():
        return False
    if not workers_are_heard(core, work.session):
        return False
    give_back(core, work, held, ended=LOST, reason=f"node {held.attempt.node} has not been heard of since its lease ran out")
    return True


def _living(work: Work, submission: SubmissionRow) -> Held | None:
    query = (
        select(AttemptRow.run_id, AttemptRow.attempt)
        .join(RunRow, RunRow.id == AttemptRow.run_id)
        .where(RunRow.submission_id == submission.id, AttemptRow.ended_at.is_(None))
    )
    living = work.session.execute(query).one_or_none()
    return None if living is None else hold(work, living[0], attempt=living[1], node=None)


def _overdue(core: Core) -> list[str]:
    now = core.clock.now()
    found: list[str] = []
    with core.database.read() as session:
        for state, deadline in DEADLINES.items():
            found += [row.id for row in submissions.in_state_since(session, state, now - deadline.after)]
    return found


def _end_overdue(core: Core, work: Work, submission: SubmissionRow) -> bool:
    state, now = State(submission.state), core.clock.now()
    deadline = DEADLINES.get(state)
    if deadline is None or submission.state_since + deadline.after + _own_time(work, submission) > now:
        return False
    match deadline.then:
        case "cancel":
            cancel(core, work, submission.id, caller=SERVER, cause=f"no upload came within {_hours(deadline.after)}")
        case "fail":
            sentence = "The platform could not check this image in time. It costs you nothing; the organisers will look."
            fail_by_platform(core, work, submission, sentence=sentence, at=now)
        case "requeue":
            held = _living(work, submission)
            if held is not None:
                give_back(core, work, held, ended=LOST, reason=f"still running {_hours(deadline.after)} after its time limit")
        case "alert":
            return _alert(submission, state)
    return True


def _alert(submission: SubmissionRow, state: State) -> bool:
    """Tell the organisers, once: in the log, and where they look at the submission."""
    told = f"{state} since {submission.state_since:%Y-%m-%d %H:%M} UTC; an organiser has to look"
    if told in (submission.trouble or ""):
        return False
    log.error("%s has been %s", submission.id, told)
    submission.trouble = "; ".join(part for part in (submission.trouble, told) if part)
    return True


def _own_time(work: Work, submission: SubmissionRow) -> timedelta:
    """A run may take as long as its challenge allows, before its deadline begins to count."""
    if submission.state != State.RUNNING:
        return timedelta(0)
    phase = work.session.get_one(PhaseRow, submission.phase_id)
    return timedelta(seconds=public_challenge(phase).limits.time_s)


def _hours(span: timedelta) -> str:
    return f"{span.total_seconds() / 3600:g} hours"


def _wake_due(core: Core) -> tuple[str, ...]:
    """Announce again what is due and was not announced lately. A doubled message changes nothing."""
    now = core.clock.now()
    woken: list[str] = []
    with core.database.write() as work:
        for state in (State.CHECKING, State.QUEUED, State.SCORING):
            for submission_id in submissions.workable(work.session, state, now, woken_before=now - REWAKE_AFTER):
                _announce(core, work, submission_id, state, now)
                woken.append(submission_id)
    return tuple(woken)


def _announce(core: Core, work: Work, submission_id: str, state: State, now: datetime) -> None:
    work.session.get_one(SubmissionRow, submission_id).woken_at = now
    if state == State.CHECKING:
        work.after_commit(lambda: core.wake.check(submission_id))
    elif state == State.QUEUED:
        work.after_commit(core.wake.run_queued)
    else:
        run = submissions.newest_run(work.session, submission_id)
        if run is not None:
            work.after_commit(partial(core.wake.score, run.id))


def _tidy(core: Core) -> int:
    """Files that a killed process left: half-written ones, and uploads of submissions that need them no more."""
    removed = len(core.store.remove_abandoned(ABANDONED_FILE_S)) + len(core.store.remove_stale(STALE_FILE_S))
    kept = {State.UPLOADING, State.CHECKING}
    for upload in core.store.uploads():
        with core.database.read() as session:
            row = session.get(SubmissionRow, upload.stem)
        if row is not None and row.state not in kept:
            upload.unlink(missing_ok=True)
            removed += 1
    return removed
