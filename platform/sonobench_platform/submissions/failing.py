"""Ends that a team must be able to read: a category, whose fault it was, one sentence.

What did not end by the team's own fault, and what never reached hidden data, costs nothing of its quota. A submission that is
run again and has a score already cannot fail any more: its earlier result stays, and the organisers are told.
"""

from __future__ import annotations

from datetime import datetime

from sonobench_eval.sandbox.failure import Blame, Category
from sonobench_platform.core import Core
from sonobench_platform.db.models import SubmissionRow
from sonobench_platform.db.session import Work
from sonobench_platform.domain.quota import GivenBack
from sonobench_platform.domain.states import State
from sonobench_platform.runs.telling import tell_organisers
from sonobench_platform.submissions import repository
from sonobench_platform.submissions.move import move
from sonobench_platform.submissions.quota import give_back


def reject(core: Core, work: Work, submission: SubmissionRow, *, category: str, sentence: str, at: datetime) -> None:
    """The image cannot be taken, and the sentence says why and what to do."""
    _end(work, submission, State.REJECTED, category=category, blame=Blame.PARTICIPANT, sentence=sentence, at=at)
    give_back(core, work, submission, GivenBack.REJECTED)


def fail(core: Core, work: Work, submission: SubmissionRow, *, category: str, blame: Blame, sentence: str, at: datetime) -> None:
    """The run brought nothing: the submission has failed, or keeps the score that it has from an earlier run."""
    if repository.has_score(work.session, submission.id):
        keep_score(core, work, submission, why=sentence, at=at)
        return
    run = repository.newest_run(work.session, submission.id)
    if run is not None:
        repository.make_current(work.session, run)
    _end(work, submission, State.FAILED, category=category, blame=blame, sentence=sentence, at=at)
    if blame in {Blame.PLATFORM, Blame.ORGANISER}:
        give_back(core, work, submission, GivenBack.PLATFORM)


def fail_on_samples(
    core: Core, work: Work, submission: SubmissionRow, *, category: str, blame: Blame, sentence: str, at: datetime
) -> None:
    """It failed on the public samples: no hidden image was touched, and it costs nothing."""
    fail(core, work, submission, category=category, blame=blame, sentence=sentence, at=at)
    give_back(core, work, submission, GivenBack.CANARY)


def fail_by_platform(core: Core, work: Work, submission: SubmissionRow, *, sentence: str, at: datetime) -> None:
    """The platform gave up. It was not the team's fault, and says so; the organisers are told."""
    fail(core, work, submission, category=Category.PLATFORM_TROUBLE, blame=Blame.PLATFORM, sentence=sentence, at=at)
    if submission.state == State.FAILED:
        tell_organisers(
            core,
            work,
            submission.challenge_id,
            event="submission.lost",
            subject=f"The platform gave up on {submission.id}",
            text=f"{sentence} `sonobench admin submissions` says what the trouble was; then have it run again: "
            f"`sonobench admin rerun {submission.id} --reason ...`.",
        )


def keep_score(core: Core, work: Work, submission: SubmissionRow, *, why: str, at: datetime) -> None:
    """End a further run of a scored submission that brought no other score."""
    move(work, submission, State.SCORED, cause=f"{why} The earlier result stays.", at=at)
    tell_organisers(
        core,
        work,
        submission.challenge_id,
        event="run.without-result",
        subject=f"A further run of {submission.id} brought no result",
        text=f"{why} The earlier result stays on the board.",
    )


def _end(work: Work, submission: SubmissionRow, to: State, *, category: str, blame: Blame, sentence: str, at: datetime) -> None:
    move(work, submission, to, cause=sentence, at=at)
    say(submission, category=category, blame=blame, sentence=sentence)
    work.session.flush()


def say(submission: SubmissionRow, *, category: str | None, blame: Blame | None, sentence: str | None) -> None:
    """What a team reads of a failure; all None: nothing failed."""
    submission.failure_category = category
    submission.failure_blame = blame
    submission.failure_sentence = sentence
