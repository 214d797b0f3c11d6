"""What Celery's scheduler is told to do, and what happens where there is no broker to do it through."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from sonobench_platform.commands import beat as command
from sonobench_platform.commands.beat import scheduled
from sonobench_platform.config import Settings
from sonobench_platform.queue.celery_app import CONTROL_QUEUE, QUEUE_OF, SWEEP


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
