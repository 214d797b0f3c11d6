"""Cancelling, in every state that is not an end. A container that runs is stopped by its node's next heartbeat."""

from __future__ import annotations

from sonobench_platform.accounts.identity import SERVER, Identity
from sonobench_platform.audit.log import record
from sonobench_platform.core import Core
from sonobench_platform.db.models import SubmissionRow
from sonobench_platform.db.session import Work
from sonobench_platform.domain.errors import Conflict
from sonobench_platform.domain.quota import GivenBack
from sonobench_platform.domain.states import State
from sonobench_platform.runs.attempts import CANCELLED, end_live_attempt
from sonobench_platform.submissions import repository
from sonobench_platform.submissions.acting import Acting, acting_as
from sonobench_platform.submissions.move import move
from sonobench_platform.submissions.quota import give_back


def cancel(core: Core, work: Work, submission_id: str, *, caller: Identity, cause: str | None = None) -> None:
    """End a submission at the wish of its team or of an organiser. Cancelling twice is harmless.

    Of a scored submission that is run again, an organiser's cancel ends that run alone, and the score stays.

    Args:
        cause: what its history says; None: by whom it was cancelled.

    Raises:
        NotFound: there is no such submission, or it is another team's.
        Forbidden: the caller's token may not act for their team.
        Conflict: it has ended already, or organisers have it run again and a team asks.
    """
    submission = repository.lock(work.session, submission_id)
    acting = acting_as(caller, submission)
    cause = cause or f"cancelled by {acting}"
    state = State(submission.state)
    if state == State.CANCELLED:
        return
    if not state.is_open:
        raise Conflict("already-ended", f"Submission {submission_id} is {state}; there is nothing left to cancel.")
    if acting is Acting.ORGANISER and caller is not SERVER:
        challenge_id = submission.challenge_id
        record(core, work, caller, "submission.cancel", submission_id, challenge_id=challenge_id, detail={"was": state.value})
    if repository.has_score(work.session, submission_id):
        _cancel_again(core, work, submission, caller=caller, cause=cause)
        return
    now, newest = core.clock.now(), repository.newest_run(work.session, submission_id)
    end_live_attempt(work, submission_id, ended=CANCELLED, reason=cause, at=now)
    move(work, submission, State.CANCELLED, cause=cause, at=now)
    if state in _COST_NOTHING and (newest is None or newest.number == 1):
        give_back(core, work, submission, GivenBack.EXPIRED if caller is SERVER else GivenBack.CANCELLED)
    upload = core.store.upload(submission_id)
    work.after_commit(lambda: upload.unlink(missing_ok=True))


_COST_NOTHING = frozenset({State.UPLOADING, State.CHECKING, State.QUEUED})
"""Cancelled before it ran, an attempt is given back. Once it runs it may have seen hidden data, and what is run again did."""


def _cancel_again(core: Core, work: Work, submission: SubmissionRow, *, caller: Identity, cause: str) -> None:
    if not caller.may_organise(submission.challenge_id):
        detail = f"Submission {submission.id} has its score, and the organisers have it run again; ask them to stop that run."
        raise Conflict("run-again", detail)
    now = core.clock.now()
    end_live_attempt(work, submission.id, ended=CANCELLED, reason=cause, at=now)
    move(work, submission, State.SCORED, cause=f"{cause}: the further run alone; the earlier result stays", at=now)
