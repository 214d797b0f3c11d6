"""Webhooks: made by organisers for their challenge, by administrators for all; nothing is sent before there is one."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Session

from sonobench_platform.accounts.identity import Identity, Role
from sonobench_platform.audit.log import record
from sonobench_platform.core import Core
from sonobench_platform.db.models import NoticeRow, WebhookRow
from sonobench_platform.db.session import Work
from sonobench_platform.domain.errors import Conflict, NotFound, Unprocessable
from sonobench_platform.domain.ids import is_id, new_id
from sonobench_platform.notices.events import EVENTS, TEST
from sonobench_platform.notices.guard import check_url
from sonobench_platform.notices.outbox import add_message
from sonobench_platform.notices.sending import Refused

MOST = 20
"""Webhooks of one challenge."""


def create(core: Core, work: Work, caller: Identity, *, challenge_id: str | None, url: str, events: Sequence[str]) -> WebhookRow:
    """A new webhook; its secret is in the row, and shown this once.

    Args:
        challenge_id: the challenge whose events it gets; None: every challenge's.
        events: some of `EVENTS`; none named: all of them.

    Raises:
        Unprocessable: the address may not be asked, or an event is none. Conflict: there are too many.
    """
    _check(core, url, events)
    work.take_turns("webhooks")
    if (work.session.scalar(select(func.count()).where(_of(challenge_id))) or 0) >= MOST:
        raise Conflict("too-many-webhooks", f"There are {MOST} webhooks here already; remove one first.")
    row = WebhookRow(id=new_id("hook"), challenge_id=challenge_id, url=url, created_at=core.clock.now())
    row.secret = f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"
    row.events = " ".join(dict.fromkeys(events)) or " ".join(EVENTS)
    work.session.add(row)
    work.session.flush()
    record(core, work, caller, "webhook.create", row.id, challenge_id=challenge_id, detail={"url": url, "events": row.events})
    return row


def everything(session: Session, challenge_id: str | None) -> list[WebhookRow]:
    """The webhooks of a challenge, or those of all challenges, oldest first."""
    return list(session.scalars(select(WebhookRow).where(_of(challenge_id)).order_by(WebhookRow.created_at, WebhookRow.id)))


def get(session: Session, caller: Identity, webhook_id: str) -> WebhookRow:
    """A webhook that is the caller's to look after.

    Raises:
        NotFound: there is none, or others look after it.
    """
    row = session.get(WebhookRow, webhook_id) if is_id(webhook_id) else None
    if row is None or not _may(caller, row):
        raise NotFound("no-such-webhook", "There is no webhook of that name, or it is not yours.")
    return row


def remove(core: Core, work: Work, caller: Identity, webhook_id: str) -> None:
    """Remove a webhook with its messages; what was not sent yet never will be.

    Raises:
        NotFound: as `get`.
    """
    row = get(work.session, caller, webhook_id)
    record(core, work, caller, "webhook.remove", row.id, challenge_id=row.challenge_id, detail={"url": row.url})
    work.session.execute(delete(NoticeRow).where(NoticeRow.webhook_id == row.id))
    work.session.delete(row)
    work.session.flush()


def send_test(core: Core, work: Work, caller: Identity, webhook_id: str) -> NoticeRow:
    """Have a message sent that says nothing but that it is a test.

    Raises:
        NotFound: as `get`. Conflict: the webhook is switched off.
    """
    row = get(work.session, caller, webhook_id)
    if row.disabled_at is not None:
        raise Conflict("webhook-off", "This webhook is off: its address answered 410. Remove it, and make a new one.")
    return add_message(work, row, TEST, {"webhook": row.id}, at=core.clock.now())


def deliveries(session: Session, webhook: WebhookRow, *, limit: int) -> list[NoticeRow]:
    """The newest messages to a webhook."""
    query = select(NoticeRow).where(NoticeRow.webhook_id == webhook.id)
    return list(session.scalars(query.order_by(NoticeRow.created_at.desc(), NoticeRow.id.desc()).limit(limit)))


def _check(core: Core, url: str, events: Sequence[str]) -> None:
    try:
        check_url(core.settings, url)
    except Refused as error:
        raise Unprocessable("bad-webhook-address", f"This webhook cannot be made: {error}.") from None
    if unknown := sorted(set(events) - set(EVENTS)):
        raise Unprocessable("no-such-event", f"There is no event {unknown[0]!r}; there are: {', '.join(EVENTS)}.")


def _of(challenge_id: str | None) -> ColumnElement[bool]:
    return WebhookRow.challenge_id.is_(None) if challenge_id is None else WebhookRow.challenge_id == challenge_id


def _may(caller: Identity, row: WebhookRow) -> bool:
    return Role.ADMINISTRATOR in caller.roles if row.challenge_id is None else caller.may_organise(row.challenge_id)
