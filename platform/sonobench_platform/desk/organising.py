"""A challenge for those who organise it."""

from __future__ import annotations

from sqlalchemy.orm import Session

from sonobench_platform.accounts.identity import Identity
from sonobench_platform.challenges import repository as challenges
from sonobench_platform.db.models import ChallengeRow
from sonobench_platform.domain.errors import Forbidden


def must_organise(session: Session, caller: Identity, name: str) -> ChallengeRow:
    """The challenge of this name, for one of its organisers.

    Raises:
        NotFound: there is none.
        Forbidden: someone else organises it.
    """
    challenge = challenges.get(session, name)
    if not caller.may_organise(challenge.id):
        raise Forbidden("not-your-challenge", f"You do not organise {challenge.title}; ask an administrator to make you one.")
    return challenge
