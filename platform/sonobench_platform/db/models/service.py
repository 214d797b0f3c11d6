"""What the service itself keeps: the audit log, what is to be sent to people, answers to repeated requests."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
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
    """Something to be told to somebody, by mail or webhook; a worker sends it and tries again with pauses."""

    __tablename__ = "notices"
    __table_args__ = (Index(None, "sent_at", "next_try_at"),)

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    channel: Mapped[str] = mapped_column(String(16))
    address: Mapped[str] = mapped_column(String(2000))
    webhook_id: Mapped[str | None] = mapped_column(ForeignKey("webhooks.id"))
    event: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(200))
    body: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    tries: Mapped[int]
    next_try_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    given_up_at: Mapped[datetime | None]
    trouble: Mapped[str | None] = mapped_column(Text)


class AnswerRow(Base):
    """The answer to a request that carried an Idempotency-Key, for the same request again."""

    __tablename__ = "idempotent_answers"

    caller: Mapped[str] = mapped_column(String(100), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    request_sha256: Mapped[str] = mapped_column(String(64))
    status: Mapped[int | None]
    headers: Mapped[str | None] = mapped_column(Text)
    body: Mapped[str | None] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(index=True)
