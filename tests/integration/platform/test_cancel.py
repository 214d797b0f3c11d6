"""Cancelling in every state: what is under way stops or its result is dropped, and a run hears of it within seconds."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlalchemy import select
from waiting import until

from sonobench_platform.db.models import QuotaRow
from sonobench_platform.node.client import NodeClient
from sonobench_platform.node.lease import Lease
from sonobench_platform.node.records import Assignment

WITHIN_S = 10.0


class NotedBeats(NodeClient):
    """Keeps of each heartbeat whether it was sent after the cancelling, and whether the platform answered that it should stop."""

    is_cancelled = False

    def __init__(self, api_url: str, **said: Any) -> None:
        super().__init__(api_url, **said)
        self.wishes: list[tuple[bool, bool]] = []

    def heartbeat(self, run_id: str, attempt: int, phase: str, *, log_tail: str | None = None) -> bool:
        since_cancelled = self.is_cancelled
        wish = super().heartbeat(run_id, attempt, phase, log_tail=log_tail)
        self.wishes.append((since_cancelled, wish))
        return wish


def _cancel(world: Any, submission_id: str) -> Any:
    return world.team("A").post(f"/api/v1/submissions/{submission_id}/cancel")


def _given_back(world: Any, submission_id: str) -> list[str]:
    query = select(QuotaRow.reason).where(QuotaRow.submission_id == submission_id, QuotaRow.amount < 0)
    with world.platform.core.database.read() as session:
        return list(session.scalars(query))


class TestRunning:
    def test_its_worker_hears_of_it_within_seconds_at_the_default_pace(self, world: Any, served: str) -> None:
        """That is: with its next heartbeat, however long a busy machine takes for it."""
        submission_id = world.queued("A")
        assignment = Assignment.model_validate(world.claim())
        # What remains of the ten seconds is the engine's, to kill a container and remove it.
        assert assignment.heartbeat_s <= WITHIN_S / 2
        api = NotedBeats(f"http://{served}", token=world.node.token, node="n1")
        try:
            with Lease(api, assignment) as lease:
                until(lambda: api.wishes)
                assert not lease.stop_wanted
                _cancel(world, submission_id)
                api.is_cancelled = True
                until(lambda: lease.stop_wanted)
        finally:
            api.close()
        assert all(wish for since_cancelled, wish in api.wishes if since_cancelled)

    def test_it_stays_cancelled_whatever_the_worker_still_says(self, world: Any, worlds: Any) -> None:
        submission_id = world.queued("A")
        claimed = world.claim()
        _cancel(world, submission_id)
        assert world.hand_back(claimed).status_code == 409
        world.tell(claimed, "finish", report=worlds.report())
        world.tell(claimed, "canary", report=worlds.report(exit_code=1))
        assert world.state(submission_id) == "cancelled"
        assert world.files("runs") == []


class TestChecking:
    def test_a_check_in_progress_leaves_nothing(self, world: Any) -> None:
        submission_id = world.uploaded("A")

        def meanwhile() -> None:
            world.evaluator.meanwhile = lambda: None
            other = threading.Thread(target=_cancel, args=(world, submission_id))
            other.start()
            other.join()

        world.evaluator.meanwhile = meanwhile
        world.platform.check_submission(submission_id)
        assert world.state(submission_id) == "cancelled"
        assert (world.files("uploads"), world.files("images")) == ([], [])
        assert world.claim() is None


class TestUploading:
    def test_what_arrives_afterwards_is_refused_and_not_kept(self, world: Any) -> None:
        made = world.create("A", size_bytes=5)
        _cancel(world, made["id"])
        answer = world.team("A").put(f"/api/v1/submissions/{made['id']}/image", content=b"image")
        assert answer.status_code == 409
        assert world.files("uploads") == []


class TestQuota:
    @pytest.mark.parametrize("reach", ["uploaded", "queued"])
    def test_before_it_ran_the_attempt_is_given_back_once(self, world: Any, reach: str) -> None:
        submission_id = getattr(world, reach)("A")
        for _ in range(2):
            _cancel(world, submission_id)
        assert _given_back(world, submission_id) == ["cancelled"]

    def test_once_it_runs_it_counts(self, world: Any) -> None:
        submission_id = world.queued("A")
        world.claim()
        _cancel(world, submission_id)
        assert _given_back(world, submission_id) == []
