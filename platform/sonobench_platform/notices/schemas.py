"""Webhooks and notices over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from sonobench_platform.db.models import NoticeRow, WebhookRow
from sonobench_platform.notices.events import EVENTS
from sonobench_platform.notices.ledger import Fate, fate_of


class NewWebhook(BaseModel):
    model_config = ConfigDict(extra="forbid")

    url: Annotated[str, Field(min_length=1, max_length=2000, description="Where to; `https://`, a public address.")]
    events: Annotated[
        list[Annotated[str, Field(max_length=64)]],
        Field(max_length=50, description=f"Of these: {', '.join(f'`{each}`' for each in EVENTS)}. None named: all."),
    ] = []


class Webhook(BaseModel):
    """An address that is told what happens."""

    id: str
    url: str
    events: list[str]
    created_at: datetime
    disabled_at: Annotated[datetime | None, Field(description="Set once the address answered 410: nothing is sent any more.")]


class WebhookWithSecret(Webhook):
    secret: Annotated[str, Field(description="`whsec_...`, for verifying by Standard Webhooks. It is shown this once.")]


class Webhooks(BaseModel):
    items: list[Webhook]


class Delivery(BaseModel):
    """A message to a webhook, or a mail: when, what of, and what became of it. What it said is not shown."""

    id: Annotated[str, Field(description="Of a webhook's message: its `webhook-id`.")]
    event: str
    fate: Fate
    created_at: datetime
    tries: int
    next_try_at: datetime | None
    sent_at: datetime | None
    given_up_at: datetime | None
    trouble: Annotated[str | None, Field(description="What went wrong the last time.")]


class Deliveries(BaseModel):
    items: list[Delivery]


class Notice(Delivery):
    channel: Annotated[str, Field(description="`mail` or `webhook`.")]
    to: Annotated[str, Field(description="The mail address, or the webhook's.")]
    subject: str


class Notices(BaseModel):
    items: list[Notice]
    next: Annotated[str | None, Field(description="Where older ones are; null on the last page.")]


class MailChoice(BaseModel):
    """Whether you get mails about what happens in your challenges. Mails that you ask for come always."""

    model_config = ConfigDict(extra="forbid")

    mail: bool


def webhook_of(row: WebhookRow) -> Webhook:
    return Webhook(id=row.id, url=row.url, events=row.events.split(), created_at=row.created_at, disabled_at=row.disabled_at)


def webhook_with_secret(row: WebhookRow) -> WebhookWithSecret:
    return WebhookWithSecret(**webhook_of(row).model_dump(), secret=row.secret)


def delivery_of(row: NoticeRow) -> Delivery:
    return Delivery(
        id=row.id,
        event=row.event,
        fate=fate_of(row),
        created_at=row.created_at,
        tries=row.tries,
        next_try_at=row.next_try_at,
        sent_at=row.sent_at,
        given_up_at=row.given_up_at,
        trouble=row.trouble,
    )


def notice_of(row: NoticeRow) -> Notice:
    return Notice(**delivery_of(row).model_dump(), channel=row.channel, to=row.address, subject=row.subject)
