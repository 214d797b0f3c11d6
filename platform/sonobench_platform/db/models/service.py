"""What the service itself keeps: the audit log, what is to be sent to people, answers to repeated requests."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Boolean, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from sonobench_platform.db.models.base import ID, ROW_NUMBER, Base


class AuditRow(Base):
    """Who did what, in a chain: `hash` is over this row and `previous`. Only ever added; numbers have no gaps."""

    __tablename__ = "audit_log"
    __table_args__ = (Index(None, "challenge_id", "number"), Index(None, "action", "number"))

    number: Mapped[int] = mapped_column(ROW_NUMBER, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(100))
    action: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(200))
    challenge_id: Mapped[str | None] = mapped_column(ID)
    detail: Mapped[str] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class WebhookRow(Base):
    """An address that is told what happens in a challenge, or everywhere; its secret signs what is sent."""

    __tablename__ = "webhooks"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    challenge_id: Mapped[str | None] = mapped_column(ForeignKey("challenges.id"), index=True)
    url: Mapped[str] = mapped_column(String(2000))
    secret: Mapped[str] = mapped_column(String(100))
    events: Mapped[str] = mapped_column(String(500))
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]


class NoticeRow(Base):
    """Something to be told to somebody, by mail or webhook; a worker sends it and tries again with pauses.

    `once` is what makes a second notice of the same thing to the same person impossible. `body` is emptied once it is sent:
    it may hold a link that is a secret.
    """

    __tablename__ = "notices"
    __table_args__ = (Index(None, "sent_at", "next_try_at"), Index(None, "created_at", "id"))

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    channel: Mapped[str] = mapped_column(String(16))
    address: Mapped[str] = mapped_column(String(2000))
    webhook_id: Mapped[str | None] = mapped_column(ForeignKey("webhooks.id"), index=True)
    event: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    tries: Mapped[int]
    next_try_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    given_up_at: Mapped[datetime | None]
    trouble: Mapped[str | None] = mapped_column(Text)
    once: Mapped[str | None] = mapped_column(String(200), unique=True)


class MailChoiceRow(Base):
    """A person's choice of mails about what happens; without a row they get them. Mails they ask for come always."""

    __tablename__ = "mail_choices"

    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), primary_key=True)
    wants_mail: Mapped[bool] = mapped_column(Boolean)


class AnswerRow(Base):
    """The answer to a request that carried an Idempotency-Key, for the same request again.

    `at` is when it was begun, and fences it: who began earlier can commit nothing any more. `done_at` is set in the very
    transaction of what was asked for; `status` and `sealed` once it was answered. `sealed` is the answer, encrypted with the
    token that asked: an answer may hold a secret that is shown once.
    """

    __tablename__ = "idempotent_answers"

    caller: Mapped[str] = mapped_column(String(100), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    request_sha256: Mapped[str] = mapped_column(String(64))
    status: Mapped[int | None]
    sealed: Mapped[str | None] = mapped_column(Text)
    done_at: Mapped[datetime | None]
    at: Mapped[datetime] = mapped_column(index=True)


class PresenceRow(Base):
    """When a part of the service, as `api`, last said that it is there: what is silent meanwhile is not to blame."""

    __tablename__ = "presence"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    seen_at: Mapped[datetime]
