"""The machine's clock was days ahead, and is set right: nothing waits for those days to pass again."""

from __future__ import annotations

from typing import Any

import pytest


class TestClockSetBack:
    def test_a_dead_workers_run_goes_back_within_a_lease(self, world: Any) -> None:
        world.clock.advance(days=400)
        submission_id = world.queued("A")
        assert world.claim() is not None
        world.clock.advance(days=-400)
        world.platform.sweep()
        assert world.state(submission_id) == "running"  # its worker may live: it has a lease to say so
        world.clock.advance(seconds=world.platform.settings.lease_s + 1)
        world.platform.sweep()
        assert world.state(submission_id) == "queued"

    def test_a_living_worker_keeps_its_run(self, world: Any) -> None:
        world.clock.advance(days=400)
        world.queued("A")
        claimed = world.claim()
        world.clock.advance(days=-400)
        world.platform.sweep()
        assert world.tell(claimed, "heartbeat", phase="run").json() == {"stop": False}
        world.clock.advance(seconds=world.platform.settings.lease_s - 1)
        world.platform.sweep()
        assert world.tell(claimed, "heartbeat", phase="run").json() == {"stop": False}

    def test_scoring_that_was_put_off_is_tried_again(self, world: Any, caplog: pytest.LogCaptureFixture) -> None:
        world.clock.advance(days=400)
        submission_id, run_id = world.scoring("A")
        world.evaluator.trouble = RuntimeError("away")
        world.platform.score_run(run_id)
        world.evaluator.trouble = None
        world.clock.advance(days=-400)
        world.platform.sweep()
        assert "the clock was set back" in caplog.text
        world.clock.advance(minutes=11)
        assert submission_id in world.platform.sweep().woken
        world.platform.score_run(run_id)
        assert world.state(submission_id) == "scored"

    def test_what_another_process_wrote_this_moment_is_no_clock_set_back(
        self, world: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        world.clock.advance(seconds=0.9)
        world.queued("A")
        world.claim()
        world.clock.advance(seconds=-0.9)
        world.platform.sweep()
        assert "set back" not in caplog.text

    def test_while_the_clock_goes_forward_nothing_is_touched(self, world: Any, caplog: pytest.LogCaptureFixture) -> None:
        world.queued("A")
        world.claim()
        world.queued("B")
        world.platform.sweep()
        assert "set back" not in caplog.text
