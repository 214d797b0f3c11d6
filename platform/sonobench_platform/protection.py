"""What stands before every route: headers for browsers, a size limit, plain paths, and HEAD for whatever answers GET."""

from __future__ import annotations

import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sonobench_platform.problems import problem_response

# These stream to disk, with limits of their own.
_STREAMED = re.compile(
    r"PUT /(api/v1/submissions/[^/]+/image|internal/v1/runs/[^/]+/results)|PATCH /api/v1/uploads/[^/]+"
    r"|POST /portal/challenges/[^/]+/upload"
)
# HEAD there is a question of its own (tus), not GET without a body.
_OWN_HEAD = re.compile(r"/api/v1/uploads/[^/]+")
MAX_BODY_BYTES = 4 << 20

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)

_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class SecurityHeaders:
    """Adds the headers to every response; what a route set itself stays. API answers are not cached unless it says so."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self._app = app
        self._headers = dict(_HEADERS)
        if https:
            self._headers["Strict-Transport-Security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                if scope["path"].startswith(("/api/", "/internal/")):
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, with_headers)


class BodyLimit:
    """Reads a request's body up to a limit before the route sees it; refuses a longer one with 413."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _is_streamed(scope) or not _has_body(Headers(scope=scope)):
            await self._app(scope, receive, send)
            return
        body = await _read(receive)
        if body is None:
            detail = f"The body is larger than {MAX_BODY_BYTES:,} bytes."
            response = problem_response(Request(scope), 413, code="body-too-large", detail=detail)
            await response(scope, receive, send)
            return
        await self._app(scope, _Replay(body, receive), send)


class PlainPaths:
    """Answers 404 for paths with control characters: nothing has such a name, and PostgreSQL refuses to look for one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and any(character < " " for character in scope["path"]):
            response = problem_response(Request(scope), 404, code="not-found", detail="There is nothing at this address.")
            await response(scope, receive, send)
            return
        await self._app(scope, receive, send)


class HeadAsGet:
    """Answers HEAD as GET without the body (RFC 9110, 9.3.2): link checkers and proxies ask that way."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD" or _OWN_HEAD.fullmatch(scope["path"]):
            await self._app(scope, receive, send)
            return

        async def without_body(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        await self._app({**scope, "method": "GET"}, receive, without_body)


class _Replay:
    """A `receive` that hands out a body that has been read already, then whatever comes next."""

    def __init__(self, first: list[Message], receive: Receive) -> None:
        self._first = first
        self._receive = receive

    async def __call__(self) -> Message:
        return self._first.pop(0) if self._first else await self._receive()


def _is_streamed(scope: Scope) -> bool:
    return _STREAMED.fullmatch(f"{scope['method']} {scope['path']}") is not None


def _has_body(headers: Headers) -> bool:
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers


async def _read(receive: Receive) -> list[Message] | None:
    """The messages of a body, or None where it is too long."""
    messages, size = [], 0
    while True:
        message = await receive()
        messages.append(message)
        size += len(message.get("body", b""))
        if size > MAX_BODY_BYTES:
            return None
        if message["type"] != "http.request" or not message.get("more_body", False):
            return messages
