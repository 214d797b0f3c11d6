"""Baselines: submissions that are run again every so often, to notice a node that drifts. Their scores never change by it."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from sonobench_platform.accounts.identity import Identity
from sonobench_platform.audit.log import record
from sonobench_platform.core import Core
from sonobench_platform.db.models import BaselineRow, SubmissionRow
from sonobench_platform.db.session import Work
from sonobench_platform.domain.errors import Conflict, NotFound, Refusal
from sonobench_platform.domain.states import State
from sonobench_platform.runs.purpose import BASELINE
from sonobench_platform.runs.rerun import organised, start_run
from sonobench_platform.submissions import repository

log = logging.getLogger(__name__)


class Baseline(NamedTuple):
    row: BaselineRow
    submission: SubmissionRow


def set_baseline(core: Core, work: Work, caller: Identity, submission_id: str, *, every_s: float) -> BaselineRow:
    """Have a scored submission run again every `every_s` seconds, from now on.

    Raises:
        NotFound: there is no such submission in a challenge that the caller organises.
        Conflict: it has no score.
    """
    submission = organised(work, caller, submission_id)
    if not repository.has_score(work.session, submission_id):
        said = f"Submission {submission_id} is {submission.state}; only one with a score can be a baseline."
        raise Conflict("not-scored", said)
    row = work.session.get(BaselineRow, submission_id)
    if row is None:
        row = BaselineRow(submission_id=submission_id, every_s=every_s, next_at=core.clock.now())
        work.session.add(row)
    row.every_s = every_s
    row.next_at = min(row.next_at, core.clock.now() + timedelta(seconds=every_s))
    work.session.flush()
    detail = {"every_s": every_s}
    record(core, work, caller, "baseline.set", submission_id, challenge_id=submission.challenge_id, detail=detail)
    return row


def remove_baseline(core: Core, work: Work, caller: Identity, submission_id: str) -> None:
    """Have it run no more; what is known of its times stays.

    Raises:
        NotFound: there is no such submission in a challenge that the caller organises, or it is no baseline.
    """
    submission = organised(work, caller, submission_id)
    row = work.session.get(BaselineRow, submission_id)
    if row is None:
        raise NotFound("no-baseline", f"Submission {submission_id} is no baseline.")
    work.session.delete(row)
    work.session.flush()
    record(core, work, caller, "baseline.remove", submission_id, challenge_id=submission.challenge_id)


def baselines(session: Session, challenge_id: str | None = None) -> list[Baseline]:
    """Every baseline, or those of one challenge, by when they are due."""
    query = select(BaselineRow, SubmissionRow).join(SubmissionRow, SubmissionRow.id == BaselineRow.submission_id)
    if challenge_id is not None:
        query = query.where(SubmissionRow.challenge_id == challenge_id)
    return [Baseline(*row) for row in session.execute(query.order_by(BaselineRow.next_at, BaselineRow.submission_id))]


def get_baseline(session: Session, submission_id: str) -> Baseline:
    """Raises `NoResultFound` where the submission is none."""
    return Baseline(session.get_one(BaselineRow, submission_id), session.get_one(SubmissionRow, submission_id))


def start_due_baselines(core: Core) -> list[str]:
    """Queue the baselines whose time has come; their ids. Called by every sweep; twice at once starts each once."""
    with core.database.read() as session:
        due = list(session.scalars(select(BaselineRow.submission_id).where(BaselineRow.next_at <= core.clock.now())))
    started = []
    for submission_id in due:
        try:
            with core.database.write() as work:
                if _start(core, work, submission_id):
                    started.append(submission_id)
        except Refusal as refused:
            log.warning("the baseline %s could not be run again: %s", submission_id, refused)
    return started


def _start(core: Core, work: Work, submission_id: str) -> bool:
    submission = repository.lock(work.session, submission_id)
    row, now = work.session.get(BaselineRow, submission_id, populate_existing=True), core.clock.now()
    if row is None or row.next_at > now:
        return False
    # From now, not from when it was due: a platform that slept for a month does not make up for it.
    row.next_at = now + timedelta(seconds=row.every_s)
    digest = submission.image_digest
    if submission.state != State.SCORED or digest is None or not core.store.image(digest).is_file():
        log.info("the baseline %s is %s, or its image is gone: not run this time", submission_id, submission.state)
        return False
    start_run(core, work, submission, purpose=BASELINE, reason="baseline")
    return True
