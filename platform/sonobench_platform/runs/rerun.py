"""Running a submission again: a new run, the old one kept. What has a score keeps it until the new run brings another."""

from __future__ import annotations

import logging
from typing import NamedTuple

from sqlalchemy import select

from sonobench_platform.accounts.identity import Identity
from sonobench_platform.audit.log import record
from sonobench_platform.core import Core
from sonobench_platform.db.models import PhaseRow, RunRow, SubmissionRow
from sonobench_platform.db.session import Work
from sonobench_platform.domain.errors import Conflict, Forbidden
from sonobench_platform.domain.ids import new_id
from sonobench_platform.domain.states import State
from sonobench_platform.runs.purpose import AGAIN
from sonobench_platform.submissions import repository
from sonobench_platform.submissions.move import move

log = logging.getLogger(__name__)

RUN_AGAIN_FROM = frozenset({State.SCORED, State.FAILED})


class Rerun(NamedTuple):
    """Which submissions are run again, and which cannot be: their images are no longer here."""

    submissions: tuple[str, ...]
    without_image: tuple[str, ...]


def rerun(core: Core, work: Work, caller: Identity, submission_id: str, *, reason: str) -> RunRow:
    """Have one submission run again: the team's quota is not touched, and its place on the board stays until the new score.

    Raises:
        NotFound: there is no such submission in a challenge that the caller organises.
        Conflict: it is under way, or ended without ever having run, or its image is no longer here.
    """
    submission = organised(work, caller, submission_id)
    if (obstacle := why_not(core, submission)) is not None:
        raise obstacle
    run = start_run(core, work, submission, purpose=AGAIN, reason=reason)
    detail = {"run": run.id, "number": run.number}
    record(
        core, work, caller, "submission.rerun", submission_id, challenge_id=submission.challenge_id, detail=detail, reason=reason
    )
    return run


def why_not(core: Core, submission: SubmissionRow) -> Conflict | None:
    """Why this submission cannot be run again as it is; None: it can."""
    if State(submission.state) not in RUN_AGAIN_FROM:
        said = f"Submission {submission.id} is {submission.state}; only a scored or failed one can be run again."
        return Conflict("not-to-be-rerun", said)
    if not _has_image(core, submission):
        said = f"The image of {submission.id} is no longer here, or it never had one; it cannot be run again."
        return Conflict("image-gone", said)
    return None


def rerun_all(core: Core, work: Work, caller: Identity, phase: PhaseRow, *, reason: str) -> Rerun:
    """Have every scored submission of a phase run again, in one transaction: all of them, or none.

    Raises:
        Forbidden: the caller does not organise the challenge.
    """
    if not caller.may_organise(phase.challenge_id):
        raise Forbidden("not-your-challenge", "This is for the organisers of the challenge.")
    query = select(SubmissionRow.id).where(SubmissionRow.phase_id == phase.id, SubmissionRow.state == State.SCORED)
    started, gone = list[str](), list[str]()
    for submission_id in work.session.scalars(query.order_by(SubmissionRow.id)).all():
        submission = repository.lock(work.session, submission_id)
        if submission.state != State.SCORED:
            continue
        if not _has_image(core, submission):
            gone.append(submission_id)
            continue
        start_run(core, work, submission, purpose=AGAIN, reason=reason)
        started.append(submission_id)
    detail = {"submissions": started, "without_image": gone}
    record(core, work, caller, "phase.rerun", phase.name, challenge_id=phase.challenge_id, detail=detail, reason=reason)
    return Rerun(tuple(started), tuple(gone))


def start_run(core: Core, work: Work, submission: SubmissionRow, *, purpose: str, reason: str) -> RunRow:
    """Queue a further run of a submission that has ended and is locked. It counts at once only where there is no score yet."""
    now, last = core.clock.now(), repository.newest_run(work.session, submission.id)
    run = RunRow(
        id=new_id("run"),
        submission_id=submission.id,
        number=1 if last is None else last.number + 1,
        is_current=False,
        purpose=purpose,
        reason=reason,
        created_at=now,
        attempt=0,
        lost=0,
    )
    work.session.add(run)
    work.session.flush()
    if not repository.has_score(work.session, submission.id):
        repository.make_current(work.session, run)
    submission.queued_at = now
    move(work, submission, State.QUEUED, cause=_CAUSES[purpose], at=now)
    work.after_commit(core.wake.run_queued)
    return run


_CAUSES = {
    "again": "run again by the organisers, at no cost; an earlier score stays until there is a new one",
    "baseline": "run again as a baseline, to see whether a node has drifted; its score stays as it is",
}


def organised(work: Work, caller: Identity, submission_id: str) -> SubmissionRow:
    """The submission, locked, for someone who organises its challenge.

    Raises:
        NotFound: there is none, or the caller does not.
    """
    submission = repository.lock(work.session, submission_id)
    if not caller.may_organise(submission.challenge_id):
        raise repository.no_such_submission()
    return submission


def _has_image(core: Core, submission: SubmissionRow) -> bool:
    return submission.image_digest is not None and core.store.image(submission.image_digest).is_file()
