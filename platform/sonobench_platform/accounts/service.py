"""Who is asking: tokens issued and recognised."""

from __future__ import annotations

import hmac
from datetime import timedelta
from pathlib import Path

from sqlalchemy import update
from sqlalchemy.orm import Session

from sonobench_platform.accounts import repository, tokens
from sonobench_platform.accounts.identity import Identity, OwnTeam, Scope
from sonobench_platform.accounts.secret_files import keep_private
from sonobench_platform.accounts.tokens import TokenKind
from sonobench_platform.core import Core
from sonobench_platform.db.models import PersonRow, TokenRow
from sonobench_platform.db.session import Work
from sonobench_platform.domain.ids import new_id

USE_NOTED_EVERY = timedelta(minutes=1)
"""When a token or a browser was last used is known to within this: noting each use would write at each request."""


class TokenFileError(Exception):
    """A token file cannot be used; the message says what to do."""


def issue(core: Core, work: Work, kind: TokenKind, *, team_id: str | None = None) -> str:
    """A new token. What is returned is the only time it is seen."""
    token = tokens.mint(kind)
    work.session.add(row_of(core, token, team_id=team_id))
    return token


def row_of(core: Core, token: str, *, team_id: str | None = None) -> TokenRow:
    """What is kept of a token."""
    return TokenRow(
        id=new_id("tok"),
        kind=tokens.kind_of(token),
        team_id=team_id,
        sha256=tokens.digest(token),
        hint=tokens.hint(token),
        created_at=core.clock.now(),
    )


def identify(core: Core, token: str) -> Identity | None:
    """Whose token this is, or None: unknown, revoked, its time over, or its person disabled.

    A malformed one never reaches the database.
    """
    if not tokens.is_well_formed(token):
        return None
    sha256 = tokens.digest(token)
    with core.database.read() as session:
        found = repository.find_live(session, sha256)
        if found is None or not hmac.compare_digest(found.token.sha256, sha256):
            return None
        identity = _identity(core, session, found)
    if identity is not None and identity.kind in {TokenKind.PERSON, TokenKind.TEAM}:
        _note_use(core, found.token)
    return identity


def identity_of_person(
    session: Session, person: PersonRow, *, scopes: frozenset[Scope] | None = None, csrf: str | None = None
) -> Identity:
    """A person as they are now: in these teams, organising these challenges. Named by their id, which outlives their data."""
    mine = repository.memberships(session, person.id)
    return Identity(
        TokenKind.PERSON,
        f"person {person.id}",
        person_id=person.id,
        teams=tuple(OwnTeam(each.team.id, each.team.name, each.is_captain) for each in mine),
        organises=repository.organised(session, person.id),
        is_administrator=person.is_administrator,
        scopes=scopes,
        csrf=csrf,
        shown_as=person.name,
    )


def _identity(core: Core, session: Session, found: repository.TokenOwner) -> Identity | None:
    kind, team, person = TokenKind(found.token.kind), found.team, found.person
    if found.token.expires_at is not None and core.clock.now() >= found.token.expires_at:
        return None
    if kind == TokenKind.PERSON:
        if person is None or not repository.is_live(person):
            return None
        return identity_of_person(session, person, scopes=_scopes(found.token))
    if kind == TokenKind.TEAM and team is not None:
        return Identity(kind, f"team {team.name}", teams=(OwnTeam(team.id, team.name, is_captain=True),))
    if kind == TokenKind.NODE:
        return Identity(kind, "the node token")
    if kind == TokenKind.ORGANISER:
        return Identity(kind, "the organiser token", is_administrator=True)
    return None


def _scopes(token: TokenRow) -> frozenset[Scope]:
    """What a token is limited to; where nothing is said, to reading."""
    return frozenset(Scope(word) for word in (token.scopes or "").split()) or frozenset({Scope.READ})


def _note_use(core: Core, token: TokenRow) -> None:
    now = core.clock.now()
    if token.last_used_at is not None and now - token.last_used_at < USE_NOTED_EVERY:
        return
    with core.database.write() as work:
        work.session.execute(update(TokenRow).where(TokenRow.id == token.id).values(last_used_at=now))


def ensure_token_file(core: Core, kind: TokenKind, path: Path) -> None:
    """At the first start: make a token and keep it in `path`, for its owner alone (0600). Later: see that it is known.

    A file whose token the database does not know (a new database, an old home) is registered again.

    Raises:
        TokenFileError: the file is there and holds no token of this kind.
    """
    if not path.exists():
        keep_private(path, tokens.mint(kind))
    token = path.read_text().strip()
    if not tokens.is_well_formed(token) or tokens.kind_of(token) is not kind:
        raise TokenFileError(f"{path} does not hold a {kind} token; remove it, and the next start makes a new one.")
    with core.database.write() as work:
        if repository.find_live(work.session, tokens.digest(token)) is None:
            work.session.add(row_of(core, token))
