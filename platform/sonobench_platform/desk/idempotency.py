"""`Idempotency-Key`: a POST that is sent twice is done once, and answered the same way twice.

The middleware reads the request and catches the answer; access control, once it knows the caller, begins the request
(`admit`); every transaction of the request says as its last word that it is done. So whatever dies in between, either nothing
was done and the request may be sent again, or it is known to be done.
"""

from __future__ import annotations

import hashlib
import re
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime

from fastapi import Request
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sonobench_platform.accounts import sessions
from sonobench_platform.accounts.identity import Identity
from sonobench_platform.core import Core
from sonobench_platform.db.session import LAST_WORD
from sonobench_platform.desk import answers
from sonobench_platform.desk.answers import Answer, Question
from sonobench_platform.domain.errors import Conflict, Refusal, Unprocessable

HEADER = "Idempotency-Key"
MOST_BYTES = 1 << 20
"""Longer answers are not kept; no request that makes something has one."""

_KEY = re.compile(r"[\x21-\x7e]([\x20-\x7e]{0,253}[\x21-\x7e])?")
_KEPT_HEADERS = frozenset({"content-type", "location", "etag", "link"})


@dataclass
class _Attempt:
    """One request with a key, on its way through."""

    key: str
    sha256: str
    core: Core | None = None
    question: Question | None = None
    begun: datetime | None = None
    known: Answer | None = None
    messages: list[Message] = field(default_factory=list)

    def last_word(self, session: Session) -> None:
        if self.core is not None and self.question is not None and self.begun is not None:
            answers.mark_done(session, self.question, self.begun, self.core.clock.now())

    @property
    def answer(self) -> Answer:
        if not self.messages:
            return Answer(500, (), b"")
        start, *parts = self.messages
        named = Headers(raw=list(start["headers"]))
        kept = tuple((name, value) for name, value in named.items() if name in _KEPT_HEADERS)
        return Answer(int(start["status"]), kept, b"".join(each.get("body", b"") for each in parts))


_attempt: ContextVar[_Attempt | None] = ContextVar("attempt", default=None)


class _AnsweredBefore(Refusal):
    """Ends a request whose answer is known; the middleware sends that instead."""


def admit(request: Request, core: Core, identity: Identity) -> None:
    """Begin the caller's request where it carries a key. Called once it is known who asks, and that they may.

    Raises:
        Conflict, Unprocessable: as `answers.begin`.
    """
    attempt = _attempt.get()
    if attempt is None or attempt.question is not None:
        return
    if _KEY.fullmatch(attempt.key) is None:
        raise Unprocessable("bad-idempotency-key", f"{HEADER} has 1 to 255 printable ASCII characters; send a random UUID.")
    question = Question(_name(identity), attempt.key, attempt.sha256, _credential(request, core))
    found = answers.begin(core, question)
    if isinstance(found, Answer):
        attempt.known = found
        raise _AnsweredBefore("answered", "This was answered before.")
    attempt.core, attempt.question, attempt.begun = core, question, found


class Idempotency:
    """Around every POST of the API with a key."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        key = Headers(scope=scope).get(HEADER) if _may_have_key(scope) else None
        if key is None:
            await self._app(scope, receive, send)
            return
        body = await _read(receive)
        attempt = _Attempt(key, _hash(scope, body))
        ours, last_word = _attempt.set(attempt), LAST_WORD.set(attempt.last_word)
        try:
            await self._app(scope, _Again(body, receive), _into(attempt.messages))
        finally:
            _attempt.reset(ours)
            LAST_WORD.reset(last_word)
            await _keep(attempt)
        for message in attempt.messages if attempt.known is None else _said_again(attempt):
            await send(message)


async def _keep(attempt: _Attempt) -> None:
    if attempt.core is None or attempt.question is None or attempt.begun is None:
        return
    answer = attempt.answer
    if len(answer.body) <= MOST_BYTES:
        await run_in_threadpool(answers.keep, attempt.core, attempt.question, attempt.begun, answer)


def _said_again(attempt: _Attempt) -> list[Message]:
    """The answer of before, with the guarding headers that every answer has (they stand around this room)."""
    known = attempt.known
    assert known is not None  # noqa: S101 - asked only then
    headers = [*known.headers, ("idempotency-replayed", "true"), ("content-length", str(len(known.body)))]
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    return [
        {"type": "http.response.start", "status": known.status, "headers": raw},
        {"type": "http.response.body", "body": known.body},
    ]


class _Again:
    """A `receive` that hands out a body that has been read already, then whatever comes next."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._body: bytes | None = body
        self._receive = receive

    async def __call__(self) -> Message:
        if self._body is None:
            return await self._receive()
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}


def _into(messages: list[Message]) -> Send:
    async def send(message: Message) -> None:
        messages.append(message)

    return send


async def _read(receive: Receive) -> bytes:
    # What stands before this room has bounded the body already.
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if message["type"] != "http.request" or not message.get("more_body", False):
            return b"".join(parts)


def _may_have_key(scope: Scope) -> bool:
    return scope["type"] == "http" and scope["method"] == "POST" and str(scope["path"]).startswith("/api/v1/")


def _hash(scope: Scope, body: bytes) -> str:
    asked = hashlib.sha256()
    for part in (scope["path"].encode(), scope["query_string"], body):
        asked.update(len(part).to_bytes(8, "big"))
        asked.update(part)
    return asked.hexdigest()


def _name(identity: Identity) -> str:
    """Whose keys these are: one person's, one team's, or one machine's do not meet."""
    own = identity.person_id or ",".join(sorted(identity.team_ids)) or identity.name
    return f"{identity.kind} {own}"[:100]


def _credential(request: Request, core: Core) -> bytes:
    secret = request.headers.get("authorization") or sessions.cookie_of(request, core.settings)
    if not secret:
        raise Conflict("no-credential", "A request with an Idempotency-Key needs a token or a session.")
    return secret.encode()
