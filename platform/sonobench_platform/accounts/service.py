"""Who is asking: tokens issued and recognised. People with passwords come with accounts; machines and teams have these."""

from __future__ import annotations

import hmac
import os
from pathlib import Path

from sonobench_platform.accounts import repository, tokens
from sonobench_platform.accounts.identity import Identity, OwnTeam
from sonobench_platform.accounts.tokens import TokenKind
from sonobench_platform.core import Core
from sonobench_platform.db.models import TokenRow
from sonobench_platform.db.session import Work
from sonobench_platform.domain.ids import new_id
from sonobench_platform.storage.store import settle


class TokenFileError(Exception):
    """A token file cannot be used; the message says what to do."""


def issue(core: Core, work: Work, kind: TokenKind, *, team_id: str | None = None) -> str:
    """A new token. What is returned is the only time it is seen."""
    token = tokens.mint(kind)
    _record(core, work, token, team_id)
    return token


def identify(core: Core, token: str) -> Identity | None:
    """Whose token this is, or None. A malformed one never reaches the database."""
    if not tokens.is_well_formed(token):
        return None
    sha256 = tokens.digest(token)
    with core.database.read() as session:
        found = repository.find_live(session, sha256)
    if found is None or not hmac.compare_digest(found.token.sha256, sha256):
        return None
    return _identity(found)


def _identity(found: repository.TokenOwner) -> Identity | None:
    kind, team = TokenKind(found.token.kind), found.team
    if kind == TokenKind.TEAM and team is not None:
        return Identity(kind, f"team {team.name}", teams=(OwnTeam(team.id, team.name, is_captain=True),))
    if kind == TokenKind.NODE:
        return Identity(kind, "the node token")
    if kind == TokenKind.ORGANISER:
        return Identity(kind, "the organiser token", is_administrator=True)
    return None


def ensure_token_file(core: Core, kind: TokenKind, path: Path) -> None:
    """At the first start: make a token and keep it in `path`, for its owner alone (0600). Later: see that it is known.

    A file whose token the database does not know (a new database, an old home) is registered again.

    Raises:
        TokenFileError: the file is there and holds no token of this kind.
    """
    if not path.exists():
        _write_private(path, tokens.mint(kind))
    token = path.read_text().strip()
    if not tokens.is_well_formed(token) or tokens.kind_of(token) is not kind:
        raise TokenFileError(f"{path} does not hold a {kind} token; remove it, and the next start makes a new one.")
    with core.database.write() as work:
        if repository.find_live(work.session, tokens.digest(token)) is None:
            _record(core, work, token, None)


def _record(core: Core, work: Work, token: str, team_id: str | None) -> None:
    work.session.add(
        TokenRow(
            id=new_id("tok"),
            kind=tokens.kind_of(token),
            team_id=team_id,
            sha256=tokens.digest(token),
            hint=tokens.hint(token),
            created_at=core.clock.now(),
        )
    )


def _write_private(path: Path, token: str) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}-{os.getpid()}")
    file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(file, "w") as opened:
        opened.write(f"{token}\n")
    settle(temporary, path)
