"""An attempt that an organiser gives back, where the platform could not tell whose fault it was."""

from __future__ import annotations

from sonobench_platform.accounts.identity import Identity
from sonobench_platform.audit.log import record
from sonobench_platform.core import Core
from sonobench_platform.db.session import Work
from sonobench_platform.domain.errors import Conflict
from sonobench_platform.domain.quota import GivenBack
from sonobench_platform.domain.states import State
from sonobench_platform.submissions import repository
from sonobench_platform.submissions.quota import give_back


def give_back_by_hand(core: Core, work: Work, submission_id: str, *, caller: Identity, reason: str) -> None:
    """Give the attempt of a submission back that has ended. Twice is harmless.

    Raises:
        NotFound: there is no such submission in a challenge that the caller organises.
        Conflict: it is still under way; cancel it first.
    """
    submission = repository.lock(work.session, submission_id)
    if not caller.may_organise(submission.challenge_id):
        raise repository.no_such_submission()
    if State(submission.state).is_open:
        raise Conflict("still-under-way", f"Submission {submission.id} is {submission.state}; cancel it first.")
    if give_back(core, work, submission, GivenBack.ORGANISER):
        challenge_id = submission.challenge_id
        record(core, work, caller, "attempt.give-back", submission.id, challenge_id=challenge_id, reason=reason)
