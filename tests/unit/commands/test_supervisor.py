from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sonobench_platform.commands import supervisor
from sonobench_platform.commands.supervisor import ChildSpec, Supervisor

WITHIN_S = 60.0
"""Only what never happens takes as long, however busy the machine is."""


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "_LOOK_EVERY_S", 0.02)
    monkeypatch.setattr(supervisor, "_FIRST_PAUSE_S", 0.02)


def _python(code: str, log: Path) -> ChildSpec:
    return ChildSpec("child", [sys.executable, "-c", code], dict(os.environ), log)


def _wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not condition():
        assert time.monotonic() < deadline, f"did not happen within {WITHIN_S:g} s"
        time.sleep(0.02)


def _is_running(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


class TestSupervisor:
    def test_children_start_when_told_and_end_with_the_block(self, tmp_path: Path) -> None:
        with Supervisor([_python("import time; time.sleep(60)", tmp_path / "log")], broker=None, grace_s=5) as kept:
            assert kept.pids == {}
            kept.start_children()
            _wait_until(lambda: kept.pids)
            pid = kept.pids["child"]
        assert not _is_running(pid)

    def test_a_child_that_was_killed_is_started_again(self, tmp_path: Path) -> None:
        with Supervisor([_python("import time; time.sleep(60)", tmp_path / "log")], broker=None, grace_s=5) as kept:
            kept.start_children()
            _wait_until(lambda: kept.pids)
            killed = kept.pids["child"]
            os.kill(killed, signal.SIGKILL)
            _wait_until(lambda: kept.pids and kept.pids["child"] != killed)

    def test_a_child_that_keeps_dying_is_started_less_and_less_often(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Whatever the machine's load is, a start comes no sooner than its pause has passed."""
        monkeypatch.setattr(supervisor, "_FIRST_PAUSE_S", 0.1)
        log = tmp_path / "log"
        with Supervisor([_python("import time; print(time.monotonic())", log)], broker=None, grace_s=5) as kept:
            kept.start_children()
            _wait_until(lambda: log.exists() and log.read_text().count("\n") >= 4)
        starts = [float(line) for line in log.read_text().split()]
        for pause_s, before, after in zip((0.1, 0.2, 0.4), starts, starts[1:], strict=False):
            assert after - before >= pause_s

    def test_a_child_that_ignores_sigterm_is_killed_after_the_grace(self, tmp_path: Path) -> None:
        log = tmp_path / "log"
        code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
        with Supervisor([_python(code, log)], broker=None, grace_s=0.2) as kept:
            kept.start_children()
            _wait_until(lambda: log.exists() and "deaf" in log.read_text())
            pid = kept.pids["child"]
        assert not _is_running(pid)

    def test_a_program_that_is_missing_does_not_end_the_others(self, tmp_path: Path) -> None:
        absent = ChildSpec("absent", [str(tmp_path / "absent")], {}, tmp_path / "absent.log")
        with Supervisor([absent, _python("import time; time.sleep(60)", tmp_path / "log")], broker=None, grace_s=5) as kept:
            kept.start_children()
            _wait_until(lambda: "child" in kept.pids)
            assert "absent" not in kept.pids
