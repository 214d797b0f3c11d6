"""What was sent and what was not, for administrators: whom it went to and what went wrong, never what it said."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from sonobench_platform.accounts.identity import Identity
from sonobench_platform.audit.log import record
from sonobench_platform.core import Core
from sonobench_platform.db.models import NoticeRow
from sonobench_platform.db.session import Work
from sonobench_platform.desk.paging import Place, older
from sonobench_platform.domain.errors import Conflict, NotFound
from sonobench_platform.domain.ids import is_id


class Fate(StrEnum):
    """What became of a notice. `waiting` is both new ones and those that are tried again."""

    WAITING = "waiting"
    SENT = "sent"
    GIVEN_UP = "given_up"


def fate_of(row: NoticeRow) -> Fate:
    if row.sent_at is not None:
        return Fate.SENT
    return Fate.WAITING if row.given_up_at is None else Fate.GIVEN_UP


def newest(session: Session, *, fate: Fate | None, limit: int, after: Place | None = None) -> list[NoticeRow]:
    """Notices, the newest first; of one fate, and older than a place, where given."""
    query = select(NoticeRow).order_by(NoticeRow.created_at.desc(), NoticeRow.id.desc()).limit(limit)
    if fate is not None:
        query = query.where(_WHERE[fate])
    return list(session.scalars(query if after is None else query.where(older(NoticeRow.created_at, NoticeRow.id, after))))


_WHERE: dict[Fate, ColumnElement[bool]] = {
    Fate.WAITING: and_(NoticeRow.sent_at.is_(None), NoticeRow.given_up_at.is_(None)),
    Fate.SENT: NoticeRow.sent_at.is_not(None),
    Fate.GIVEN_UP: NoticeRow.given_up_at.is_not(None),
}


def try_again(core: Core, work: Work, caller: Identity, notice_id: str) -> NoticeRow:
    """Have a notice that was given up, or waits, sent at once.

    Raises:
        NotFound: there is none. Conflict: it was sent.
    """
    row = work.session.get(NoticeRow, notice_id, with_for_update=True) if is_id(notice_id) else None
    if row is None:
        raise NotFound("no-such-notice", "There is no notice of that name.")
    if row.sent_at is not None:
        raise Conflict("notice-sent", f"Notice {row.id} was sent already.")
    row.given_up_at = row.next_try_at = None
    row.tries = 0
    record(core, work, caller, "notice.retry", row.id)
    work.session.flush()
    return row
