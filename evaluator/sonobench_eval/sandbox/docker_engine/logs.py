"""The end of a container's log. Organisers alone see it: a program could print the hidden images."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import docker

from sonobench_eval.sandbox.docker_engine.calls import engine_call
from sonobench_eval.sandbox.docker_engine.streams import log_lines

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
