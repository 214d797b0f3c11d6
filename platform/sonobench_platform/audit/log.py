"""The audit log: who did what, and every read of hidden labels, in a chain that shows what was changed, removed or moved.

Each row's hash is over its own words and the hash before it. Rows are numbered without gaps, written in the transaction of
what they tell, and never changed: the database refuses it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from sonobench_platform.accounts.identity import Identity
from sonobench_platform.core import Core
from sonobench_platform.db.models import AuditRow
from sonobench_platform.db.session import Work

BEGINNING = "0" * 64
"""What the first row has before it."""


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
) -> AuditRow:
    """Add one row, in the transaction of what it tells.

    Args:
        action: what was done, as `noun.verb`: `challenge.apply`, `truth.read`, `entry.approve`.
        subject: what it was done to: an id, or a name.
        detail: what else is to be known; JSON, without secrets.
    """
    work.take_turns("audit")
    last = work.session.scalar(select(AuditRow).order_by(AuditRow.number.desc()).limit(1))
    row = AuditRow(
        number=1 if last is None else last.number + 1,
        at=core.clock.now(),
        actor=caller.name[:100],
        action=action,
        subject=subject[:200],
        challenge_id=challenge_id,
        detail=json.dumps(detail or {}, sort_keys=True, ensure_ascii=False),
        reason=reason,
        previous=BEGINNING if last is None else last.hash,
    )
    row.hash = hash_of(row)
    work.session.add(row)
    work.session.flush()
    return row


def hash_of(row: AuditRow) -> str:
    """SHA-256 over everything in a row but its own hash."""
    words = [
        row.number,
        _moment(row.at),
        row.actor,
        row.action,
        row.subject,
        row.challenge_id,
        row.detail,
        row.reason,
        row.previous,
    ]
    return hashlib.sha256(json.dumps(words, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")
