"""The score worker's child that draws: started where something is due, ended with the worker, not tried without pause."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sonobench_platform.commands import study_child
from sonobench_platform.commands.study_child import StudyChild
from sonobench_platform.config import Settings
from sonobench_platform.leaderboards.study_due import Due

DUE = Due("phas-aaaaaaaaaaaaaaaa", 1)


class FakePlatform:
    """A board is due until `done` lies there."""

    def __init__(self, done: Path) -> None:
        self._done = done

    def due_studies(self) -> list[Due]:
        return [] if self._done.exists() else [DUE]


def child(tmp_path: Path, code: str, ending: threading.Event | None = None) -> StudyChild:
    platform: Any = FakePlatform(tmp_path / "done")
    command = [sys.executable, "-c", f"import os, pathlib, sys, time\nhome = pathlib.Path(os.environ['SONOBENCH_HOME'])\n{code}"]
    return StudyChild(platform, Settings(home=tmp_path), ending or threading.Event(), command=command)


def starts(tmp_path: Path) -> int:
    log = tmp_path / "starts"
    return len(log.read_text()) if log.exists() else 0


NOTE = "(home / 'starts').open('a').write('x')\n"


class TestStudyChild:
    def test_what_is_due_is_made_and_then_nothing_is_started(self, tmp_path: Path) -> None:
        found = child(tmp_path, NOTE + "(home / 'done').touch()")
        for _ in range(3):
            found.look()
        assert starts(tmp_path) == 1

    @pytest.mark.parametrize("code", [NOTE + "sys.exit(1)", NOTE], ids=["it failed", "it left the work undone"])
    def test_what_came_to_no_end_is_tried_again_after_a_pause(
        self, tmp_path: Path, code: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        found = child(tmp_path, code)
        found.look()
        found.look()
        assert starts(tmp_path) == 1
        later = time.monotonic() + study_child.AGAIN_AFTER_S + 60
        monkeypatch.setattr(study_child, "time", SimpleNamespace(monotonic=lambda: later))
        found.look()
        assert starts(tmp_path) == 2

    def test_it_ends_with_the_worker(self, tmp_path: Path) -> None:
        ending = threading.Event()
        found = child(tmp_path, NOTE + "time.sleep(600)", ending)
        threading.Timer(0.5, ending.set).start()
        began = time.monotonic()
        found.look()
        assert time.monotonic() - began < 60
