"""A lease runs out by a worker's silence only while there is an API to speak to."""

from __future__ import annotations

import logging
import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from sonobench_platform.db.models import RunRow
from sonobench_platform.runs.presence import presence, tell


@pytest.fixture
def run(world: Any) -> str:
    """A submission that a worker has claimed, with an API that has told."""
    assert tell(world.platform.core) == timedelta(0)
    submission_id: str = world.queued("A")
    assert world.claim() is not None
    return submission_id


def pass_telling(world: Any, *, seconds: int) -> None:
    """Let time pass while an API tells every second, as it does far more often than it must."""
    for _ in range(seconds):
        world.clock.advance(seconds=1)
        assert tell(world.platform.core) == timedelta(0)


def left(world: Any) -> float:
    """Seconds that the one lease still runs."""
    with world.platform.core.database.read() as session:
        until = session.scalars(select(RunRow.lease_until)).one()
    return float((until - world.clock.now()).total_seconds())


class TestWhileNobodyIsThere:
    def test_no_run_is_taken_from_its_worker(self, world: Any, run: str) -> None:
        world.clock.advance(hours=1)
        assert world.platform.sweep().lost == ()
        assert world.state(run) == "running"

    def test_a_worker_that_is_heard_again_goes_on_with_its_attempt(self, world: Any) -> None:
        tell(world.platform.core)
        world.queued("A")
        claimed = world.claim()
        world.clock.advance(hours=1)
        tell(world.platform.core)
        assert world.platform.sweep().lost == ()
        assert world.tell(claimed, "heartbeat", phase="run").json() == {"stop": False}

    def test_the_time_is_added_to_the_lease_and_no_more(self, world: Any, run: str) -> None:
        pass_telling(world, seconds=25)
        world.clock.advance(hours=1)
        assert tell(world.platform.core) == timedelta(hours=1)
        assert left(world) == 15
        pass_telling(world, seconds=14)
        assert world.platform.sweep().lost == ()
        pass_telling(world, seconds=2)
        assert world.platform.sweep().lost == (run,)

    def test_no_lease_gets_longer_than_a_new_one(self, world: Any) -> None:
        tell(world.platform.core)
        world.clock.advance(hours=1)
        world.queued("A")
        world.claim()
        world.clock.advance(seconds=1)
        tell(world.platform.core)
        assert left(world) == world.platform.settings.lease_s


class TestWhileSomebodyIsThere:
    def test_a_worker_that_died_is_found_out_as_ever(self, world: Any, run: str) -> None:
        pass_telling(world, seconds=39)
        assert world.platform.sweep().lost == ()
        pass_telling(world, seconds=2)
        assert world.platform.sweep().lost == (run,)

    def test_a_pause_below_a_quarter_of_a_lease_is_none(self, world: Any, run: str) -> None:
        for _ in range(5):
            world.clock.advance(seconds=9)
            assert tell(world.platform.core) == timedelta(0)
        assert world.platform.sweep().lost == (run,)

    def test_a_clock_that_is_set_back_is_no_pause(self, world: Any, run: str) -> None:
        world.clock.advance(days=-400)
        assert tell(world.platform.core) == timedelta(0)
        assert world.platform.sweep().lost == ()
        pass_telling(world, seconds=41)
        assert world.platform.sweep().lost == (run,)


class TestTheServer:
    def test_it_tells_while_it_serves_and_leaves_no_thread(self, world: Any) -> None:
        with presence(world.platform.core):
            assert "presence" in {thread.name for thread in threading.enumerate()}
        assert "presence" not in {thread.name for thread in threading.enumerate()}
        world.clock.advance(minutes=5)
        assert tell(world.platform.core) == timedelta(minutes=5)

    def test_coming_back_it_says_how_long_nobody_was_there(self, world: Any, caplog: pytest.LogCaptureFixture) -> None:
        tell(world.platform.core)
        world.clock.advance(minutes=5)
        with caplog.at_level(logging.WARNING), presence(world.platform.core):
            pass
        assert "no API was there for 300 s, which no lease is charged with" in caplog.text

    @pytest.mark.parametrize(
        ("trouble", "said"),
        [(OperationalError("", None, Exception()), "the database is away"), (RuntimeError("away"), "a round failed")],
        ids=["database", "surprise"],
    )
    def test_what_goes_wrong_does_not_end_it(
        self, world: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, trouble: Exception, said: str
    ) -> None:
        failed = threading.Event()

        def refuse(*_: object) -> None:
            failed.set()
            raise trouble

        monkeypatch.setattr(world.platform.core.database, "write", refuse)
        with caplog.at_level(logging.WARNING), presence(world.platform.core):
            assert failed.wait(60)
        assert said in caplog.text
