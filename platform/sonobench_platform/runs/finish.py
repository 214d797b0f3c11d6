"""An attempt's end: whose fault it was, if anyone's, decides what follows."""

from __future__ import annotations

from pathlib import Path

from sonobench_eval.challenge.model import Challenge
from sonobench_eval.sandbox.failure import Blame, Category, Failure
from sonobench_platform.challenges.definition import public_challenge
from sonobench_platform.core import Core
from sonobench_platform.db.models import PhaseRow
from sonobench_platform.db.session import Work
from sonobench_platform.domain.errors import Conflict, lease_lost
from sonobench_platform.domain.states import State
from sonobench_platform.runs.attempts import CANCELLED, FINISHED, LOST, Held, end, hold
from sonobench_platform.runs.baseline_times import record_time
from sonobench_platform.runs.blame import failure_of, leaves_a_part
from sonobench_platform.runs.give_back import give_back
from sonobench_platform.runs.purpose import BASELINE
from sonobench_platform.runs.report import Report
from sonobench_platform.submissions.failing import fail
from sonobench_platform.submissions.move import move


def finish(core: Core, work: Work, run_id: str, report: Report, *, attempt: int, node: str) -> State:
    """Record how an attempt ended; returns the submission's state. Said twice for the same attempt, nothing changes.

    Ended by itself with results: to be scored. The team's fault: failed, with category and sentence, or scored for what it
    left where the challenge says so. The platform's: queued again. Cancelled meanwhile: nothing, it has ended.

    Raises:
        NotFound: there is no such run.
        Conflict: `lease-lost`: the attempt was taken from this node; `results-missing`: hand them back first.
    """
    held = hold(work, run_id, attempt=attempt, node=node)
    if held.attempt.ended in {FINISHED, CANCELLED}:
        return State(held.submission.state)
    if held.attempt.ended_at is not None:
        raise lease_lost(run_id, attempt)
    failure = _failure(core, work, held, report)
    if failure is not None and (failure.blame == Blame.PLATFORM or failure.category == Category.CANCELLED):
        # Nobody cancelled the submission, so a killed container is the node's doing.
        give_back(core, work, held, ended=LOST, reason=f"{failure.category}: {failure.sentence} {report.engine_error}".strip())
    else:
        _settle(core, work, held, report, failure)
    return State(held.submission.state)


def _settle(core: Core, work: Work, held: Held, report: Report, failure: Failure | None) -> None:
    end(held, ended=FINISHED, reason=None if failure is None else failure.category, at=core.clock.now())
    held.run.outcome = report.model_dump_json()
    if held.run.purpose == BASELINE and failure is None:
        record_time(core, work, held)
    elif failure is None:
        _to_scoring(core, work, held, cause="run finished, results handed back")
    elif held.run.purpose != BASELINE and leaves_a_part(report.outcome(_results(core, held)), failure, _challenge(work, held)):
        _to_scoring(core, work, held, cause=f"{failure.sentence} What it had written is scored.")
    else:
        _fail(core, work, held, failure)


def _failure(core: Core, work: Work, held: Held, report: Report) -> Failure | None:
    stored = _results(core, held)
    failure = failure_of(report.outcome(stored), _challenge(work, held).limits)
    if stored is None and (failure is None or (failure.category == Category.NO_OUTPUT and report.result_files)):
        detail = f"Attempt {held.attempt.attempt} of run {held.run.id} has no results here; PUT them first."
        raise Conflict("results-missing", detail)
    return failure


def _results(core: Core, held: Held) -> Path | None:
    return core.store.results(held.run.id, held.attempt.attempt) if held.attempt.results_sha256 else None


def _challenge(work: Work, held: Held) -> Challenge:
    return public_challenge(work.session.get_one(PhaseRow, held.submission.phase_id))


def _to_scoring(core: Core, work: Work, held: Held, *, cause: str) -> None:
    run_id = held.run.id
    move(work, held.submission, State.SCORING, cause=cause, at=core.clock.now())
    work.after_commit(lambda: core.wake.score(run_id))


def _fail(core: Core, work: Work, held: Held, failure: Failure) -> None:
    work.session.flush()
    fail(
        core,
        work,
        held.submission,
        category=failure.category,
        blame=failure.blame,
        sentence=failure.told,
        at=core.clock.now(),
    )
