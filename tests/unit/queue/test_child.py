from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from sonobench_platform.queue.child import end_child, is_running, start_child

WaitUntil = Callable[[Callable[[], object]], None]


class TestStartChild:
    def test_output_is_appended_to_the_log(self, tmp_path: Path) -> None:
        log = tmp_path / "log"
        log.write_text("before\n")
        child = start_child([sys.executable, "-c", "print('after')"], log=log)
        assert child.wait() == 0
        assert log.read_text() == "before\nafter\n"

    def test_it_leads_a_session_of_its_own(self, tmp_path: Path) -> None:
        child = start_child([sys.executable, "-c", "import time; time.sleep(60)"])
        assert os.getsid(child.pid) == child.pid
        end_child(child, grace_s=5)

    def test_it_ends_with_a_parent_that_was_killed(self, tmp_path: Path, wait_until: WaitUntil) -> None:
        code = (
            "import sys, time; from sonobench_platform.queue.child import start_child\n"
            "print(start_child([sys.executable, '-c', 'import time; time.sleep(60)']).pid, flush=True); time.sleep(60)"
        )
        with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
            assert parent.stdout is not None
            pid = int(parent.stdout.readline())
            parent.kill()
        wait_until(lambda: not Path(f"/proc/{pid}").exists() or ") Z" in Path(f"/proc/{pid}/stat").read_text())


class TestEndChild:
    def test_a_child_that_has_ended_keeps_its_status(self) -> None:
        child = start_child([sys.executable, "-c", "raise SystemExit(3)"])
        while is_running(child):
            pass
        assert end_child(child, grace_s=1) == 3

    def test_one_that_listens_ends_by_sigterm_and_one_that_does_not_by_sigkill(
        self, tmp_path: Path, wait_until: WaitUntil
    ) -> None:
        log = tmp_path / "log"
        deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
        listening, ignoring = start_child(["sleep", "60"]), start_child([sys.executable, "-c", deaf], log=log)
        wait_until(lambda: "deaf" in log.read_text())
        assert end_child(listening, grace_s=5) == -signal.SIGTERM
        assert end_child(ignoring, grace_s=0.1) == -signal.SIGKILL

    def test_it_ends_even_where_an_interrupted_poll_left_its_lock_taken(self) -> None:
        child = start_child(["sleep", "60"])
        child._waitpid_lock.acquire()  # type: ignore[attr-defined]
        assert end_child(child, grace_s=5) == -signal.SIGTERM
