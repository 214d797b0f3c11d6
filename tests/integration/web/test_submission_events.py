"""The stream of an open page on a real server: what comes, for whom, how many, and that the server ends at once."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
import uvicorn
from waiting import until

from sonobench_platform.submissions.live import stamps_of
from sonobench_platform.web.submission_events import end_watching

GRACE_S = 60
"""For so long the server would wait for what is open."""


class _Server(uvicorn.Server):
    """Ends the streams before it waits for connections, as `sonobench serve` does."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        end_watching(self.config.app)
        await super().shutdown(sockets)


class Served:
    """The world's application on a port of this machine."""

    def __init__(self, world: Any) -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self.server = _Server(uvicorn.Config(world.app, lifespan="off", log_config=None, timeout_graceful_shutdown=GRACE_S))
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [listener]})
        self.thread.start()

    def end(self) -> float:
        """How long it took to end, in seconds."""
        began = time.monotonic()
        self.server.should_exit = True
        self.thread.join(2 * GRACE_S)
        assert not self.thread.is_alive()
        return time.monotonic() - began


@pytest.fixture
def served(world: Any) -> Iterator[Served]:
    made = Served(world)
    yield made
    made.end()


@contextmanager
def listening(served: Served, world: Any, submission_id: str, team: str = "A", **headers: str) -> Iterator[Iterator[str]]:
    """The lines of the stream, as they come."""
    url = f"{served.url}/submissions/{submission_id}/events"
    sent = {"Authorization": f"Bearer {world.team(team).token}", **headers}
    with httpx.Client(timeout=60) as client, client.stream("GET", url, headers=sent) as answer:
        assert answer.status_code == 200, answer.read()
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["x-accel-buffering"] == "no"
        assert answer.headers["cache-control"] == "no-store"
        yield answer.iter_lines()


def stamp(world: Any, submission_id: str) -> str:
    core = world.platform.core
    with core.database.read() as session:
        return stamps_of(session, [submission_id], core.clock.now())[submission_id].value


def next_change(lines: Iterator[str]) -> str:
    return next(line.removeprefix("id: ") for line in lines if line.startswith("id: "))


class TestTheStream:
    def test_every_step_is_told_until_the_last(self, world: Any, served: Served) -> None:
        submission_id = world.queued("A")
        with listening(served, world, submission_id, **{"Last-Event-ID": stamp(world, submission_id)}) as lines:
            claimed = world.claim()
            running = next_change(lines)
            assert running == stamp(world, submission_id)
            assert world.tell(claimed, "heartbeat", phase="run").status_code == 200
            assert next_change(lines) not in {running, ""}
            assert world.team("A").post(f"/api/v1/submissions/{submission_id}/cancel").status_code == 200
            assert next_change(lines) == stamp(world, submission_id)
            assert [line for line in lines if line.startswith("event:")][-1] == "event: end"

    def test_what_was_missed_meanwhile_is_told_at_once(self, world: Any, served: Served) -> None:
        submission_id = world.queued("A")
        before = stamp(world, submission_id)
        world.claim()
        with listening(served, world, submission_id, **{"Last-Event-ID": before}) as lines:
            assert next_change(lines) == stamp(world, submission_id)

    def test_another_team_is_refused_as_by_the_page(self, world: Any, served: Served) -> None:
        submission_id = world.queued("A")
        for team, status in (("B", 404), ("A", 200)):
            url = f"{served.url}/submissions/{submission_id}/events"
            headers = {"Authorization": f"Bearer {world.team(team).token}", "Accept": "text/event-stream"}
            with httpx.Client(timeout=60) as client, client.stream("GET", url, headers=headers) as answer:
                assert answer.status_code == status

    def test_a_caller_has_so_many_and_gets_them_back(self, world: Any, served: Served) -> None:
        submission_id = world.queued("A")
        headers = {"Authorization": f"Bearer {world.team('A').token}", "Accept": "text/event-stream"}
        url = f"{served.url}/submissions/{submission_id}/events?seen={stamp(world, submission_id)}"
        with httpx.Client(timeout=60) as client:
            open_ones = [client.send(client.build_request("GET", url, headers=headers), stream=True) for _ in range(8)]
            without = client.get(url, headers=headers)
            assert (without.status_code, without.content, without.headers["cache-control"]) == (204, b"", "no-store")
            for each in open_ones:
                each.close()
        until(lambda: len(world.app.state.watching) == 0)
        with listening(served, world, submission_id) as lines:
            assert next_change(lines)

    def test_a_server_that_ends_does_not_wait_for_pages(self, world: Any) -> None:
        served = Served(world)
        submission_id = world.queued("A")
        seen = {"Last-Event-ID": stamp(world, submission_id)}
        with listening(served, world, submission_id, **seen) as lines:
            next(lines)
            assert served.end() < GRACE_S / 2
            assert [line for line in lines if line.startswith("event:")] == []


class TestTheStamp:
    def test_it_differs_with_each_step_and_says_when_it_is_the_last(self, world: Any) -> None:
        submission_id = world.queued("A")
        found = [stamp(world, submission_id)]
        claimed = world.claim()
        found.append(stamp(world, submission_id))
        assert world.tell(claimed, "heartbeat", phase="run").status_code == 200
        found.append(stamp(world, submission_id))
        assert world.tell(claimed, "release", reason="trouble").status_code == 200
        found.append(stamp(world, submission_id))
        assert len(set(found)) == len(found)

    def test_the_place_in_the_queue_is_in_it(self, world: Any) -> None:
        world.queued("A")
        waiting = world.queued("B")
        before = stamp(world, waiting)
        world.claim()
        world.clock.advance(seconds=6)
        assert stamp(world, waiting) != before

    def test_time_alone_changes_nothing(self, world: Any) -> None:
        submission_id = world.queued("A")
        world.claim()
        before = stamp(world, submission_id)
        world.clock.advance(seconds=600)
        assert stamp(world, submission_id) == before
