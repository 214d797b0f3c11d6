"""A team's API tokens: made by its captain, shown once, revoked by hand or when who made them leaves the team."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from sonobench_platform.accounts import tokens
from sonobench_platform.accounts.identity import Identity
from sonobench_platform.accounts.tokens import TokenKind
from sonobench_platform.audit.log import record
from sonobench_platform.core import Core
from sonobench_platform.db.models import TokenRow
from sonobench_platform.db.session import Work
from sonobench_platform.domain.errors import Conflict, Forbidden, NotFound, Unprocessable
from sonobench_platform.domain.ids import is_id, new_id
from sonobench_platform.domain.text import clean_line
from sonobench_platform.teams.authority import as_captain
from sonobench_platform.teams.seats import hold_team

MOST = 20
"""Live tokens of one team: more than anybody can keep track of."""


class MadeToken(NamedTuple):
    row: TokenRow
    token: str


def make(core: Core, work: Work, caller: Identity, *, team_id: str, name: str) -> MadeToken:
    """A new token of the team; the text that comes with it is seen this once.

    Args:
        name: what it is for, by which people tell their tokens apart.

    Raises:
        NotFound: the team is not the caller's.
        Forbidden: the caller is not its captain, or asks with a token that is limited itself.
        Conflict: the team has many tokens already. Unprocessable: the name is none.
    """
    hold_team(work, team_id)
    team = as_captain(work.session, caller, team_id)
    if caller.scopes is not None:
        raise Forbidden("limited-token", "A personal token makes no team tokens, which may do more than it; sign in for this.")
    if len(live(work.session, team_id)) >= MOST:
        raise Conflict("too-many-tokens", f"{team.name} has {MOST} tokens; revoke one first.")
    text = tokens.mint(TokenKind.TEAM)
    row = TokenRow(id=new_id("tok"), kind=TokenKind.TEAM, team_id=team_id, sha256=tokens.digest(text), hint=tokens.hint(text))
    row.created_at, row.name, row.made_by = core.clock.now(), _usable(name), caller.person_id
    work.session.add(row)
    work.session.flush()
    record(core, work, caller, "token.create", row.id, detail={"team": team_id})
    return MadeToken(row, text)


def live(session: Session, team_id: str) -> list[TokenRow]:
    """The team's tokens that were not revoked, newest first."""
    query = select(TokenRow).where(TokenRow.team_id == team_id, TokenRow.revoked_at.is_(None))
    return list(session.scalars(query.order_by(TokenRow.created_at.desc(), TokenRow.id)))


def revoke(core: Core, work: Work, caller: Identity, *, team_id: str, token_id: str) -> None:
    """Have a token work no more, from now on. Twice is harmless.

    Raises:
        NotFound: the team is not the caller's, or has no such token. Forbidden: the caller is not its captain.
    """
    hold_team(work, team_id)
    as_captain(work.session, caller, team_id)
    row = work.session.get(TokenRow, token_id, populate_existing=True) if is_id(token_id) else None
    if row is None or row.team_id != team_id:
        raise NotFound("no-such-token", "The team has no token of that id.")
    if row.revoked_at is None:
        row.revoked_at = core.clock.now()
        record(core, work, caller, "token.revoke", row.id, detail={"team": team_id})


def revoke_those_of(core: Core, work: Work, caller: Identity, *, team_id: str, person_id: str) -> None:
    """Revoke the team's tokens that a person made who leaves it: they know them by heart, or in a script."""
    for row in live(work.session, team_id):
        if row.made_by == person_id:
            row.revoked_at = core.clock.now()
            work.session.flush()
            record(core, work, caller, "token.revoke", row.id, detail={"team": team_id, "because": "its maker left the team"})


def _usable(name: str) -> str:
    try:
        line = clean_line(name)
    except ValueError as error:
        raise Unprocessable("bad-token-name", f"The token's name {error}.") from error
    if not 1 <= len(line) <= 100:
        raise Unprocessable("bad-token-name", "A token's name has 1 to 100 characters; say what it is for.")
    return line
