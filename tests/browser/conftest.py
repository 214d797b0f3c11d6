"""One Chromium and one platform full of content for all tests of the pages; readers share their cookies, not their pages."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx
import pytest
from infra.real_services import spare_port
from infra.showcase import Showcase, draw_charts, make_showcase
from playwright.sync_api import Browser, expect, sync_playwright
from showcase_browser import CHROMIUM, Reader, launched, reader_at

expect.set_options(timeout=60_000)  # on a busy machine; nothing waits for it to pass
REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        why = "these tests need Chromium; install the package chromium"
        pytest.fail(why) if os.environ.get("CI") == "true" else pytest.skip(why)
    with sync_playwright() as playwright, launched(playwright) as browser:
        yield browser


@pytest.fixture(scope="session")
def showcase(tmp_path_factory: pytest.TempPathFactory) -> Showcase:
    made = make_showcase(tmp_path_factory.mktemp("showcase") / "home")
    draw_charts(made.home)
    return made


@pytest.fixture(scope="session")
def address(showcase: Showcase) -> Iterator[str]:
    """Where the showcase is served, by a process of its own."""
    port = spare_port()
    command = [sys.executable, "-m", "infra.showcase", "--home", str(showcase.home), "--port", str(port)]
    log = showcase.home.parent / "serve.log"
    with log.open("wb") as out:
        server = subprocess.Popen(command, cwd=REPOSITORY, stdout=out, stderr=out)
    _wait_for(f"http://127.0.0.1:{port}", server, log)
    yield f"http://127.0.0.1:{port}"
    server.kill()  # some pages keep a connection open for what happens next
    server.wait()


def _wait_for(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline and server.poll() is None:
        with suppress(httpx.HTTPError):
            if httpx.get(f"{address}/healthz", timeout=2).is_success:
                return
        time.sleep(0.1)
    pytest.fail(f"the showcase did not come up:\n{log.read_text()}")


@pytest.fixture(scope="session")
def readers(chromium: Browser, address: str, showcase: Showcase) -> Iterator[Callable[[str], Reader]]:
    """Somebody of the showcase at a browser, signed in once for all tests; `nobody` is not."""
    with ExitStack() as open_:
        known: dict[str, Reader] = {}

        def reader(who: str) -> Reader:
            if who not in known:
                known[who] = open_.enter_context(reader_at(chromium, address))
                if who != "nobody":
                    person = showcase.people[who]
                    known[who].sign_in(person.email, person.password)
            return known[who]

        yield reader


@pytest.fixture
def reader_of(readers: Callable[[str], Reader]) -> Iterator[Callable[[str], Reader]]:
    """As `readers`, with nothing open; the test fails where a page that it opened complains.

    The page of the test before is left first: what it does when this one looks in another color scheme, and what it says of
    requests that are broken off when it is left, is nothing that this test opened.
    """
    asked: list[Reader] = []

    def reader(who: str) -> Reader:
        asked.append(readers(who))
        asked[-1].page.goto("about:blank")
        asked[-1].watch.take()
        return asked[-1]

    yield reader
    assert [complaint for each in asked for complaint in each.watch.take()] == []
