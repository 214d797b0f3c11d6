"""The end of a container's log, once it has ended, and while it runs where somebody may read it then.

Of a run on hidden data organisers alone see it, afterwards: a program could print the hidden images.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from dataclasses import dataclass

import docker
import requests
from docker.errors import DockerException

from sonobench_eval.sandbox.docker_engine.calls import engine_call
from sonobench_eval.sandbox.docker_engine.streams import log_lines
from sonobench_eval.sandbox.port import LIVE_LOG_BYTES, LogFn

log = logging.getLogger(__name__)

TAIL_BYTES = 64 * 1024
RECORD_BYTES = 32
"""What the engine's `local` log driver stores beside each line: two lengths, the stream's name, a time."""


@dataclass(frozen=True, slots=True)
class LogTail:
    text: str
    truncated: bool


def read_log_tail(api: docker.APIClient, container_id: str, *, limit_bytes: int) -> LogTail:
    """The last 64 KiB, and whether the log reached its limit (what was printed before that is lost).

    The driver keeps two files of `limit_bytes` and drops the older one, so after the first rotation it holds at
    least `limit_bytes`: that much is only there when the limit was reached.
    """
    tail: deque[bytes] = deque()
    kept = stored = 0
    with engine_call("read a container's log"):
        for line in log_lines(api, container_id):
            stored += len(line) + RECORD_BYTES
            tail.append(line)
            kept += len(line)
            while kept - len(tail[0]) >= TAIL_BYTES:
                kept -= len(tail.popleft())
    text = b"".join(tail)[-TAIL_BYTES:].decode("utf-8", "replace")
    return LogTail(text, truncated=stored >= 0.95 * limit_bytes)


TOLD_EVERY_S = 4.0
_LAST_ENTRIES = 100
"""Of at most 16 KiB each, as the engine cuts them: what one look may cost is bounded, whatever is printed."""


class LogTeller:
    """Tells the end of a running container's log, now and then. What goes wrong with that harms no run."""

    def __init__(self, api: docker.APIClient, container_id: str, tell: LogFn | None) -> None:
        self._api = api
        self._container_id = container_id
        self._tell = tell
        self._next_at_s = time.monotonic() + TOLD_EVERY_S / 2
        self._told = ""

    def look(self) -> None:
        """Tell it where that is due, wished for, and there is something new."""
        if self._tell is None or time.monotonic() < self._next_at_s:
            return
        self._next_at_s = time.monotonic() + TOLD_EVERY_S
        try:
            text = self._end()
        except (DockerException, requests.RequestException) as error:
            log.info("the log of a running container could not be read: %s", type(error).__name__)
            return
        if text != self._told:
            self._told = text
            self._tell(text)

    def _end(self) -> str:
        tail = b"".join(log_lines(self._api, self._container_id, last=_LAST_ENTRIES))
        return tail[-LIVE_LOG_BYTES:].decode("utf-8", "ignore")
