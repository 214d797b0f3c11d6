"""What is to be told: written in the transaction of what happened, sent by a worker afterwards (`deliver.py`).

A mail goes to a person, a webhook's message to an address that organisers named. Neither holds a score or anything hidden.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime

from pydantic import JsonValue
from sqlalchemy import or_, select

from sonobench_platform.core import Core
from sonobench_platform.db.models import ChallengeRow, NoticeRow, WebhookRow
from sonobench_platform.db.session import Work
from sonobench_platform.domain.ids import new_id

MAIL, WEBHOOK = "mail", "webhook"


def mail(core: Core, work: Work, *, to: str, event: str, subject: str, text: str) -> NoticeRow:
    """Have a mail sent once this transaction is committed; where no mail server is set, it goes to the log.

    Args:
        event: what it tells, as `noun.verb`: `team.invited`, `account.reset`.
    """
    return add_mail(work, to=to, event=event, subject=subject, text=text, at=core.clock.now())


def add_mail(work: Work, *, to: str, event: str, subject: str, text: str, at: datetime, once: str | None = None) -> NoticeRow:
    """As `mail`, for rooms without a core. `once` names what must not be told to the same person twice: ask `told` before."""
    row = NoticeRow(id=new_id("note"), channel=MAIL, address=to, event=event, body=text, tries=0, created_at=at, once=once)
    row.subject = subject if len(subject) <= 200 else f"{subject[:199]}…"
    work.session.add(row)
    work.session.flush()
    return row


def post(
    work: Work, event: str, data: Mapping[str, JsonValue], *, challenge_id: str, at: datetime, once: str | None = None
) -> int:
    """Tell every webhook that wants this event, of the challenge and of all challenges; returns how many.

    Args:
        event: one of `events.EVENTS`.
        data: what the message says, beside the challenge's name; nothing hidden, for it leaves this machine.
        once: names what must not be told to the same webhook twice.
    """
    query = select(WebhookRow).where(
        WebhookRow.disabled_at.is_(None), or_(WebhookRow.challenge_id == challenge_id, WebhookRow.challenge_id.is_(None))
    )
    hooks = [hook for hook in work.session.scalars(query) if event in hook.events.split()]
    if not hooks:
        return 0
    said = {"challenge": work.session.get_one(ChallengeRow, challenge_id).name, **data}
    keys = {hook.id: None if once is None else f"{once} {hook.id}" for hook in hooks}
    for hook in hooks:
        if (key := keys[hook.id]) is None or not told(work, key):
            add_message(work, hook, event, said, at=at, once=key)
    return len(hooks)


def add_message(
    work: Work, hook: WebhookRow, event: str, data: Mapping[str, JsonValue], *, at: datetime, once: str | None = None
) -> NoticeRow:
    """One message to one webhook, in the form of Standard Webhooks: type, timestamp, data."""
    moment = at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    body = json.dumps({"type": event, "timestamp": moment, "data": dict(data)}, ensure_ascii=False, allow_nan=False)
    row = NoticeRow(id=new_id("note"), channel=WEBHOOK, address=hook.url, webhook_id=hook.id, event=event, subject=event)
    row.body, row.tries, row.created_at, row.once = body, 0, at, once
    work.session.add(row)
    work.session.flush()
    return row


def told(work: Work, once: str) -> bool:
    """Whether this was told already; the caller holds a lock under which it is told."""
    return work.session.scalar(select(NoticeRow.id).where(NoticeRow.once == once)) is not None
