"""`/healthz` and `/readyz`: alive is not ready, and what is not well is named."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from infra.real_services import RedisServer

from sonobench_platform.desk.health import SWEEPS_LATE
from sonobench_platform.queue.alive import broker_answers
from sonobench_platform.queue.embedded import EmbeddedRedis


def _found(world: Any) -> dict[str, str]:
    answer = world.anyone.get("/readyz")
    assert answer.status_code == 200, answer.text
    return {part["name"]: part["found"] for part in answer.json()["parts"]}


def _not_ready(world: Any) -> str:
    answer = world.anyone.get("/readyz")
    assert (answer.status_code, answer.json()["code"]) == (503, "not-ready"), answer.text
    assert answer.headers["Retry-After"] == "10"
    return str(answer.json()["detail"])


class TestReady:
    def test_a_server_whose_parts_are_well_says_so_of_each(self, world: Any) -> None:
        world.platform.sweep()
        world.clock.advance(seconds=7)
        assert _found(world) == {
            "database": "answers",
            "store": "can be written",
            "broker": "none: workers poll",
            "sweep": "ran 7 s ago",
        }

    def test_where_nobody_has_swept_yet_it_says_that_a_score_worker_may_be_missing(self, world: Any) -> None:
        assert _not_ready(world) == "The server cannot do its work: sweep has not run yet; is a score worker up?."

    def test_a_sweep_that_is_late_is_named_and_another_mends_it(self, world: Any) -> None:
        world.platform.sweep()
        late_s = world.platform.settings.sweep_s * SWEEPS_LATE + 1
        world.clock.advance(seconds=late_s)
        assert f"sweep ran {late_s:.0f} s ago" in _not_ready(world)
        world.platform.sweep()
        assert _found(world)["sweep"] == "ran 0 s ago"

    def test_a_sweep_whose_chore_failed_still_ran(self, world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(_core: object) -> None:
            raise RuntimeError

        monkeypatch.setattr("sonobench_platform.wiring.CHORES", (fail,))
        world.platform.sweep()
        assert _found(world)["sweep"] == "ran 0 s ago"

    def test_a_full_disk_is_named(self, make_world: Callable[..., Any]) -> None:
        world = make_world(min_free_bytes=2**60)
        world.platform.sweep()
        assert "store has less free space than uploads must leave" in _not_ready(world)

    def test_a_store_that_is_gone_is_named_and_its_path_is_not(self, world: Any) -> None:
        world.platform.sweep()
        home = world.platform.settings.home
        home.rename(home.with_name("away"))
        told = _not_ready(world)
        home.with_name("away").rename(home)
        assert "store cannot be written" in told
        assert str(home) not in told

    def test_a_database_that_is_away_is_named(self, world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        world.platform.sweep()
        monkeypatch.setattr("sonobench_platform.desk.health.database_answers", lambda _core: False)
        assert "database does not answer" in _not_ready(world)

    def test_alive_it_says_whatever_is_ill(self, make_world: Callable[..., Any]) -> None:
        world = make_world(min_free_bytes=2**60, broker_url="redis://127.0.0.1:1/0")
        assert world.anyone.get("/healthz").json() == {"status": "ok"}


class TestBroker:
    def test_one_that_is_away_is_named_without_its_password(self, make_world: Callable[..., Any]) -> None:
        world = make_world(broker_url="redis://:hunter2@127.0.0.1:1/0")
        world.platform.sweep()
        told = _not_ready(world)
        assert "broker does not answer" in told
        assert "hunter2" not in told

    def test_a_real_one_answers(self, make_world: Callable[..., Any], redis_server: RedisServer) -> None:
        world = make_world(broker_url=redis_server.url())
        world.platform.sweep()
        assert _found(world)["broker"] == "answers"

    @pytest.mark.skipif(shutil.which("redis-server") is None, reason="redis-server is not installed")
    def test_the_embedded_one_answers_until_it_ends(self, tmp_path: Path) -> None:
        broker = EmbeddedRedis(tmp_path / "home")
        broker.start()
        assert broker_answers(broker.broker_url or "")
        broker.stop()
        assert not broker_answers(broker.broker_url or f"redis+socket://{broker.socket}")
