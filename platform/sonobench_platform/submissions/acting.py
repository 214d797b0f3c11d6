"""As whom somebody acts on a submission: for its team, or as an organiser of its challenge.

Someone may be both, in this challenge or in another. What they do is told as what they did it as.
"""

from __future__ import annotations

from enum import StrEnum

from sonobench_platform.accounts.identity import Identity, Role
from sonobench_platform.db.models import SubmissionRow
from sonobench_platform.domain.errors import Forbidden
from sonobench_platform.submissions import repository


class Acting(StrEnum):
    """As histories name them."""

    TEAM = "the team"
    ORGANISER = "an organiser"


def acting_as(caller: Identity, submission: SubmissionRow) -> Acting:
    """Whom the caller acts for: the team first, for those who are in it with what may act for it.

    Raises:
        NotFound: it is another team's, in a challenge that others organise.
        Forbidden: it is the caller's team's, and they ask with a token that may not act for it.
    """
    is_own = submission.team_id in caller.team_ids
    if is_own and Role.PARTICIPANT in caller.changing_roles:
        return Acting.TEAM
    if caller.may_organise(submission.challenge_id):
        return Acting.ORGANISER
    if is_own:
        raise Forbidden("scope-missing", "This token may not act for your team; make one with the scope `submit`.")
    raise repository.no_such_submission()
