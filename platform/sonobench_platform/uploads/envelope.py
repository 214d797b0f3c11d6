"""What stands around the upload routes: clients that can only POST say which method they mean, and every answer names tus."""

from __future__ import annotations

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sonobench_platform.uploads.headers import VERSION

_PREFIX = "/api/v1/uploads"
_MEANT = frozenset({"PATCH", "DELETE", "HEAD"})


class TusEnvelope:
    """For paths of uploads alone. Stands before whatever looks at a request's method."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not (scope["path"] == _PREFIX or scope["path"].startswith(f"{_PREFIX}/")):
            await self._app(scope, receive, send)
            return
        method = _method(scope)

        async def with_version(message: Message) -> None:
            if message["type"] == "http.response.start" and method != "OPTIONS":
                MutableHeaders(scope=message).setdefault("Tus-Resumable", VERSION)
            await send(message)

        await self._app({**scope, "method": method}, receive, with_version)


def _method(scope: Scope) -> str:
    """The method that is meant: a POST may stand for another one."""
    meant = Headers(scope=scope).get("x-http-method-override", "").upper()
    return meant if scope["method"] == "POST" and meant in _MEANT else str(scope["method"])
