"""Cancelling, in every state that is not an end. A container that runs is stopped by its node's next heartbeat."""

from __future__ import annotations

from sonobench_platform.accounts.identity import Identity
from sonobench_platform.core import Core
from sonobench_platform.db.session import Work
from sonobench_platform.domain.errors import Conflict
from sonobench_platform.domain.states import State
from sonobench_platform.runs.attempts import CANCELLED, end_live_attempt
from sonobench_platform.submissions import repository
from sonobench_platform.submissions.move import move


def cancel(core: Core, work: Work, submission_id: str, *, caller: Identity, cause: str) -> None:
    """End a submission at the wish of its team or of an organiser. Cancelling twice is harmless.

    Raises:
        NotFound: there is no such submission, or it is another team's.
        Conflict: it has ended already.
    """
    submission = repository.lock(work.session, submission_id)
    if submission.team_id not in caller.team_ids and not caller.may_organise(submission.challenge_id):
        raise repository.no_such_submission()
    state = State(submission.state)
    if state == State.CANCELLED:
        return
    if not state.is_open:
        raise Conflict("already-ended", f"Submission {submission_id} is {state}; there is nothing left to cancel.")
    now = core.clock.now()
    end_live_attempt(work, submission_id, ended=CANCELLED, reason=cause, at=now)
    move(work, submission, State.CANCELLED, cause=cause, at=now)
    upload = core.store.upload(submission_id)
    work.after_commit(lambda: upload.unlink(missing_ok=True))
