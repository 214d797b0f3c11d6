"""A new token in the place of one that leaked, or is old: the server's own two, which lie in files."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from sqlalchemy import update

from sonobench_platform.accounts import tokens
from sonobench_platform.accounts.identity import SERVER
from sonobench_platform.accounts.secret_files import keep_private
from sonobench_platform.accounts.tokens import TokenKind
from sonobench_platform.audit.log import record
from sonobench_platform.core import Core
from sonobench_platform.db.models import TokenRow
from sonobench_platform.db.session import Work
from sonobench_platform.domain.ids import new_id


def rotate(core: Core, kind: TokenKind, path: Path, *, old_ends_at: datetime) -> None:
    """Keep a new token in `path`, and have every other one of its kind end at a moment, now or later.

    The file is replaced before the commit: should that fail, the next start registers what is in the file.
    """
    token, now = tokens.mint(kind), core.clock.now()
    with core.database.write() as work:
        _end_others(work, kind, old_ends_at, revoked_at=now if old_ends_at <= now else None)
        row = TokenRow(id=new_id("tok"), kind=kind, sha256=tokens.digest(token), hint=tokens.hint(token), created_at=now)
        work.session.add(row)
        record(core, work, SERVER, "token.rotate", kind, detail={"old_ends_at": old_ends_at.isoformat()})
        keep_private(path, token)


def _end_others(work: Work, kind: TokenKind, at: datetime, *, revoked_at: datetime | None) -> None:
    living = update(TokenRow).where(TokenRow.kind == kind, TokenRow.revoked_at.is_(None))
    work.session.execute(living.values(expires_at=at) if revoked_at is None else living.values(revoked_at=revoked_at))
