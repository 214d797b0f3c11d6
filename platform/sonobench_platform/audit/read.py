"""Reading the audit log, newest first: which rows, from where on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from sonobench_platform.db.models import AuditRow, ChallengeRow


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows. None: all. `action` is one action, or a noun with a dot (`truth.`) for all of its actions."""

    challenge_id: str | None = None
    action: str | None = None
    actor: str | None = None
    subject: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A row, and the name of the challenge it is about."""

    row: AuditRow
    challenge: str | None


def newest(session: Session, wanted: Wanted, *, limit: int, before: int | None = None) -> list[Found]:
    """Rows with numbers below `before`, the newest first."""
    query = _where(wanted)
    if before is not None:
        query = query.where(AuditRow.number < before)
    return [Found(*each) for each in session.execute(query.order_by(AuditRow.number.desc()).limit(limit))]


def _where(wanted: Wanted) -> Select[AuditRow, str | None]:
    query = select(AuditRow, ChallengeRow.name).outerjoin(ChallengeRow, ChallengeRow.id == AuditRow.challenge_id)
    if wanted.challenge_id is not None:
        query = query.where(AuditRow.challenge_id == wanted.challenge_id)
    if wanted.action is not None:
        named = _plain(wanted.action)
        query = query.where(
            AuditRow.action.startswith(named, autoescape=True) if named.endswith(".") else AuditRow.action == named
        )
    if wanted.actor is not None:
        query = query.where(AuditRow.actor == _plain(wanted.actor))
    if wanted.subject is not None:
        query = query.where(AuditRow.subject == _plain(wanted.subject))
    if wanted.since is not None:
        query = query.where(AuditRow.at >= wanted.since)
    if wanted.until is not None:
        query = query.where(AuditRow.at < wanted.until)
    return query


def _plain(text: str) -> str:
    # PostgreSQL refuses to look for a zero byte, and half a surrogate pair cannot be sent to it.
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
