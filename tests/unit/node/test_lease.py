from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from sonobench_platform.node.client import NodeClient
from sonobench_platform.node.lease import Lease
from sonobench_platform.node.records import Assignment

WaitUntil = Callable[[Callable[[], object]], None]


class NotedWaits(threading.Event):
    """Keeps for how long each `wait` would have waited."""

    def __init__(self) -> None:
        super().__init__()
        self.waits_s: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waits_s.append(float("inf") if timeout is None else timeout)
        return super().wait(timeout)


@pytest.fixture
def assignment(an_assignment: Callable[..., dict[str, Any]]) -> Assignment:
    return Assignment.model_validate(an_assignment())


class TestLease:
    def test_it_beats_until_the_block_ends(
        self, client: NodeClient, api: Any, assignment: Assignment, wait_until: WaitUntil
    ) -> None:
        with Lease(client, assignment):
            wait_until(lambda: len(api.phases) >= 3)
        beats = len(api.phases)
        assert api.requests == ["POST /internal/v1/runs/run-1/heartbeat"] * beats

    def test_a_new_phase_is_told_at_once(
        self, client: NodeClient, api: Any, an_assignment: Callable[..., Any], wait_until: WaitUntil
    ) -> None:
        rare = Assignment.model_validate(an_assignment(heartbeat_s=60))
        with Lease(client, rare) as lease:
            wait_until(lambda: api.phases == ["prepare"])
            lease.enter("run")
            wait_until(lambda: api.phases == ["prepare", "run"])

    def test_quick_phases_do_not_put_the_next_beat_off(
        self, client: NodeClient, api: Any, an_assignment: Callable[..., Any], wait_until: WaitUntil
    ) -> None:
        lease = Lease(client, Assignment.model_validate(an_assignment(heartbeat_s=60)))
        lease._beat_now = noted = NotedWaits()
        with lease:
            for number in range(5):
                lease.enter(f"phase {number}")
                wait_until(lambda said=f"phase {number}": said in api.phases)
            wait_until(lambda: len(noted.waits_s) == len(api.phases))
        assert max(noted.waits_s) <= 60

    def test_an_api_that_is_away_loses_nothing(
        self, client: NodeClient, api: Any, assignment: Assignment, wait_until: WaitUntil
    ) -> None:
        def away(request: httpx.Request) -> httpx.Response | None:
            raise httpx.ConnectError("refused")

        with Lease(client, assignment) as lease:
            wait_until(lambda: api.phases)
            api.respond = away
            wait_until(lambda: lease.unheard_s > 0.3)
            assert lease.is_wanted
            api.respond = lambda request: None
            wait_until(lambda: lease.unheard_s < 0.2)
            assert lease.is_wanted

    def test_a_lost_lease_is_known_and_no_longer_beaten(
        self, client: NodeClient, api: Any, assignment: Assignment, wait_until: WaitUntil
    ) -> None:
        api.lease_lost = True
        with Lease(client, assignment) as lease:
            wait_until(lambda: lease.lost)
            assert not lease.is_wanted
        assert len(api.requests) == 1

    def test_a_wish_to_stop_is_heard(self, client: NodeClient, api: Any, assignment: Assignment, wait_until: WaitUntil) -> None:
        api.stop = True
        with Lease(client, assignment) as lease:
            wait_until(lambda: lease.stop_wanted)
            assert not lease.lost

    def test_nonsense_in_an_answer_does_not_end_the_heartbeat(
        self, client: NodeClient, api: Any, assignment: Assignment, wait_until: WaitUntil
    ) -> None:
        api.respond = lambda request: httpx.Response(200, text="<html>")
        with Lease(client, assignment) as lease:
            wait_until(lambda: len(api.requests) >= 2)
            api.respond = lambda request: None
            wait_until(lambda: api.phases)
            assert lease.is_wanted

    def test_the_end_of_a_log_goes_with_one_beat_and_not_again(
        self, client: NodeClient, api: Any, assignment: Assignment, wait_until: WaitUntil
    ) -> None:
        with Lease(client, assignment) as lease:
            wait_until(lambda: api.phases)
            lease.note_log("epoch 1")
            wait_until(lambda: "epoch 1" in api.log_tails)
            beats = len(api.phases)
            wait_until(lambda: len(api.phases) > beats + 1)
        assert [tail for tail in api.log_tails if tail is not None] == ["epoch 1"]
