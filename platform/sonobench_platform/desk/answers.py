"""Answers to requests with an Idempotency-Key, in the database: begun, done in the very transaction of what was asked, kept.

An answer may hold a token that is shown once, so it is encrypted with a key made of the token (or the session's cookie) that
asked: nothing that the server keeps opens it, and only who sends that token again can be answered again.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import CursorResult, delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from sonobench_platform.core import Core
from sonobench_platform.db.models import AnswerRow
from sonobench_platform.domain.errors import Conflict, Unprocessable

KEPT_FOR = timedelta(hours=24)
LONGEST_REQUEST = timedelta(seconds=60)
"""A request that was begun longer ago than this and did nothing is dead: its server was killed."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request was answered with."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class Question:
    """A request with a key: whose, which, what was asked (a hash), and what only its sender knows."""

    caller: str
    key: str
    sha256: str
    credential: bytes


def begin(core: Core, question: Question) -> datetime | Answer:
    """Begin a request, or find what it was answered with; returns when it was begun, which fences it.

    Raises:
        Conflict: `in-flight`: it is being answered now; `already-done`: it was done, and its answer is lost or another's.
        Unprocessable: `idempotency-key-reused`: the key was used for another request.
    """
    now = core.clock.now()
    try:
        with core.database.write() as work:
            row = work.session.get(AnswerRow, (question.caller, question.key), with_for_update=True, populate_existing=True)
            if row is None:
                # Added, never merged: of two that begin at once, the key lets one in.
                row = AnswerRow(caller=question.caller, key=question.key)
                _set_out(row, question, now)
                work.session.add(row)
                return now
            if row.at <= now - KEPT_FOR:
                _set_out(row, question, now)
                return now
            return _go_on(row, question, now)
    except IntegrityError:
        raise _in_flight() from None


def _go_on(row: AnswerRow, question: Question, now: datetime) -> datetime | Answer:
    if row.request_sha256 != question.sha256:
        detail = "This Idempotency-Key was used for another request; make a new one for every request that is not a repetition."
        raise Unprocessable("idempotency-key-reused", detail)
    if row.status is not None:
        return _unsealed(row, question)
    if row.at > now - LONGEST_REQUEST:
        raise _in_flight()
    if row.done_at is not None:
        raise _done("its answer was lost when the server was stopped")
    _set_out(row, question, now)
    return now


def _set_out(row: AnswerRow, question: Question, now: datetime) -> None:
    row.request_sha256, row.at = question.sha256, now
    row.status = row.sealed = row.done_at = None


def known(core: Core, question: Question) -> Answer | None:
    """What a request was answered with; None where there was no such request, or it is being answered still.

    Raises:
        Conflict: `already-done`: its answer is another's.
    """
    with core.database.read() as session:
        row = session.get(AnswerRow, (question.caller, question.key))
    if row is None or row.status is None or row.request_sha256 != question.sha256:
        return None
    return _unsealed(row, question)


def mark_done(session: Session, question: Question, begun: datetime, now: datetime) -> None:
    """Say, in the transaction of what was asked for, that it is done.

    Raises:
        Conflict: the same request was begun anew meanwhile; this one must not count as well.
    """
    statement = update(AnswerRow).where(*_is(question, begun)).values(done_at=now)
    if cast(CursorResult[Any], session.execute(statement)).rowcount != 1:
        raise Conflict("overtaken", "This request took so long that it was begun anew; nothing was done here. Ask again.")


def keep(core: Core, question: Question, begun: datetime, answer: Answer) -> None:
    """Keep the answer to what was done. What was refused changed nothing: it is forgotten, and may be asked again."""
    with core.database.write() as work:
        row = work.session.get(AnswerRow, (question.caller, question.key), with_for_update=True, populate_existing=True)
        if row is None or row.at != begun:
            return
        if row.done_at is None and not 200 <= answer.status < 300:
            work.session.delete(row)
        elif answer.status < 500:
            row.status, row.sealed = answer.status, _sealed(answer, question)


def forget_old_answers(core: Core) -> int:
    """Remove answers older than a day; returns how many."""
    old = AnswerRow.at <= core.clock.now() - KEPT_FOR
    with core.database.read() as session:
        if session.scalar(select(AnswerRow.key).where(old).limit(1)) is None:
            return 0
    with core.database.write() as work:
        return cast(CursorResult[Any], work.session.execute(delete(AnswerRow).where(old))).rowcount


def _is(question: Question, begun: datetime) -> tuple[Any, ...]:
    return AnswerRow.caller == question.caller, AnswerRow.key == question.key, AnswerRow.at == begun


def _sealed(answer: Answer, question: Question) -> str:
    said = {"headers": answer.headers, "body": base64.b64encode(answer.body).decode()}
    return _box(question).encrypt(json.dumps(said).encode()).decode()


def _unsealed(row: AnswerRow, question: Question) -> Answer:
    try:
        said = json.loads(_box(question).decrypt((row.sealed or "").encode()))
    except InvalidToken:
        raise _done("it was asked with another token, and its answer is for that one alone") from None
    headers = tuple((str(name), str(value)) for name, value in said["headers"])
    return Answer(status=row.status or 200, headers=headers, body=base64.b64decode(said["body"]))


def _box(question: Question) -> Fernet:
    made = HKDF(SHA256(), length=32, salt=None, info=f"sonobench answer {question.key}".encode()).derive(question.credential)
    return Fernet(base64.urlsafe_b64encode(made))


def _in_flight() -> Conflict:
    detail = "A request with this Idempotency-Key is being answered right now; ask again in a moment."
    return Conflict("in-flight", detail, headers={"Retry-After": "1"})


def _done(why: str) -> Conflict:
    return Conflict("already-done", f"This request was done already, but {why}; look at what is there before you ask again.")
