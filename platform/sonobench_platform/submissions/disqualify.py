"""Taking a submission out of the ranking, with a reason, and putting it back.

It keeps its score. A team that has another submission is ranked by that one; a team that has none stays on the board without
a rank, and the others are ranked as if it were not there.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from sonobench_platform.accounts.identity import Identity
from sonobench_platform.audit.log import record
from sonobench_platform.core import Core
from sonobench_platform.db.models import DisqualificationRow, SubmissionRow
from sonobench_platform.db.session import Work
from sonobench_platform.domain.errors import Conflict
from sonobench_platform.domain.states import COUNTING, State
from sonobench_platform.leaderboards.publish import latest, publish
from sonobench_platform.notices.events import rank_decided
from sonobench_platform.submissions import repository

_STANDS_OR_MAY = COUNTING | {State.UPLOADING, State.CHECKING}
"""On a board, or on its way to one. What ended without a score has nothing to lose."""


def disqualify(core: Core, work: Work, submission_id: str, *, caller: Identity, reason: str) -> None:
    """Let a submission have no rank, whatever its score is or will be; its team is told why. Twice is harmless.

    Raises:
        NotFound: there is no such submission in a challenge that the caller organises.
        Conflict: it ended without a score.
    """
    submission = organised(work, caller, submission_id)
    if find(work.session, submission_id) is not None:
        return
    if (obstacle := why_not(submission)) is not None:
        raise obstacle
    now = core.clock.now()
    work.session.add(DisqualificationRow(submission_id=submission_id, at=now, by=caller.name[:100], reason=reason))
    work.session.flush()
    _settle(core, work, caller, submission, action="submission.disqualify", reason=reason)
    rank_decided(work, submission, said="was disqualified", reason=reason, at=now)


def why_not(submission: SubmissionRow) -> Conflict | None:
    """Why there is nothing to disqualify in this submission as it is; None: there is."""
    if State(submission.state) in _STANDS_OR_MAY:
        return None
    said = f"Submission {submission.id} is {submission.state}: it stands on no board, and there is nothing to disqualify."
    return Conflict("nothing-to-disqualify", said)


def reinstate(core: Core, work: Work, submission_id: str, *, caller: Identity, reason: str) -> None:
    """Let a disqualified submission be ranked again; its team is told. One that is not disqualified stays as it is.

    Raises:
        NotFound: there is no such submission in a challenge that the caller organises.
    """
    submission = organised(work, caller, submission_id)
    row = find(work.session, submission_id)
    if row is None:
        return
    work.session.delete(row)
    work.session.flush()
    _settle(core, work, caller, submission, action="submission.reinstate", reason=reason)
    rank_decided(work, submission, said="is ranked again", reason=reason, at=core.clock.now())


def find(session: Session, submission_id: str) -> DisqualificationRow | None:
    """As it is in the database now; None where the submission is not disqualified."""
    return session.get(DisqualificationRow, submission_id, populate_existing=True)


def among(session: Session, submission_ids: Iterable[str]) -> dict[str, DisqualificationRow]:
    """Those of the submissions that are disqualified."""
    query = select(DisqualificationRow).where(DisqualificationRow.submission_id.in_(list(submission_ids)))
    return {row.submission_id: row for row in session.scalars(query)}


def organised(work: Work, caller: Identity, submission_id: str) -> SubmissionRow:
    """The submission, locked, for someone who organises its challenge.

    Raises:
        NotFound: there is none, or the caller does not.
    """
    submission = repository.lock(work.session, submission_id)
    if not caller.may_organise(submission.challenge_id):
        raise repository.no_such_submission()
    return submission


def _settle(core: Core, work: Work, caller: Identity, submission: SubmissionRow, *, action: str, reason: str) -> None:
    record(core, work, caller, action, submission.id, challenge_id=submission.challenge_id, reason=reason)
    if latest(work.session, submission.phase_id) is not None:
        publish(core, work, phase_id=submission.phase_id)
