"""An attempt's end: whose fault it was, if anyone's, decides what follows."""

from __future__ import annotations

from sonobench_eval.challenge.model import Limits
from sonobench_eval.sandbox.failure import Blame, Category, Failure, classify
from sonobench_platform.challenges.definition import public_challenge
from sonobench_platform.core import Core
from sonobench_platform.db.models import PhaseRow
from sonobench_platform.db.session import Work
from sonobench_platform.domain.errors import Conflict, lease_lost
from sonobench_platform.domain.states import State
from sonobench_platform.runs.attempts import CANCELLED, FINISHED, LOST, Held, end, hold
from sonobench_platform.runs.give_back import give_back
from sonobench_platform.runs.report import Report
from sonobench_platform.submissions.failing import end_badly
from sonobench_platform.submissions.move import move


def finish(core: Core, work: Work, run_id: str, report: Report, *, attempt: int, node: str) -> State:
    """Record how an attempt ended; returns the submission's state. Said twice for the same attempt, nothing changes.

    Ended by itself with results: to be scored. The team's fault: failed, with category and sentence. The platform's:
    queued again. Cancelled meanwhile: nothing, it has ended.

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
    if failure is None:
        _to_scoring(core, work, held, report)
    elif failure.blame == Blame.PLATFORM or failure.category == Category.CANCELLED:
        # Nobody cancelled the submission, so a killed container is the node's doing.
        give_back(core, work, held, ended=LOST, reason=f"{failure.category}: {failure.sentence} {report.engine_error}".strip())
    else:
        _fail(core, work, held, report, failure)
    return State(held.submission.state)


def _failure(core: Core, work: Work, held: Held, report: Report) -> Failure | None:
    limits = _limits(work, held)
    stored = core.store.results(held.run.id, held.attempt.attempt) if held.attempt.results_sha256 else None
    failure = classify(
        report.outcome(stored),
        time_limit_s=limits.time_s,
        memory_limit_bytes=limits.memory_bytes,
        output_limit_bytes=limits.output_bytes,
    )
    if stored is None and (failure is None or (failure.category == Category.NO_OUTPUT and report.result_files)):
        detail = f"Attempt {held.attempt.attempt} of run {held.run.id} has no results here; PUT them first."
        raise Conflict("results-missing", detail)
    return failure


def _limits(work: Work, held: Held) -> Limits:
    return public_challenge(work.session.get_one(PhaseRow, held.submission.phase_id)).limits


def _to_scoring(core: Core, work: Work, held: Held, report: Report) -> None:
    run_id, now = held.run.id, core.clock.now()
    end(held, ended=FINISHED, reason=None, at=now)
    held.run.outcome = report.model_dump_json()
    move(work, held.submission, State.SCORING, cause="run finished, results handed back", at=now)
    work.after_commit(lambda: core.wake.score(run_id))


def _fail(core: Core, work: Work, held: Held, report: Report, failure: Failure) -> None:
    now = core.clock.now()
    end(held, ended=FINISHED, reason=failure.category, at=now)
    held.run.outcome = report.model_dump_json()
    end_badly(
        work,
        held.submission,
        State.FAILED,
        category=failure.category,
        blame=failure.blame,
        sentence=failure.told,
        at=now,
    )
