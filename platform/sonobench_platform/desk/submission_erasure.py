"""Erasing a submission: image, predictions, evaluations and logs go, the board is published without it.

What stays: that there was one, its states with their times, and why it was erased; the quota ledger and the audit log. Boards
that were published before keep what they said: they are what people saw.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from sqlalchemy import delete, select, update

from sonobench_platform.accounts.identity import Identity
from sonobench_platform.audit.log import record
from sonobench_platform.core import Core
from sonobench_platform.db.models import (
    AttemptRow,
    BaselineRow,
    EvaluationRow,
    HistoryRow,
    ImageRow,
    RescoringItemRow,
    RunRow,
    SubmissionRow,
    UploadRow,
)
from sonobench_platform.db.session import Work
from sonobench_platform.desk.retention import results_of
from sonobench_platform.domain.errors import BadRequest, Conflict
from sonobench_platform.domain.states import State
from sonobench_platform.leaderboards.publish import latest, publish
from sonobench_platform.submissions import repository
from sonobench_platform.submissions.move import move

ERASED = "erased"


def erase_submission(core: Core, work: Work, submission_id: str, *, caller: Identity, reason: str) -> None:
    """Erase one submission that has ended. Twice is harmless.

    Raises:
        BadRequest: there is no reason.
        NotFound: there is no such submission, or the caller does not organise its challenge.
        Conflict: it has not ended; cancel it first.
    """
    if not reason.strip():
        raise BadRequest("reason-needed", "Say why the submission is erased; the reason stays in its history.")
    submission = repository.lock(work.session, submission_id)
    if not caller.may_organise(submission.challenge_id):
        raise repository.no_such_submission()
    state = State(submission.state)
    if state.is_open:
        raise Conflict("not-ended", f"Submission {submission_id} is {state}; cancel it, and erase it then.")
    runs = work.session.scalars(select(RunRow.id).where(RunRow.submission_id == submission_id)).all()
    files = _files(core, work, submission, runs)
    _note(core, work, submission, state, f"{ERASED}: {reason.strip()}")
    _empty(work, submission, runs)
    record(core, work, caller, "submission.erase", submission_id, challenge_id=submission.challenge_id, reason=reason.strip())
    if latest(work.session, submission.phase_id) is not None:
        publish(core, work, phase_id=submission.phase_id)
    # Charts tell of evaluations: those that know the erased one go, and the board on show is drawn anew without it.
    work.after_commit(partial(core.store.studies.remove_phase, submission.phase_id))
    for path in files:
        work.after_commit(lambda path=path: path.unlink(missing_ok=True))  # type: ignore[misc]


def _files(core: Core, work: Work, submission: SubmissionRow, runs: Sequence[str]) -> list[Path]:
    """What lies in the store of it. The image goes where no other submission is of it."""
    files = [core.store.upload(submission.id)]
    for run_id in runs:
        files += [*results_of(core.store, run_id), core.store.replicates(run_id)]
    if submission.image_digest is not None and not _is_shared(work, submission):
        files.append(core.store.image(submission.image_digest))
    return files


def _is_shared(work: Work, submission: SubmissionRow) -> bool:
    others = select(SubmissionRow.id).where(
        SubmissionRow.image_digest == submission.image_digest, SubmissionRow.id != submission.id
    )
    return work.session.scalar(others.limit(1)) is not None


def _note(core: Core, work: Work, submission: SubmissionRow, state: State, cause: str) -> None:
    """A scored one leaves the board; every other end stays what it is, with one more line in its history."""
    now = core.clock.now()
    if state == State.SCORED:
        move(work, submission, State.WITHDRAWN, cause=cause, at=now)
        return
    work.session.add(HistoryRow(submission_id=submission.id, at=now, from_state=state, to_state=state, cause=cause))


def _empty(work: Work, submission: SubmissionRow, runs: Sequence[str]) -> None:
    session, digest = work.session, submission.image_digest
    alone = digest is not None and not _is_shared(work, submission)
    session.execute(delete(EvaluationRow).where(EvaluationRow.submission_id == submission.id))
    session.execute(delete(RescoringItemRow).where(RescoringItemRow.run_id.in_(runs)))
    session.execute(delete(BaselineRow).where(BaselineRow.submission_id == submission.id))
    session.execute(delete(UploadRow).where(UploadRow.submission_id == submission.id))
    session.execute(update(RunRow).where(RunRow.id.in_(runs)).values(outcome=None, canary=None))
    session.execute(update(AttemptRow).where(AttemptRow.run_id.in_(runs)).values(pseudonym_key=None, reason=None))
    submission.image_digest = submission.image_reference = submission.note = submission.trouble = None
    submission.is_chosen = submission.is_public = False
    submission.public_summary = submission.paper_url = submission.code_url = None
    session.flush()
    if alone:
        _forget_image(work, str(digest))


def _forget_image(work: Work, digest: str) -> None:
    """The image, and every row that is of it: found by their references, so that a table that is new is not forgotten."""
    for column in ImageRow.__table__.primary_key:
        for table in ImageRow.metadata.sorted_tables:
            for reference in table.foreign_keys:
                if reference.column is column and table.name != SubmissionRow.__tablename__:
                    work.session.execute(table.delete().where(reference.parent == digest))
    work.session.execute(delete(ImageRow).where(ImageRow.config_digest == digest))
