"""Ends that a team must be able to read: a category, whose fault it was, one sentence."""

from __future__ import annotations

from datetime import datetime

from sonobench_eval.sandbox.failure import Blame, Category
from sonobench_platform.db.models import SubmissionRow
from sonobench_platform.db.session import Work
from sonobench_platform.domain.states import State
from sonobench_platform.submissions.move import move


def end_badly(
    work: Work, submission: SubmissionRow, to: State, *, category: str, blame: Blame, sentence: str, at: datetime
) -> None:
    """Move to `rejected` or `failed` and say why."""
    move(work, submission, to, cause=sentence, at=at)
    submission.failure_category = category
    submission.failure_blame = blame
    submission.failure_sentence = sentence
    work.session.flush()


def fail_by_platform(work: Work, submission: SubmissionRow, *, sentence: str, at: datetime) -> None:
    """The platform gave up. It was not the team's fault, and says so."""
    end_badly(work, submission, State.FAILED, category=Category.PLATFORM_TROUBLE, blame=Blame.PLATFORM, sentence=sentence, at=at)
