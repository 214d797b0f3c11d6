"""The audit log: who did what, and every read of hidden labels, in a chain that shows what was changed, removed or moved.

Each row's hash is over its own words and the hash before it. Rows are numbered without gaps, written in the transaction of
what they tell, and never changed: the database refuses it. They are written as the last thing before the commit, so that
nobody who holds the end of the chain waits for anything else.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from sonobench_platform.accounts.identity import Identity
from sonobench_platform.core import Core
from sonobench_platform.db.models import AuditRow
from sonobench_platform.db.session import Work

BEGINNING = "0" * 64
"""What the first row has before it."""

# PostgreSQL keeps no zero byte, and half a surrogate pair is no UTF-8.
_NOT_KEPT = re.compile("[\0\ud800-\udfff]")


class Chained(Protocol):
    """A row of the log, from the database or made for it."""

    @property
    def number(self) -> int: ...
    @property
    def at(self) -> datetime: ...
    @property
    def actor(self) -> str: ...
    @property
    def action(self) -> str: ...
    @property
    def subject(self) -> str: ...
    @property
    def challenge_id(self) -> str | None: ...
    @property
    def detail(self) -> str: ...
    @property
    def reason(self) -> str | None: ...
    @property
    def previous(self) -> str: ...


@dataclass(frozen=True, slots=True)
class _Words:
    number: int
    at: datetime
    actor: str
    action: str
    subject: str
    challenge_id: str | None
    detail: str
    reason: str | None
    previous: str


def record(
    core: Core,
    work: Work,
    caller: Identity,
    action: str,
    subject: str,
    *,
    challenge_id: str | None = None,
    detail: Mapping[str, Any] | None = None,
    reason: str | None = None,
) -> None:
    """Add one row, in the transaction of what it tells; it gets its number just before the commit.

    Args:
        action: what was done, as `noun.verb`: `challenge.apply`, `truth.read`, `entry.approve`; at most 64 characters.
        subject: what it was done to: an id, or a name.
        detail: what else is to be known; JSON, without secrets.

    Raises:
        ValueError: the detail holds NaN or infinity, or the action is too long.
    """
    if len(action) > 64:
        raise ValueError(f"{action!r} is too long for an action's name")
    at = core.clock.now()
    actor, named = _kept(caller.name)[:100], _kept(subject)[:200]
    told = _kept(json.dumps(detail or {}, sort_keys=True, ensure_ascii=False, allow_nan=False))
    why = None if reason is None else _kept(reason)

    def append() -> None:
        work.take_turns("audit")
        last = _last(work.session)
        number, previous = (1, BEGINNING) if last is None else (last.number + 1, last.hash)
        words = _Words(number, at, actor, action, named, challenge_id, told, why, previous)
        # A statement of its own, not an object of the session: a flush would choose its own order.
        work.session.execute(insert(AuditRow).values(hash=hash_of(words), **{name: getattr(words, name) for name in _NAMES}))

    work.before_commit(append)


_NAMES = tuple(_Words.__dataclass_fields__)


def head(session: Session) -> str | None:
    """The hash of the last row that is committed; None while the log is empty.

    Whoever keeps it elsewhere can tell later that nothing before it was changed, nor cut off.
    """
    last = _last(session)
    return None if last is None else last.hash


def hash_of(row: Chained) -> str:
    """SHA-256 over everything in a row but its own hash: the same on every database, to the microsecond."""
    words = [
        row.number,
        row.at.astimezone(UTC).isoformat(timespec="microseconds"),
        row.actor,
        row.action,
        row.subject,
        row.challenge_id,
        row.detail,
        row.reason,
        row.previous,
    ]
    return hashlib.sha256(json.dumps(words, separators=(",", ":")).encode()).hexdigest()


def _last(session: Session) -> Any:
    return session.execute(select(AuditRow.number, AuditRow.hash).order_by(AuditRow.number.desc()).limit(1)).one_or_none()


def _kept(text: str) -> str:
    return _NOT_KEPT.sub("\ufffd", text)
