"""Keeps child processes alive, and ends all of them when the parent ends.

A child that dies is started again, after a pause that doubles while it keeps dying early. The private broker is one
of the children in all but its kind: it is looked after first and ended last.
"""

from __future__ import annotations

import logging
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from sonobench_platform.queue.child import end_child, start_child
from sonobench_platform.queue.embedded import EmbeddedRedis, EmbeddedRedisError

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 0.3
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 30.0
_LIVED_LONG_S = 60.0


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """One process to keep alive. Its output is appended to `log`, or joins the parent's stderr where that is None."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path | None = None


class _Kept:
    """A child with its history."""

    def __init__(self, spec: ChildSpec) -> None:
        self.spec = spec
        self.pause_s = 0.0
        self.due_at = 0.0
        self.started_at = 0.0
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = start_child(self.spec.command, log=self.spec.log, environment=self.spec.environment)
        self.started_at = time.monotonic()

    def look(self) -> None:
        """Notice a death and plan the next start, or start where it is due."""
        now = time.monotonic()
        if self.process is None:
            if now >= self.due_at:
                self.start()
        elif (status := self.process.poll()) is not None:
            lived_s = now - self.started_at
            self.pause_s = (
                _FIRST_PAUSE_S if lived_s > _LIVED_LONG_S else min(max(2 * self.pause_s, _FIRST_PAUSE_S), _LONGEST_PAUSE_S)
            )
            self.due_at, self.process = now + self.pause_s, None
            log.error(
                "%s ended with status %d after %.0f s; starting it again in %.1f s", self.spec.name, status, lived_s, self.pause_s
            )


class Supervisor:
    """A `with` block in which the children live. `start_children` may come later than the block's beginning."""

    def __init__(self, children: Sequence[ChildSpec], *, broker: EmbeddedRedis | None, grace_s: float) -> None:
        self._kept = [_Kept(spec) for spec in children]
        self._broker = broker
        self._grace_s = grace_s
        self._ending = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="supervisor", daemon=True)
        self._started = False

    @property
    def pids(self) -> dict[str, int]:
        """The children that live now."""
        return {kept.spec.name: kept.process.pid for kept in self._kept if kept.process is not None}

    def __enter__(self) -> Supervisor:
        self._watcher.start()
        return self

    def start_children(self) -> None:
        """Start the children, in the thread that watches them."""
        self._started = True

    def end(self) -> None:
        """End every child and wait for it. The block's end does the same; twice is harmless."""
        self._ending.set()
        self._watcher.join()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.end()

    def _watch(self) -> None:
        """One thread starts and ends every child: the parent-death signal counts from the thread that started it."""
        while not self._ending.wait(_LOOK_EVERY_S if self._is_settled() else 0.05):
            self._look_after_broker()
            if self._started:
                self._look_after_children()
        self._end_all()

    def _is_settled(self) -> bool:
        return self._started and all(kept.process is not None for kept in self._kept)

    def _look_after_broker(self) -> None:
        try:
            if self._broker is not None and self._broker.restart_if_dead():
                log.error("the broker died and was started again; nothing is lost")
        except (EmbeddedRedisError, OSError) as error:
            log.warning("the broker is away, workers poll: %s", error)

    def _look_after_children(self) -> None:
        for kept in self._kept:
            try:
                kept.look()
            except OSError:
                log.exception("%s cannot be started", kept.spec.name)
                kept.due_at = time.monotonic() + _LONGEST_PAUSE_S

    def _end_all(self) -> None:
        living = [kept.process for kept in self._kept if kept.process is not None]
        for process in living:
            if process.poll() is None:
                process.terminate()
        until = time.monotonic() + self._grace_s
        for process in living:
            end_child(process, grace_s=max(0.1, until - time.monotonic()))
