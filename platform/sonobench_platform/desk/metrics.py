"""Prometheus metrics: what the database says (`desk/facts.py`), and what this process answered, by route and how long it took.

Nobody outside needs them: they are shown to this machine, or to whoever holds the token of SONOBENCH_METRICS_TOKEN_FILE.
"""

from __future__ import annotations

import hmac
import ipaddress
import time
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from fastapi import Request
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sonobench_eval import __version__
from sonobench_platform.config import Settings
from sonobench_platform.core import Core
from sonobench_platform.desk.facts import Facts

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
LATENCY_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60)

_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
_NO_ROUTE = "none"
_GO_ON = frozenset({"/submissions/{submission_id}/events"})
"""Answers that last for as long as somebody looks on: how long says nothing of how quick the server is."""
_FORWARDED = ("x-forwarded-for", "forwarded", "x-real-ip")


class Metrics:
    """What one application measures of itself, beside what its database says."""

    def __init__(self, core: Core) -> None:
        self.registry = CollectorRegistry()
        build = Gauge("sonobench_build_info", "Always 1; the label says which version.", ["version"], registry=self.registry)
        build.labels(__version__).set(1)
        self._latency = Histogram(
            "sonobench_http_request_duration_seconds",
            "Answered requests by route.",
            ["method", "route", "status"],
            buckets=LATENCY_BUCKETS_S,
            registry=self.registry,
        )
        self._received = Counter(
            "sonobench_http_received_bytes", "Bytes of requests' bodies, by route.", ["route"], registry=self.registry
        )
        self.registry.register(Facts(core))

    def count(self, scope: Scope, *, status: int, received_bytes: int, took_s: float) -> None:
        """One request that was answered. Names come from routes and a fixed list: no caller can invent a new series."""
        method = scope["method"] if scope["method"] in _METHODS else "other"
        route = getattr(scope.get("route"), "path", _NO_ROUTE)
        if status != HTTPStatus.OK or route not in _GO_ON:
            self._latency.labels(method, route, str(status)).observe(took_s)
        self._received.labels(route).inc(received_bytes)

    def text(self) -> bytes:
        return generate_latest(self.registry)


class Measured:
    """Measures what passes: the outermost layer, so that refusals of the others are counted too."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        seen = {"status": 500, "bytes": 0}
        started = time.monotonic()

        async def counted() -> Message:
            message = await receive()
            seen["bytes"] += len(message.get("body", b""))
            return message

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen["status"] = message["status"]
            await send(message)

        try:
            await self._app(scope, counted, noted)
        finally:
            took_s = time.monotonic() - started
            self._metrics.count(scope, status=seen["status"], received_bytes=seen["bytes"], took_s=took_s)


def may_read(request: Request, settings: Settings) -> bool:
    """With a token file, whoever sends its token; without one, whoever asks from this machine, and not through a proxy."""
    if settings.metrics_token_file is None:
        return _is_local(request.client) and not any(name in request.headers for name in _FORWARDED)
    try:
        token = settings.metrics_token_file.read_text().strip()
    except OSError:
        return False
    given = request.headers.get("authorization", "").removeprefix("Bearer ").strip()
    return bool(token) and hmac.compare_digest(given.encode(), token.encode())


def _is_local(client: Any) -> bool:
    if client is None:
        return False
    try:
        return ipaddress.ip_address(client.host).is_loopback
    except ValueError:
        return False


def names(registry: CollectorRegistry) -> Iterable[str]:
    """Every series' name as Prometheus stores it, `_bucket`, `_sum` and `_total` included."""
    return {sample.name for family in registry.collect() for sample in family.samples}
