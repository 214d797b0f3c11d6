"""How often one may ask. Over a limit: 429, with when to ask again.

Requests count by who asks (all tokens and browsers of a person together, all tokens of a team), by address where nobody
said. Signing in counts by account and address together, so that a stranger cannot lock somebody out from afar; by account
alone, more generously, against a crowd; and by address.
"""

from __future__ import annotations

import hashlib
import re
from typing import NamedTuple

from fastapi import Request
from limits import RateLimitItem, RateLimitItemPerSecond

from sonobench_platform.accounts.client_address import client_address
from sonobench_platform.accounts.identity import Identity
from sonobench_platform.accounts.rate_store import RateStore
from sonobench_platform.accounts.tokens import TokenKind
from sonobench_platform.config import Settings
from sonobench_platform.domain.errors import TooMany

_VISITORS_SHARE = 10
"""Visitors without a token share an address more often than a token: a hall of listeners is one."""

# Bytes on their way are limited by how many may be on their way. Opening an upload brings none.
_BYTES = re.compile(r"PUT /api/v1/submissions/[^/]+/image|PATCH /api/v1/uploads/[^/]+")


class Rate(NamedTuple):
    """At most `amount` in any `per_s` seconds."""

    name: str
    amount: int
    per_s: int


SIGN_IN_HERE = Rate("sign-in-here", 10, 15 * 60)
SIGN_IN_ACCOUNT = Rate("sign-in-account", 50, 60 * 60)
SIGN_IN_ADDRESS = Rate("sign-in-address", 100, 60 * 60)
MAIL_ACCOUNT = Rate("mail-account", 5, 60 * 60)
MAIL_ADDRESS = Rate("mail-address", 30, 60 * 60)
LINK_ADDRESS = Rate("link-address", 60, 60 * 60)
PROVIDER_ADDRESS = Rate("provider-address", 100, 60 * 60)
TOLD_ONCE = Rate("told-once", 1, 60 * 60)


class RateLimits:
    """The limits of one process; they are shared with others where they share a Redis."""

    def __init__(self, settings: Settings) -> None:
        self._store = RateStore(settings.broker_url)
        self._trusted = settings.trusted_proxies
        self._items: dict[Rate, RateLimitItem] = {}
        self._reads = Rate("reads", settings.requests_per_minute, 60)
        self._visits = Rate("visits", settings.requests_per_minute * _VISITORS_SHARE, 60)
        self._writes = Rate("writes", settings.writes_per_minute, 60)
        self._node = Rate("node", settings.node_requests_per_minute, 60)

    def address(self, request: Request) -> str:
        """Whose address a request comes from."""
        return client_address(request, self._trusted)

    def count_visit(self, request: Request) -> None:
        """Count a request of nobody in particular. Raises TooMany."""
        self.take(self._visits, self.address(request))

    def count_request(self, request: Request, caller: Identity) -> None:
        """Count a request of somebody who is known. Raises TooMany."""
        if caller.kind == TokenKind.NODE:
            self.take(self._node, self.address(request))
            return
        if _BYTES.fullmatch(f"{request.method} {request.url.path}"):
            return
        self.take(self._reads if request.method in {"GET", "HEAD", "OPTIONS"} else self._writes, _key(caller))

    def take(self, rate: Rate, *keys: str) -> None:
        """Count one more. Raises TooMany where there is no room, with the seconds to wait."""
        if not self.has_room(rate, *keys):
            wait_s = self._store.wait_s(self._item(rate), "/".join(keys))
            detail = f"That is too often; at most {rate.amount:,} in {_span(rate.per_s)}. Ask again in {wait_s} seconds."
            raise TooMany("too-often", detail, headers={"Retry-After": str(wait_s)})

    def has_room(self, rate: Rate, *keys: str) -> bool:
        """Count one more; False, and not counted, where there is no room. A rate of 0 is none."""
        return rate.amount == 0 or self._store.hit(self._item(rate), "/".join(keys))

    def _item(self, rate: Rate) -> RateLimitItem:
        if rate not in self._items:
            self._items[rate] = RateLimitItemPerSecond(rate.amount, rate.per_s, namespace=rate.name)
        return self._items[rate]


def account_key(email_key: str) -> str:
    """What stands for an account, known or not: no address is written where counts are kept."""
    return hashlib.sha256(email_key.encode()).hexdigest()[:32]


def _key(caller: Identity) -> str:
    if caller.person_id is not None:
        return caller.person_id
    return caller.teams[0].id if caller.kind == TokenKind.TEAM else caller.kind.value


def _span(seconds: int) -> str:
    return "a minute" if seconds == 60 else "an hour" if seconds == 3600 else f"{seconds // 60} minutes"
