"""What an organiser makes of a failure that no program can judge: run it again, or say whose fault it was."""

from __future__ import annotations

from enum import StrEnum

from sonobench_eval.sandbox.failure import Blame, Category
from sonobench_platform.accounts.identity import Identity
from sonobench_platform.audit.log import record
from sonobench_platform.challenges.definition import public_challenge
from sonobench_platform.core import Core
from sonobench_platform.db.models import AttemptRow, PhaseRow, RunRow, SubmissionRow
from sonobench_platform.db.session import Work
from sonobench_platform.domain.errors import Conflict
from sonobench_platform.domain.quota import GivenBack
from sonobench_platform.domain.states import State
from sonobench_platform.runs.blame import by_the_image, failure_of, leaves_a_part
from sonobench_platform.runs.report import Report
from sonobench_platform.runs.rerun import organised, rerun
from sonobench_platform.submissions import repository
from sonobench_platform.submissions.failing import say
from sonobench_platform.submissions.move import move
from sonobench_platform.submissions.quota import give_back


class Decision(StrEnum):
    """`team`: the image is at fault. `platform`: it is not, and the attempt is given back."""

    RERUN = "rerun"
    TEAM = "team"
    PLATFORM = "platform"


def decide(core: Core, work: Work, caller: Identity, submission_id: str, *, decision: Decision, reason: str) -> None:
    """Settle an undetermined failure. Decided as the image's own, what it left is scored where the challenge scores such runs.

    Raises:
        NotFound: there is no such submission in a challenge that the caller organises.
        Conflict: `nothing-to-decide`: it did not fail, or whose fault it was is known; or it cannot be run again.
    """
    submission = organised(work, caller, submission_id)
    if submission.state != State.FAILED or submission.failure_blame != Blame.UNDETERMINED:
        said = f"Submission {submission_id} is {submission.state}; there is no failure whose fault is open."
        raise Conflict("nothing-to-decide", said)
    detail = {"decision": decision.value, "failure": submission.failure_category}
    record(
        core, work, caller, "submission.decide", submission_id, challenge_id=submission.challenge_id, detail=detail, reason=reason
    )
    match decision:
        case Decision.RERUN:
            rerun(core, work, caller, submission_id, reason=reason)
        case Decision.TEAM:
            _by_the_team(core, work, submission)
        case Decision.PLATFORM:
            say(submission, category=Category.PLATFORM_TROUBLE, blame=Blame.PLATFORM, sentence=_NOT_YOURS)
            give_back(core, work, submission, GivenBack.PLATFORM)


_YOURS = "It was killed or did not start, and an organiser found that the image itself is the reason."
_NOT_YOURS = (
    "The run broke off, and an organiser found that it was not the image's fault. Your attempt is given back; hand it in again."
)


def _by_the_team(core: Core, work: Work, submission: SubmissionRow) -> None:
    run = repository.newest_run(work.session, submission.id)
    if run is not None and _left_a_part(core, work, run, submission):
        run_id = run.id
        cause = "an organiser found that the image itself is the reason; what it had written is scored"
        move(work, submission, State.SCORING, cause=cause, at=core.clock.now())
        work.after_commit(lambda: core.wake.score(run_id))
        return
    say(submission, category=Category.CRASHED, blame=Blame.PARTICIPANT, sentence=_YOURS)


def _left_a_part(core: Core, work: Work, run: RunRow, submission: SubmissionRow) -> bool:
    attempt = work.session.get(AttemptRow, (run.id, run.attempt))
    results = core.store.results(run.id, run.attempt) if run.attempt else None
    if run.outcome is None or attempt is None or attempt.results_sha256 is None or results is None or not results.is_file():
        return False
    challenge = public_challenge(work.session.get_one(PhaseRow, submission.phase_id))
    outcome = Report.model_validate_json(run.outcome).outcome(results)
    failure = failure_of(outcome, challenge.limits)
    return failure is not None and leaves_a_part(outcome, by_the_image(failure), challenge)
