from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from infra.real_services import RedisServer

from sonobench_platform.queue.embedded import EmbeddedRedis

WITHIN_S = 60.0
"""Only what never happens takes as long: a busy machine may need seconds to start an interpreter."""


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


class RealBroker:
    """A Redis on a port, with the few verbs of `EmbeddedRedis` that the tests of sending and consuming use."""

    def __init__(self) -> None:
        self._server = RedisServer()
        self.broker_url = self._server.url()

    @property
    def pid(self) -> int | None:
        return self._server.pid

    def start(self) -> None:
        self._server.start()
        self.broker_url = self._server.url()

    def stop(self) -> None:
        self._server.end(signal.SIGTERM)

    def restart_if_dead(self) -> None:
        if self.pid is None:
            self._server.start()

    def close(self) -> None:
        self._server.stop()


@pytest.fixture(params=["embedded", "redis on a port"])
def any_broker(request: pytest.FixtureRequest, needs_redis: None) -> Iterator[EmbeddedRedis | RealBroker]:
    """The private broker, and the one of production."""
    if request.param == "embedded":
        yield request.getfixturevalue("broker")
        return
    broker = RealBroker()
    broker.start()
    yield broker
    broker.close()


@pytest.fixture
def in_new_python() -> Callable[[str], str]:
    """Run code in a fresh interpreter; returns what it printed."""

    def run(code: str) -> str:
        return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()

    return run


@pytest.fixture
def wait_until() -> Callable[[Callable[[], object]], None]:
    """Wait until a condition holds."""

    def wait(condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + WITHIN_S
        while not condition():
            assert time.monotonic() < deadline, f"did not happen within {WITHIN_S:g} s"
            time.sleep(0.05)

    return wait
