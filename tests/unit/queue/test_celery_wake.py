from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import redis

from sonobench_platform.queue.celery_app import CHECK, RUN_WAKE, SCORE, make_app
from sonobench_platform.queue.celery_wake import CeleryWake
from sonobench_platform.queue.none import NoWake

WaitUntil = Callable[[Callable[[], object]], None]


def _lengths(broker: Any) -> dict[str, int]:
    with redis.Redis.from_url(broker.broker_url.replace("redis+socket", "unix")) as client:
        return {queue: client.llen(queue) for queue in ("run", "score", "control")}


class SilentBroker:
    """Takes no message before it is told to answer."""

    def __init__(self) -> None:
        self.answers = threading.Event()
        self.taken: list[str] = []

    def send_task(self, name: str, **_options: object) -> None:
        assert self.answers.wait(20)
        self.taken.append(name)


class TestCeleryWake:
    def test_each_message_goes_to_its_own_queue(self, any_broker: Any, wait_until: WaitUntil) -> None:
        wake = CeleryWake(any_broker.broker_url)
        wake.run_queued()
        wake.check("s1")
        wake.score("r1")
        wake.score("r2")
        wait_until(lambda: _lengths(any_broker) == {"run": 1, "control": 1, "score": 2})

    def test_a_broker_that_is_away_fails_no_caller(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture, wait_until: WaitUntil
    ) -> None:
        wake = CeleryWake(f"redis+socket://{tmp_path}/nobody.sock")
        with caplog.at_level(logging.WARNING):
            wake.score("r1")
            wait_until(lambda: "left to the sweeper" in caplog.text)

    def test_a_broker_that_does_not_answer_delays_no_caller(self, wait_until: WaitUntil) -> None:
        broker = SilentBroker()
        wake = CeleryWake("memory://", app=broker)  # type: ignore[arg-type]
        for _ in range(3):
            wake.score("r1")
        assert broker.taken == []
        broker.answers.set()
        wait_until(lambda: len(broker.taken) == 3)

    def test_a_broker_that_came_back_gets_the_next_message(self, any_broker: Any, wait_until: WaitUntil) -> None:
        wake = CeleryWake(any_broker.broker_url)
        wake.run_queued()
        wait_until(lambda: _lengths(any_broker)["run"] == 1)
        any_broker.stop()
        wake.run_queued()
        any_broker.start()
        wait_until(lambda: wake.run_queued() or _lengths(any_broker)["run"] >= 1)

    def test_only_json_is_accepted_and_messages_carry_an_id_or_nothing(self, any_broker: Any) -> None:
        app = make_app(any_broker.broker_url)
        assert app.conf.accept_content == ["json"]
        assert app.conf.task_acks_late
        assert app.conf.worker_prefetch_multiplier == 1

    def test_without_a_broker_nothing_is_sent_and_nothing_fails(self) -> None:
        wake = NoWake()
        assert (wake.run_queued(), wake.check("s"), wake.score("r")) == (None, None, None)


class TestTasks:
    def test_a_run_worker_knows_its_one_task_and_imports_no_database(self, in_new_python: Callable[[str], str]) -> None:
        printed = in_new_python(
            "import sys; from sonobench_platform.queue.celery_app import make_app;"
            "from sonobench_platform.queue.tasks import register_run_tasks; app = make_app('memory://');"
            "register_run_tasks(app, wake=lambda: None);"
            "print([t for t in app.tasks if t.startswith('sonobench')], 'sqlalchemy' in sys.modules)"
        )
        assert printed == f"['{RUN_WAKE}'] False"

    def test_tasks_hand_their_id_to_what_was_registered(self) -> None:
        from sonobench_platform.queue.tasks import register_score_tasks

        app, seen = make_app("memory://"), []
        register_score_tasks(
            app, check=lambda i: seen.append(("check", i)), score=lambda i: seen.append(("score", i)), sweep=seen.clear
        )
        app.tasks[CHECK]("s1")
        app.tasks[SCORE]("r1")
        assert seen == [("check", "s1"), ("score", "r1")]


class TestConsume:
    def test_a_task_waits_out_a_broker_restart(self, any_broker: Any, wait_until: WaitUntil) -> None:
        """A real worker process: it does a task, loses its broker, and does the next one when the broker is back."""
        code = (
            "import sys; from sonobench_platform.queue.celery_app import make_app;"
            "from sonobench_platform.queue.tasks import register_run_tasks; from sonobench_platform.queue.consume import consume;"
            "app = make_app(sys.argv[1]); register_run_tasks(app, wake=lambda: print('woken', flush=True));"
            "consume(app, ['run'], name='w@test', concurrency=1, on_shutdown=lambda: print('draining', flush=True));"
            "print('ended')"
        )
        lines: list[str] = []
        with subprocess.Popen(
            [sys.executable, "-c", code, any_broker.broker_url], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as worker:
            output = worker.stdout
            assert output is not None
            threading.Thread(target=lambda: lines.extend(iter(output.readline, "")), daemon=True).start()
            wake = CeleryWake(any_broker.broker_url)
            try:
                wake.run_queued()
                wait_until(lambda: lines.count("woken\n") == 1)
                assert any_broker.pid is not None
                os.kill(any_broker.pid, signal.SIGKILL)
                wait_until(lambda: any_broker.pid is None)
                any_broker.restart_if_dead()
                wait_until(lambda: wake.run_queued() or time.sleep(0.3) or "woken\n" in lines[1:])
                worker.send_signal(signal.SIGTERM)
                assert worker.wait(timeout=60) == 0
                wait_until(lambda: lines[-2:] == ["draining\n", "ended\n"])
            finally:
                worker.kill()
