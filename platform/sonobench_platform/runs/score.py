"""Scoring: stored predictions and hidden truth become an evaluation and a new board. Score workers alone do this.

Scoring never fails a team. What goes wrong here is the organiser's (a reference is missing) or the platform's: the
submission stays in `scoring`, the trouble is noted for the organisers, and it is tried again with pauses. Results that
cannot be read are made anew by another run.
"""

from __future__ import annotations

import logging

from sqlalchemy import select

from sonobench_eval.challenge.load import ChallengeError
from sonobench_eval.io.sources import ResultsUnreadable
from sonobench_eval.sandbox.failure import Blame, Failure, ReadResults, bad_output, read_results
from sonobench_platform.challenges.definition import open_definition, public_challenge
from sonobench_platform.core import Core, Scores
from sonobench_platform.db.models import PhaseRow, RunRow, SubmissionRow
from sonobench_platform.domain.errors import NotFound
from sonobench_platform.domain.ids import is_id
from sonobench_platform.domain.states import State
from sonobench_platform.leaderboards.publish import publish
from sonobench_platform.runs.attempts import pseudonym_key
from sonobench_platform.runs.blame import by_the_image, failure_of, told_in_part
from sonobench_platform.runs.evaluations import record_evaluation
from sonobench_platform.runs.give_back import run_again
from sonobench_platform.runs.report import Report
from sonobench_platform.runs.truth import note_the_read
from sonobench_platform.storage.store import replacing
from sonobench_platform.submissions import repository as submissions
from sonobench_platform.submissions.failing import fail, say
from sonobench_platform.submissions.move import move
from sonobench_platform.submissions.worker_lease import LeaseGone, WorkerLease, working_on

log = logging.getLogger(__name__)


class OrganiserTrouble(Exception):
    """The data that scoring needs is not what was registered. The message is for the organiser."""


def score_run(core: Core, run_id: str) -> None:
    """Score one run. Harmless when it is not due, done already, or under way elsewhere."""
    submission_id = _submission_of(core, run_id)
    if submission_id is None:
        return
    with working_on(core, submission_id, State.SCORING) as lease:
        if lease is None:
            return
        try:
            _score(core, lease, run_id)
        except (LeaseGone, NotFound):
            log.info("%s moved on while it was scored", submission_id)
        except (OrganiserTrouble, ChallengeError) as error:
            log.error("%s cannot be scored until an organiser mends the data: %s", submission_id, error)  # noqa: TRY400
            lease.put_off(f"organiser: {getattr(error, 'for_organisers', error)}")
        except ResultsUnreadable as error:
            _run_again_or_put_off(core, lease, run_id, error)
        except Exception as error:
            log.exception("scoring %s failed", submission_id)
            lease.put_off(f"platform: {type(error).__name__}: {error}")


_TRIES_TO_READ = 3


def _run_again_or_put_off(core: Core, lease: WorkerLease, run_id: str, error: ResultsUnreadable) -> None:
    """A disk may have hiccuped; results that stay unreadable can only be made anew."""
    trouble = f"platform: {error}"
    if lease.tries >= _TRIES_TO_READ:
        try:
            with core.database.write() as work:
                if run_again(core, work, lease.held(work), work.session.get_one(RunRow, run_id), reason=trouble):
                    return
        except (LeaseGone, NotFound):
            log.info("%s moved on before it could be run again", lease.submission_id)
            return
    log.error("%s: its results cannot be read: %s", lease.submission_id, error)
    lease.put_off(trouble)


def _submission_of(core: Core, run_id: str) -> str | None:
    if not is_id(run_id):
        return None
    with core.database.read() as session:
        return session.scalar(select(RunRow.submission_id).where(RunRow.id == run_id))


def _score(core: Core, lease: WorkerLease, run_id: str) -> None:
    with core.database.read() as session:
        run = session.get_one(RunRow, run_id)
        submission = session.get_one(SubmissionRow, run.submission_id)
        phase = session.get_one(PhaseRow, submission.phase_id)
    scores = scores_of(core, run, submission, phase)
    with replacing(core.store.replicates(run_id)) as temporary:
        scores.save_replicates(temporary)
    _record(core, lease, run_id, scores, failure=_failure_before(core, run, phase))


def scores_of(core: Core, run: RunRow, submission: SubmissionRow, phase: PhaseRow) -> Scores:
    """Score a run's stored results by the truth as it lies there now. That it is read is in the audit log before it is.

    Raises:
        OrganiserTrouble, ChallengeError, ResultsUnreadable
    """
    with core.database.write() as work:
        note_the_read(core, work, run, submission, phase)
        # The names that this attempt's container was given, and no others: every attempt has a key of its own.
        key = pseudonym_key(work.session, run)
    loaded = open_definition(core.store, phase)
    scores = core.evaluator.score(loaded, core.store.results(run.id, run.attempt), pseudonym_key=key)
    _refuse_other_data(scores, phase)
    return scores


def _failure_before(core: Core, run: RunRow, phase: PhaseRow) -> Failure | None:
    """How the run failed that left what is scored here; None where it ended well."""
    if run.outcome is None:
        return None
    outcome = Report.model_validate_json(run.outcome).outcome(core.store.results(run.id, run.attempt))
    failure = failure_of(outcome, public_challenge(phase).limits)
    # One that nobody could judge is scored only after an organiser has said that it was the image's.
    return None if failure is None else by_the_image(failure)


def _refuse_other_data(scores: Scores, phase: PhaseRow) -> None:
    made_from = scores.evaluation.made_from
    if made_from.dataset_hash != phase.dataset_hash:
        raise OrganiserTrouble(
            f"the data of the phase {phase.name} in {phase.folder} is not what was registered; put the registered files back"
        )
    if made_from.challenge_hash != phase.hash:
        raise OrganiserTrouble(f"the definition of the phase {phase.name} has changed since it was registered")


def _record(core: Core, lease: WorkerLease, run_id: str, scores: Scores, *, failure: Failure | None) -> None:
    """Evaluation, state and board in one transaction: nobody ever sees a scored submission that the board does not know."""
    read = read_results(scores.evaluation)
    with core.database.write() as work:
        submission = lease.held(work)
        # It may have been changed while this was scored; then it is scored again by what it is now.
        _refuse_other_data(scores, work.session.get_one(PhaseRow, submission.phase_id, populate_existing=True))
        now, run = core.clock.now(), work.session.get_one(RunRow, run_id)
        if failure is not None and read.cases and not read.usable:
            fail(
                core,
                work,
                submission,
                category=failure.category,
                blame=failure.blame,
                sentence=failure.told,
                at=now,
            )
            return
        record_evaluation(work, run, scores.evaluation, at=now)
        submissions.make_current(work.session, run)
        _say_what_is_wrong(submission, failure, read)
        move(work, submission, State.SCORED, cause="scored", at=now)
        publish(core, work, phase_id=submission.phase_id)


def _say_what_is_wrong(submission: SubmissionRow, failure: Failure | None, read: ReadResults) -> None:
    """It is scored, as every result that is missing or unusable has a declared score; but the team should know why."""
    unusable = bad_output(read)
    if failure is not None:
        say(submission, category=failure.category, blame=Blame.PARTICIPANT, sentence=told_in_part(failure, read))
    elif unusable is not None:
        say(submission, category=unusable.category, blame=unusable.blame, sentence=unusable.told)
    else:
        say(submission, category=None, blame=None, sentence=None)
