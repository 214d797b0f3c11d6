"""Attempts are the fence: a worker's write counts only while its attempt lives, and an attempt ends once."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from sonobench_platform.db.models import AttemptRow, RunRow, SubmissionRow
from sonobench_platform.db.session import Work
from sonobench_platform.domain.errors import NotFound, lease_lost
from sonobench_platform.domain.ids import is_id
from sonobench_platform.submissions import repository as submissions

FINISHED, LOST, RELEASED, DRAINED, CANCELLED = "finished", "lost", "released", "drained", "cancelled"


class Held(NamedTuple):
    """An attempt that this node made or makes, with its run and submission, all locked."""

    attempt: AttemptRow
    run: RunRow
    submission: SubmissionRow


def hold(work: Work, run_id: str, *, attempt: int, node: str | None) -> Held:
    """The attempt, whether it lives or has ended; locked in the one order everyone uses: submission, run, attempt.

    Raises:
        NotFound: there is no such run.
        Conflict: `lease-lost`: there is no such attempt, or it is another node's.
    """
    submission_id = work.session.scalar(select(RunRow.submission_id).where(RunRow.id == run_id)) if is_id(run_id) else None
    if submission_id is None:
        raise NotFound("no-such-run", "There is no run of that name.")
    submission = submissions.lock(work.session, submission_id)
    run = work.session.get_one(RunRow, run_id, with_for_update=True, populate_existing=True)
    row = work.session.get(AttemptRow, (run_id, attempt), populate_existing=True)
    if row is None or (node is not None and row.node != node):
        raise lease_lost(run_id, attempt)
    return Held(row, run, submission)


def hold_live(work: Work, run_id: str, *, attempt: int, node: str | None) -> Held:
    """The attempt, if it still owns its run.

    Raises:
        NotFound: there is no such run.
        Conflict: `lease-lost`.
    """
    held = hold(work, run_id, attempt=attempt, node=node)
    if held.attempt.ended_at is not None:
        raise lease_lost(run_id, attempt)
    return held


def pseudonym_key(session: Session, run: RunRow) -> bytes | None:
    """What the names of the run's last attempt were made with; None where its container was given the cases' own."""
    attempt = session.get(AttemptRow, (run.id, run.attempt))
    return None if attempt is None or attempt.pseudonym_key is None else bytes.fromhex(attempt.pseudonym_key)


def end(held: Held, *, ended: str, reason: str | None, at: datetime) -> None:
    """End a living attempt and free its run."""
    held.attempt.ended, held.attempt.ended_at, held.attempt.reason = ended, at, reason
    held.attempt.live_log = held.attempt.live_log_at = None
    held.run.node = held.run.lease_until = held.run.phase = held.run.phase_since = None


def end_live_attempt(work: Work, submission_id: str, *, ended: str, reason: str, at: datetime) -> None:
    """End the attempt that lives for this submission, if one does. The submission is locked already."""
    query = (
        select(AttemptRow, RunRow, SubmissionRow)
        .join(RunRow, RunRow.id == AttemptRow.run_id)
        .join(SubmissionRow, SubmissionRow.id == RunRow.submission_id)
        .where(RunRow.submission_id == submission_id, AttemptRow.ended_at.is_(None))
    )
    for row in work.session.execute(query):
        end(Held(*row), ended=ended, reason=reason, at=at)
