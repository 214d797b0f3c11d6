"""A submission's open page keeps itself up to date: by the stream, by asking where there is none, and never under one's hands."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import phased_world
import platform_fakes
import platform_world
import pytest
import uvicorn
from playwright.sync_api import Browser, Page, expect

from sonobench_platform.submissions.live import Stamp, Watching
from sonobench_platform.web.submission_events import end_watching

WITHIN_MS = 60_000
"""On a busy machine, where pages that have no stream ask seldom; nothing waits for it to pass."""


class Place:
    """A served world. What happens in it happens in a thread of its own: Playwright keeps this one's event loop."""

    def __init__(self, home: Path) -> None:
        self.world = platform_world.make_world(home, database_url="", fakes=platform_fakes)
        phased_world.with_rules(self.world, logs="team")
        self._hands = ThreadPoolExecutor(1)
        listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self._server = uvicorn.Server(uvicorn.Config(self.world.app, lifespan="off", log_config=None))
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [listener]})
        self._thread.start()

    def does(self, deed: Callable[..., Any], *given: Any, **named: Any) -> Any:
        return self._hands.submit(deed, *given, **named).result(180)

    def close(self) -> None:
        end_watching(self.world.app)
        self._server.should_exit = True
        self._thread.join(20)
        self._hands.shutdown()
        self.world.platform.close()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    yield made
    made.close()


@pytest.fixture
def page(chromium: Browser, place: Place) -> Iterator[Page]:
    token = place.does(place.world.team, "A").token
    context = chromium.new_context(extra_http_headers={"Authorization": f"Bearer {token}"})
    yield context.new_page()
    context.close()


async def _nobody_looks(submission_ids: Collection[str]) -> Mapping[str, Stamp]:
    raise AssertionError(f"nobody has a seat, and still {submission_ids} are looked at")


def opened(place: Place, page: Page) -> str:
    submission_id: str = place.does(phased_world.queued, place.world, "A")
    page.goto(f"{place.url}/submissions/{submission_id}")
    expect(page.get_by_role("heading", name="Waiting in the queue")).to_be_visible()
    return submission_id


def ended(place: Place, claimed: dict[str, Any]) -> None:
    world = place.world
    assert place.does(world.hand_back, claimed).status_code == 204
    assert place.does(world.tell, claimed, "finish", report=platform_world.report()).status_code == 200
    place.does(world.platform.score_run, claimed["run_id"])


class TestAnOpenPage:
    def test_it_follows_to_the_end_and_says_each_step_once(self, place: Place, page: Page) -> None:
        opened(place, page)
        page.evaluate("window.stayed = true")
        claimed = place.does(place.world.claim)
        expect(page.locator("#said")).to_have_text("Now: Running.", timeout=WITHIN_MS)
        place.does(place.world.tell, claimed, "heartbeat", phase="run", log_tail="epoch 1\n")
        expect(page.locator("pre.log")).to_have_text("epoch 1", timeout=WITHIN_MS)
        ended(place, claimed)
        expect(page.locator("#said")).to_have_text("Now: Scored.", timeout=WITHIN_MS)
        expect(page.get_by_role("link", name="Download the evaluation")).to_be_visible()
        assert page.evaluate("window.stayed") is True

    def test_whoever_has_the_keyboard_somewhere_keeps_it_there(self, place: Place, page: Page) -> None:
        opened(place, page)
        page.get_by_role("link", name="Look again").focus()
        place.does(place.world.claim)
        expect(page.locator("#said")).to_have_text("Now: Running.", timeout=WITHIN_MS)
        assert page.evaluate("document.activeElement.textContent") == "Look again"

    def test_a_form_that_somebody_is_in_is_left_alone(self, place: Place, page: Page) -> None:
        opened(place, page)
        page.locator("#do-cancel > summary").click()
        page.get_by_role("button", name="Cancel the submission").focus()
        ended(place, place.does(place.world.claim))
        expect(page.locator("#said")).to_contain_text("There is more to see", timeout=WITHIN_MS)
        expect(page.get_by_role("button", name="Cancel the submission")).to_be_focused()

    def test_whoever_was_signed_out_is_told(self, place: Place, page: Page) -> None:
        submission_id = opened(place, page)
        page.context.set_extra_http_headers({"Authorization": "Bearer sbt_nothing"})
        place.does(place.world.claim)
        expect(page.locator("#said")).to_contain_text("You are signed out", timeout=WITHIN_MS)
        way = page.get_by_role("link", name="Sign in again")
        assert way.get_attribute("href") == f"/account/sign-in?next=/submissions/{submission_id}"

    def test_where_no_seat_is_left_it_asks_instead_and_no_error_is_written(self, place: Place, page: Page) -> None:
        place.world.app.state.watching = Watching(_nobody_looks, most=0)
        errors, streams = [], []
        page.on("console", lambda said: errors.append(said.text) if said.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("response", lambda answer: streams.append(answer.status) if "/events" in answer.url else None)
        opened(place, page)
        place.does(place.world.claim)
        expect(page.locator("#said")).to_have_text("Now: Running.", timeout=WITHIN_MS)
        assert streams == [204]  # and it is not asked for again
        assert errors == []

    def test_where_the_stream_is_refused_it_asks_instead(self, place: Place, page: Page) -> None:
        page.route("**/events*", lambda route: route.fulfill(status=503, body="", headers={"Retry-After": "30"}))
        submission_id = opened(place, page)
        cancelled = place.does(place.world.team("A").post, f"/api/v1/submissions/{submission_id}/cancel")
        assert cancelled.status_code == 200
        expect(page.locator("#said")).to_have_text("Now: Cancelled.", timeout=WITHIN_MS)


class TestWithoutScripts:
    def test_a_link_looks_again(self, place: Place, chromium: Browser) -> None:
        token = place.does(place.world.team, "A").token
        headers = {"Authorization": f"Bearer {token}"}
        context = chromium.new_context(java_script_enabled=False, extra_http_headers=headers)
        page = context.new_page()
        opened(place, page)
        place.does(place.world.claim)
        page.get_by_role("link", name="Look again").click()
        expect(page.get_by_role("heading", name="Running")).to_be_visible()
        context.close()
