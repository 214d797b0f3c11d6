from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sonobench_platform.queue.embedded import EmbeddedRedis


@pytest.fixture
def needs_redis() -> None:
    if shutil.which("redis-server") is None:
        message = "redis-server is not installed"
        pytest.fail(message) if os.environ.get("CI") == "true" else pytest.skip(message)


@pytest.fixture
def broker(needs_redis: None, tmp_path: Path) -> Iterator[EmbeddedRedis]:
    broker = EmbeddedRedis(tmp_path / "home")
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def in_new_python() -> Callable[[str], str]:
    """Run code in a fresh interpreter; returns what it printed."""

    def run(code: str) -> str:
        return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()

    return run


@pytest.fixture
def wait_until() -> Callable[[Callable[[], object]], None]:
    """Wait until a condition holds; 20 s at most."""

    def wait(condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + 20
        while not condition():
            assert time.monotonic() < deadline, "did not happen within 20 s"
            time.sleep(0.05)

    return wait
