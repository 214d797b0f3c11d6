"""The sweeper: lost work comes back, overdue states end, due wake-ups are sent again, nothing is left lying about."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from typing import Any

import pytest

from sonobench_platform.runs.sweep import SweepReport


class TestLostRuns:
    def test_a_dead_node_is_noticed_and_the_run_queued_again_within_a_minute_of_its_lease(self, world: Any) -> None:
        submission_id = world.queued("A")
        world.claim()
        world.clock.advance(seconds=39)
        assert world.platform.sweep().lost == ()
        world.clock.advance(seconds=2)
        assert world.platform.sweep().lost == (submission_id,)
        shown = world.submission(submission_id)
        assert shown["state"] == "queued"
        assert shown["history"][-1]["cause"] == "its worker was lost; queued again, at no cost"
        assert world.wake.runs >= 2

    def test_a_node_that_beats_but_never_ends_is_overruled(self, make_world: Callable[..., Any]) -> None:
        world = make_world(lease_s=3600)
        submission_id = world.queued("A")
        claimed = world.claim()
        for _ in range(5):
            world.clock.advance(minutes=30)
            world.tell(claimed, "heartbeat", phase="run")
            world.platform.sweep()
        assert "after its time limit" in world.submission(submission_id)["trouble"]
        assert world.tell(claimed, "heartbeat", phase="run").status_code == 409


class TestOverdue:
    def test_an_upload_that_never_came_is_cancelled(self, world: Any) -> None:
        submission_id = world.create("A")["id"]
        world.clock.advance(hours=25)
        assert world.platform.sweep().overdue == (submission_id,)
        assert world.state(submission_id) == "cancelled"

    def test_a_check_that_never_ended_fails_by_the_platform(self, world: Any) -> None:
        submission_id = world.uploaded("A")
        world.clock.advance(hours=13)
        world.platform.sweep()
        assert world.submission(submission_id)["failure"]["blame"] == "platform"

    def test_waiting_long_alerts_the_organiser_and_never_fails_the_team(
        self, world: Any, caplog: pytest.LogCaptureFixture
    ) -> None:
        queued = world.queued("A")
        world.clock.advance(hours=48)
        with caplog.at_level(logging.ERROR):
            world.platform.sweep()
            world.platform.sweep()
        assert world.state(queued) == "queued"
        assert queued in caplog.text
        assert caplog.text.count("an organiser has to look") == 1
        assert "an organiser has to look" in world.submission(queued)["trouble"]


class TestWakeUps:
    def test_what_is_due_is_announced_again_but_not_every_time(self, world: Any) -> None:
        _, run_id = world.scoring("B")
        checking = world.uploaded("A")
        world.queued("B")
        world.wake.checks.clear()
        world.wake.scores.clear()
        assert world.platform.sweep().woken == ()
        world.clock.advance(seconds=46)
        world.platform.sweep()
        world.platform.sweep()
        assert (world.wake.checks, world.wake.scores) == ([checking], [run_id])

    def test_what_is_under_way_or_held_back_is_not(self, make_world: Callable[..., Any]) -> None:
        world = make_world(lease_s=90)
        submission_id = world.uploaded("A")
        woken: list[tuple[str, ...]] = []

        def sweep_meanwhile() -> None:
            world.clock.advance(seconds=60)
            woken.append(world.platform.sweep().woken)

        world.evaluator.meanwhile, world.evaluator.trouble = sweep_meanwhile, OSError("x")
        world.platform.check_submission(submission_id)
        assert woken == [()]
        assert world.platform.due_work().checks == ()
        world.clock.advance(seconds=60)
        assert world.platform.due_work().checks == (submission_id,)

    def test_due_work_is_what_a_polling_worker_does(self, world: Any) -> None:
        checking = world.uploaded("A")
        assert world.platform.due_work().checks == (checking,)
        _, run_id = world.scoring("B")
        world.queued("C")
        due = world.platform.due_work()
        assert (due.runs, due.checks, due.scores) == (1, (checking,), (run_id,))


class TestTidying:
    def test_files_that_a_killed_process_left_are_removed(self, world: Any) -> None:
        done = world.scored("A")
        store = world.platform.core.store
        store.upload(done).write_bytes(b"left over")
        half = store.home / "uploads" / ".incoming-1-2-x.tar"
        half.write_bytes(b"")
        os.utime(half, (time.time() - 86400,) * 2)
        waiting = world.uploaded("B")
        assert world.platform.sweep().removed_files == 2
        assert world.files("uploads") == [f"{waiting}.tar"]

    def test_an_idle_platform_sweeps_nothing(self, world: Any) -> None:
        world.scored("A")
        assert world.platform.sweep() == SweepReport()


class TestOneBadItem:
    def test_it_does_not_hold_up_the_others(self, world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        from sonobench_platform.runs import sweep

        bad, good = world.queued("A"), world.queued("B")
        world.claim("n1")
        world.claim("n2")
        real = sweep._take_back_expired

        def failing(core: Any, work: Any, submission: Any) -> bool:
            if submission.id == bad:
                raise RuntimeError("one bad row")
            return real(core, work, submission)

        monkeypatch.setattr(sweep, "_take_back_expired", failing)
        world.clock.advance(seconds=100)
        assert world.platform.sweep().lost == (good,)
        assert world.state(bad) == "running"
