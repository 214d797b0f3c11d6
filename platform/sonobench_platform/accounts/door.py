"""Where a browser comes in: who asks from where, how often, and the cookie it goes away with."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from fastapi import Depends, Request, Response

from sonobench_platform.accounts import sessions
from sonobench_platform.accounts.access import LimitsDep
from sonobench_platform.accounts.rate_limits import Rate, RateLimits
from sonobench_platform.accounts.schemas import SignedIn
from sonobench_platform.accounts.sessions import NewSession
from sonobench_platform.accounts.signing_in import Browser
from sonobench_platform.core import Core, CoreDep


class Door(NamedTuple):
    """A request to an account's door, and the answer to it."""

    core: Core
    limits: RateLimits
    address: str
    browser: Browser
    response: Response

    def take(self, rate: Rate, *keys: str) -> None:
        """Count one more from this address. Raises TooMany."""
        self.limits.take(rate, *keys, self.address)

    def let_in(self, made: NewSession) -> SignedIn:
        """The answer to a browser that is signed in now, with its cookie."""
        sessions.set_cookie(self.response, self.core.settings, made)
        return SignedIn(csrf_token=made.csrf, expires_at=made.expires_at)

    def see_out(self) -> None:
        """Have the browser forget its cookie."""
        sessions.clear_cookie(self.response, self.core.settings)


def door(request: Request, response: Response, core: CoreDep, limits: LimitsDep) -> Door:
    browser = Browser(request.headers.get("user-agent", ""), sessions.cookie_of(request, core.settings))
    return Door(core, limits, limits.address(request), browser, response)


DoorDep = Annotated[Door, Depends(door)]
