"""A browser for tests: keeps cookies, and carries the session's secret with whatever changes something."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import httpx
from platform_people import mails

PASSWORD = "four grey herons wading"


class Browser:
    """Somebody at a browser. `csrf` is what the pages would put into their forms; None: nothing is carried."""

    def __init__(self, world: Any, base_url: str = "http://test") -> None:
        self.world = world
        self.cookies = httpx.Cookies()
        self.csrf: str | None = None
        self.base_url = base_url

    def request(self, method: str, url: str, **options: Any) -> httpx.Response:
        return asyncio.run(self._request(method, url, options))

    async def _request(self, method: str, url: str, options: dict[str, Any]) -> httpx.Response:
        transport = httpx.ASGITransport(app=self.world.app, raise_app_exceptions=False, client=("192.0.2.1", 1))
        headers = {} if self.csrf is None else {"X-CSRF-Token": self.csrf}
        async with httpx.AsyncClient(
            transport=transport, base_url=self.base_url, headers=headers, cookies=self.cookies
        ) as client:
            answer = await client.request(method, url, **options)
            self.cookies = client.cookies
        return answer

    def get(self, url: str, **options: Any) -> httpx.Response:
        return self.request("GET", url, **options)

    def post(self, url: str, **options: Any) -> httpx.Response:
        return self.request("POST", url, **options)

    def sign_up(self, email: str, *, name: str = "Ada", password: str = PASSWORD) -> httpx.Response:
        return self.post("/api/v1/account/sign-up", json={"email": email, "name": name, "password": password})

    def confirm(self, token: str, password: str = PASSWORD) -> httpx.Response:
        return self._carrying(self.post("/api/v1/account/confirm", json={"token": token, "password": password}))

    def sign_in(self, email: str, password: str = PASSWORD, **options: Any) -> httpx.Response:
        return self._carrying(self.post("/api/v1/account/sign-in", json={"email": email, "password": password}, **options))

    def reset(self, token: str, password: str) -> httpx.Response:
        return self._carrying(self.post("/api/v1/account/reset", json={"token": token, "password": password}))

    def change_password(self, current: str, new: str) -> httpx.Response:
        return self._carrying(self.post("/api/v1/account/password", json={"current": current, "new": new}))

    def me(self) -> int:
        """The status of asking who one is: 200 signed in, 401 not."""
        return self.get("/api/v1/me").status_code

    def _carrying(self, answer: httpx.Response) -> httpx.Response:
        if answer.status_code == 200:
            self.csrf = answer.json()["csrf_token"]
        return answer


def signed_up(world: Any, email: str, **details: Any) -> Browser:
    """A browser in which somebody signed up, confirmed their address and is signed in."""
    browser = Browser(world)
    assert browser.sign_up(email, **details).status_code == 202
    answer = browser.confirm(link_in(world, email), **{"password": details.get("password", PASSWORD)})
    assert answer.status_code == 200, answer.text
    return browser


def link_in(world: Any, email: str) -> str:
    """The secret of the link in the newest mail to an address."""
    found = re.search(r"token=(\S+)", mails(world, email)[-1].body)
    assert found is not None
    return found[1]
