"""Sending what is due. Each notice is taken by one worker at a time (compare-and-set), tried again with growing pauses, and
given up after a day: administrators see what and why.

A worker that dies between sending and noting it sends it again: mails and messages keep their id, by which receivers know them.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, and_, delete, or_, select, update

from sonobench_platform.core import Core
from sonobench_platform.db.models import NoticeRow, WebhookRow
from sonobench_platform.notices.courier import Message, send_message
from sonobench_platform.notices.letters import Letter
from sonobench_platform.notices.outbox import MAIL
from sonobench_platform.notices.postman import send_mail
from sonobench_platform.notices.sending import Gone, Refused, TryLater, Unreachable

log = logging.getLogger(__name__)

MOST_TRIES = 9
_FIRST_PAUSE = timedelta(seconds=30)
_LONGEST_PAUSE = timedelta(hours=6)
_TAKEN_FOR = timedelta(minutes=2)
"""Longer than any sending takes: after that, its worker is dead."""
_AT_A_TIME = 50
ROUND_S = 20.0
KEPT_FOR = timedelta(days=30)

Postman = Callable[[Core, Letter], None]
Courier = Callable[[Core, Message], None]


@dataclass(frozen=True, slots=True)
class Round:
    """What a round did: ids of notices."""

    sent: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    given_up: tuple[str, ...] = ()


def _post(core: Core, letter: Letter) -> None:
    send_mail(core.settings, letter)


def _carry(core: Core, message: Message) -> None:
    send_message(core.settings, message, at=core.clock.now())


def deliver_due(core: Core, *, postman: Postman = _post, courier: Courier = _carry) -> Round:
    """Send what is due, for at most about 20 seconds. Harmless in several processes at once."""
    sent, failed, given_up = list[str](), list[str](), list[str]()
    away = set[str]()
    until = time.monotonic() + ROUND_S
    for notice_id in _due(core):
        if time.monotonic() > until:
            break
        taken = _take(core, notice_id, away)
        if taken is None:
            continue
        try:
            _send(core, taken, postman, courier)
        except Refused as error:
            _give_up(core, taken, error)
            given_up.append(notice_id)
        except TryLater as error:
            if isinstance(error, Unreachable):
                away.add(_place(taken.row))
            (failed if _put_off(core, taken, str(error)) else given_up).append(notice_id)
        else:
            _note_sent(core, taken)
            sent.append(notice_id)
    return Round(tuple(sent), tuple(failed), tuple(given_up))


def pause_after(tries: int) -> timedelta:
    """How long to wait after this many tries: 30 s, then four times as long each time, at most 6 hours."""
    return min(_LONGEST_PAUSE, _FIRST_PAUSE * int(4 ** min(max(tries - 1, 0), 10)))


def forget_old_notices(core: Core) -> int:
    """Remove notices that were sent or given up a month ago; returns how many."""
    before = core.clock.now() - KEPT_FOR
    old = or_(NoticeRow.sent_at <= before, NoticeRow.given_up_at <= before)
    with core.database.read() as session:
        if session.scalar(select(NoticeRow.id).where(old).limit(1)) is None:
            return 0
    with core.database.write() as work:
        return cast(CursorResult[Any], work.session.execute(delete(NoticeRow).where(old))).rowcount


@dataclass(frozen=True, slots=True)
class _Taken:
    row: NoticeRow
    hook: WebhookRow | None


def is_due(now: datetime) -> ColumnElement[bool]:
    """Which notices are to be sent now."""
    return and_(
        NoticeRow.sent_at.is_(None),
        NoticeRow.given_up_at.is_(None),
        or_(NoticeRow.next_try_at.is_(None), NoticeRow.next_try_at <= now),
    )


def _due(core: Core) -> list[str]:
    with core.database.read() as session:
        query = select(NoticeRow.id).where(is_due(core.clock.now())).order_by(NoticeRow.created_at, NoticeRow.id)
        return list(session.scalars(query.limit(_AT_A_TIME)))


def _take(core: Core, notice_id: str, away: set[str]) -> _Taken | None:
    """Take a notice for this worker; None where another has it, or its place does not answer."""
    now = core.clock.now()
    with core.database.write() as work:
        row = work.session.get(NoticeRow, notice_id)
        if row is None or _place(row) in away:
            return None
        statement = (
            update(NoticeRow)
            .where(NoticeRow.id == notice_id, NoticeRow.tries == row.tries, is_due(now))
            .values(tries=row.tries + 1, next_try_at=now + _TAKEN_FOR)
            .execution_options(synchronize_session=False)
        )
        if cast(CursorResult[Any], work.session.execute(statement)).rowcount != 1:
            return None
        work.session.refresh(row)
        return _Taken(row, None if row.webhook_id is None else work.session.get(WebhookRow, row.webhook_id))


def _send(core: Core, taken: _Taken, postman: Postman, courier: Courier) -> None:
    row, hook = taken.row, taken.hook
    if row.channel == MAIL:
        postman(core, Letter(row.id, row.address, row.subject, row.body, row.event, row.created_at))
    elif hook is None or hook.disabled_at is not None:
        raise Refused("its webhook was removed")
    else:
        courier(core, Message(row.id, hook.url, hook.secret, row.body))


def _place(row: NoticeRow) -> str:
    return MAIL if row.channel == MAIL else row.address


def _note_sent(core: Core, taken: _Taken) -> None:
    values: dict[str, Any] = {"sent_at": core.clock.now(), "next_try_at": None, "trouble": None}
    _note(core, taken, values | ({"body": ""} if taken.row.channel == MAIL else {}))


def _put_off(core: Core, taken: _Taken, trouble: str) -> bool:
    """Have it tried again later; False where it was tried often enough, and is given up."""
    if taken.row.tries >= MOST_TRIES:
        _give_up(core, taken, Refused(trouble))
        return False
    _note(core, taken, {"trouble": trouble, "next_try_at": core.clock.now() + pause_after(taken.row.tries)})
    return True


def _give_up(core: Core, taken: _Taken, error: Refused) -> None:
    log.error("notice %s (%s) is given up after %d tries: %s", taken.row.id, taken.row.event, taken.row.tries, error)
    _note(core, taken, {"trouble": str(error), "given_up_at": core.clock.now(), "next_try_at": None})
    if isinstance(error, Gone) and taken.hook is not None:
        with core.database.write() as work:
            gone = update(WebhookRow).where(WebhookRow.id == taken.hook.id, WebhookRow.disabled_at.is_(None))
            work.session.execute(gone.values(disabled_at=core.clock.now()))


def _note(core: Core, taken: _Taken, values: dict[str, Any]) -> None:
    # Only as long as it is still this worker's: one that was away for minutes must not undo what another did.
    mine = and_(NoticeRow.id == taken.row.id, NoticeRow.tries == taken.row.tries, NoticeRow.sent_at.is_(None))
    with core.database.write() as work:
        work.session.execute(update(NoticeRow).where(mine).values(values))
