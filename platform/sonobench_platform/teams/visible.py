"""Challenges as a caller may know them. A hidden one is there for its organisers alone; for all others there is no such thing."""

from __future__ import annotations

from sqlalchemy.orm import Session

from sonobench_platform.accounts.identity import Identity
from sonobench_platform.challenges import repository
from sonobench_platform.db.models import ChallengeRow
from sonobench_platform.domain.errors import Forbidden, NotFound


def visible(session: Session, caller: Identity | None, name: str) -> ChallengeRow:
    """The challenge of this name, for whoever may know of it (None: anyone).

    Raises:
        NotFound: there is none, or it is hidden.
    """
    challenge = repository.get(session, name)
    if challenge.is_hidden and not (caller is not None and caller.may_organise(challenge.id)):
        raise NotFound("no-such-challenge", "There is no challenge of that name here.")
    return challenge


def organised(session: Session, caller: Identity, name: str) -> ChallengeRow:
    """The challenge of this name, for those who organise it.

    Raises:
        NotFound: there is none, or it is hidden and not the caller's. Forbidden: others organise it.
    """
    challenge = visible(session, caller, name)
    if not caller.may_organise(challenge.id):
        raise Forbidden("not-your-challenge", f"You do not organise {challenge.title}; ask one of its organisers.")
    return challenge
