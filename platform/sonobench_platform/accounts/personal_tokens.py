"""Personal API tokens: named, limited to some of what their owner may do, and ending by themselves."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from sonobench_platform.accounts import repository, tokens
from sonobench_platform.accounts.identity import Identity, Role, Scope
from sonobench_platform.accounts.service import row_of
from sonobench_platform.accounts.tokens import TokenKind
from sonobench_platform.audit.log import record
from sonobench_platform.core import Core
from sonobench_platform.db.models import TokenRow
from sonobench_platform.db.session import Work
from sonobench_platform.domain.errors import Conflict, NotFound, Unprocessable

MOST = 50
"""Tokens that one person may have at a time."""
LONGEST_DAYS = 366


class NewToken(NamedTuple):
    row: TokenRow
    token: str
    """Seen only here."""


def create(core: Core, work: Work, owner: Identity, *, name: str, scopes: frozenset[Scope], days: int) -> NewToken:
    """A new token of the person `owner`, good for `days` days.

    Raises:
        Unprocessable: a scope goes beyond what its owner may do now. Conflict: there are too many tokens.
    """
    person_id = _person(owner)
    for scope, role in _NEEDS.items():
        if scope in scopes and role not in owner.roles:
            raise Unprocessable("scope-beyond-owner", f"A token of yours cannot have the scope `{scope}`: you may not do that.")
    work.take_turns(f"tokens of {person_id}")
    live = [each for each in repository.personal_tokens(work.session, person_id) if not _is_over(core, each)]
    if len(live) >= MOST:
        raise Conflict("too-many-tokens", f"You have {MOST} tokens already; revoke one that you no longer need.")
    return _issue(core, work, owner, name=name, scopes=scopes, days=days)


def _issue(core: Core, work: Work, owner: Identity, *, name: str, scopes: frozenset[Scope], days: int) -> NewToken:
    token = tokens.mint(TokenKind.PERSON)
    row = row_of(core, token)
    row.person_id, row.name, row.scopes = owner.person_id, name, " ".join(sorted(scopes))
    row.expires_at = core.clock.now() + timedelta(days=days)
    work.session.add(row)
    work.session.flush()
    record(core, work, owner, "token.create", row.id, detail={"scopes": row.scopes, "expires_at": row.expires_at.isoformat()})
    return NewToken(row, token)


_NEEDS = {Scope.ORGANISE: Role.ORGANISER, Scope.ADMINISTER: Role.ADMINISTRATOR}


def revoke(core: Core, work: Work, owner: Identity, token_id: str) -> None:
    """End a token of one's own at once.

    Raises:
        NotFound: there is none, it was revoked, or it is another's.
    """
    row = work.session.get(TokenRow, token_id, with_for_update=True)
    if row is None or row.person_id != _person(owner) or row.revoked_at is not None:
        raise NotFound("no-such-token", f"You have no token {token_id}.")
    row.revoked_at = core.clock.now()
    record(core, work, owner, "token.revoke", row.id)


def _is_over(core: Core, row: TokenRow) -> bool:
    return row.expires_at is not None and core.clock.now() >= row.expires_at


def _person(owner: Identity) -> str:
    assert owner.person_id is not None  # noqa: S101 - routes let only people come here
    return owner.person_id
