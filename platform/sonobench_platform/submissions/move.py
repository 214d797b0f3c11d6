"""The one place where a submission changes its state: the table allows it, the database compares and sets, history keeps it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, update

from sonobench_platform.db.models import HistoryRow, SubmissionRow
from sonobench_platform.db.session import Work
from sonobench_platform.domain.errors import Conflict
from sonobench_platform.domain.states import State, check_transition
from sonobench_platform.notices.events import submission_ended


class StateMoved(Conflict):
    """Someone else moved the submission first. Nothing was changed."""

    def __init__(self, submission_id: str) -> None:
        super().__init__("state-changed", f"Submission {submission_id} has moved on meanwhile; look at its state again.")


def begin(work: Work, submission: SubmissionRow, *, cause: str) -> None:
    """Record how a new submission came to be."""
    work.session.add(submission)
    work.session.flush()
    _remember(work, submission, None, cause, submission.created_at)


def move(work: Work, submission: SubmissionRow, to: State, *, cause: str, at: datetime) -> None:
    """Take one step: compare-and-set, history, and a clean slate for whoever works on the new state.

    Raises:
        ForbiddenTransition: the table has no such step.
        StateMoved: the submission is no longer in the state this transaction saw.
    """
    origin = State(submission.state)
    check_transition(origin, to)
    statement = (
        update(SubmissionRow)
        .where(SubmissionRow.id == submission.id, SubmissionRow.state == origin)
        .values(state=to, state_since=at, worker=None, worker_until=None, tries=0, next_try_at=None, woken_at=at, trouble=None)
        .execution_options(synchronize_session=False)
    )
    if cast(CursorResult[Any], work.session.execute(statement)).rowcount != 1:
        raise StateMoved(submission.id)
    work.session.refresh(submission)
    _remember(work, submission, origin, cause, at)
    # Where a further run brought no other score, the submission is as it was: nobody need be told every day.
    as_it_was = to == State.SCORED and origin != State.SCORING
    if not to.is_open and not as_it_was:
        submission_ended(work, submission, cause=cause, at=at)


def _remember(work: Work, submission: SubmissionRow, origin: State | None, cause: str, at: datetime) -> None:
    work.session.add(HistoryRow(submission_id=submission.id, at=at, from_state=origin, to_state=submission.state, cause=cause))
    work.session.flush()
