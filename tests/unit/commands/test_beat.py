"""What Celery's scheduler is told to do, and what happens where there is no broker to do it through."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
import typer
from redis import Redis

from sonobench_platform.commands import beat as command
from sonobench_platform.commands.beat import scheduled
from sonobench_platform.config import Settings
from sonobench_platform.queue.celery_app import CONTROL_QUEUE, QUEUE_OF, SWEEP
from sonobench_platform.queue.embedded import EmbeddedRedis, redis_server

WITHIN_S = 60.0


class TestSchedule:
    def test_it_is_one_sweep_every_few_seconds_that_is_worth_nothing_afterwards(self) -> None:
        (entry,) = scheduled("redis://localhost/0", every_s=10).conf.beat_schedule.values()
        assert (entry["task"], entry["schedule"]) == (SWEEP, 10)
        assert entry["options"]["expires"] == 10
        assert entry["options"]["queue"] == QUEUE_OF[SWEEP] == CONTROL_QUEUE


class TestBeat:
    def test_without_a_broker_it_says_that_it_is_not_needed(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(command, "broker_address", lambda settings: None)
        monkeypatch.setattr(command, "start_journal", lambda name: None)
        with pytest.raises(typer.Exit):
            command.beat(Settings(home=tmp_path))
        assert "score workers sweep by themselves" in capsys.readouterr().err

    @pytest.mark.skipif(redis_server() is None, reason="redis-server is not installed")
    def test_it_asks_for_sweeps_through_the_private_broker_and_ends_when_told(self) -> None:
        home = Path(tempfile.mkdtemp(prefix="beat-"))
        environment = {**os.environ, "SONOBENCH_HOME": str(home), "SONOBENCH_SWEEP_S": "0.5"}
        command_line = [sys.executable, "-m", "sonobench_platform.commands", "worker", "beat"]
        try:
            with (
                EmbeddedRedis(home) as broker,
                Redis(unix_socket_path=str(broker.socket)) as queue,
                subprocess.Popen(command_line, env=environment, stderr=subprocess.DEVNULL) as beating,
            ):
                try:
                    until = time.monotonic() + WITHIN_S
                    while queue.llen(CONTROL_QUEUE) < 2:
                        assert time.monotonic() < until, "nothing was sent"
                        time.sleep(0.1)
                    message = json.loads(queue.lindex(CONTROL_QUEUE, 0))
                    beating.send_signal(signal.SIGTERM)
                    assert beating.wait(timeout=WITHIN_S) == 0
                finally:
                    beating.kill()
        finally:
            shutil.rmtree(home)
        assert message["headers"]["task"] == SWEEP
