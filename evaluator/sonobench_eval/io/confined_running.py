"""One running child that decodes, held by the process that started it: two pipes and a piece of shared memory.

The memory is a file without a name (`memfd`), sealed against growing and shrinking, so that nobody can make a touch of it
fatal. It is cut into equal slots, used in turn: file and pixels of one request lie in one slot. A child may write anything
into it at any time, so an array is copied out before anyone looks at it: what is checked and scored cannot be altered after.
"""

from __future__ import annotations

import fcntl
import math
import mmap
import os
import select
import subprocess
import sys
import time
from collections import deque
from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np

from sonobench_eval.io.confined_wire import READY, REPLY, REQUEST, Job, Status
from sonobench_eval.io.findings import FindingCode
from sonobench_eval.io.labels import MOST_BYTES_A_LABEL, Labels
from sonobench_eval.io.sources import printable_name
from sonobench_eval.io.volumes import Affine

START_TIMEOUT_S = 60.0
MOST_AHEAD = 16
"""Requests that a child is given before the first of them is answered; it is told of half as many at once.

Two processes that wake one another for every file spend a tenth of their time on that and on each other's caches.
"""
LEAST_MEMORY_BYTES = 32 * 2**20
"""Shared with each child, at least. Only what is used of it costs memory."""

_PAGE_BYTES = 64 * 2**10
_LONGEST_MESSAGE = 160
_CODES = {
    Status.UNREADABLE: FindingCode.UNREADABLE_IMAGE,
    Status.WRONG_SIZE: FindingCode.WRONG_SIZE,
    Status.NOT_WHOLE_NUMBERS: FindingCode.NOT_WHOLE_NUMBERS,
}
_LABEL_TYPES: dict[int, type[np.unsignedinteger[Any]]] = {1: np.uint8, 2: np.uint16, 4: np.uint32}


class DecoderBroken(Exception):
    """The confined decoder cannot be started here: this machine's trouble, never the fault of a file."""


class ChildDied(Exception):
    """The child has ended, or speaks nonsense."""


class ChildHangs(Exception):
    """The child takes too long."""


class Request(NamedTuple):
    """One file to be read. `shape` is `(height, width)` for a mask and `(planes, height, width)` for a volume."""

    job: Job
    data: bytes
    shape: tuple[int, ...]

    @property
    def out_bytes(self) -> int:
        return math.prod(self.shape) * (1 if len(self.shape) == 2 else MOST_BYTES_A_LABEL)

    @property
    def slot_bytes(self) -> int:
        return _rounded_up(_rounded_up(self.out_bytes, 64) + len(self.data), _PAGE_BYTES)


class Answer(NamedTuple):
    """What became of it: an array of the request's shape, or a problem and its words."""

    array: Labels | None
    coloured: bool = False
    affine: Affine | None = None
    problem: FindingCode | None = None
    detail: str = ""


class RunningChild:
    """A child and the requests it has not answered yet."""

    def __init__(self, process: subprocess.Popen[bytes], memory: mmap.mmap) -> None:
        if process.stdin is None or process.stdout is None:
            raise DecoderBroken("the confined image decoder has no pipes")
        self._process, self._memory = process, memory
        self._in, self._out = process.stdin.fileno(), process.stdout.fileno()
        self._slot_bytes, self._slots, self._next = 0, 0, 0
        self._asked: deque[tuple[Request, int]] = deque()
        self._untold, self._heard = b"", b""
        self.files = 0
        self.confinement: frozenset[str] = frozenset()
        for end in (self._in, self._out):
            os.set_blocking(end, False)

    @classmethod
    def started(cls, *, memory_bytes: int = LEAST_MEMORY_BYTES) -> RunningChild:
        """Start a child that shares so much memory.

        Raises:
            DecoderBroken: it does not start.
        """
        try:
            descriptor, memory = _shared_memory(memory_bytes)
        except OSError as error:
            raise DecoderBroken(f"the confined image decoder gets no shared memory: {error.strerror}") from error
        try:
            child = cls(_process(descriptor, memory_bytes), memory)
        except OSError as error:
            memory.close()
            raise DecoderBroken(f"the confined image decoder cannot be started: {error.strerror}") from error
        finally:
            os.close(descriptor)
        try:
            said = child._read(READY.size, deadline=time.monotonic() + START_TIMEOUT_S)
        except (ChildDied, ChildHangs) as error:
            child.end()
            raise DecoderBroken("the confined image decoder does not start; is sonobench installed whole?") from error
        child.confinement = frozenset(READY.unpack(said)[0].rstrip(b"\0").decode("ascii", "replace").split())
        return child

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def memory_bytes(self) -> int:
        return len(self._memory)

    @property
    def is_idle(self) -> bool:
        """Whether everything asked was answered."""
        return not self._asked

    def can_take(self, request: Request) -> bool:
        """Whether there is a slot for this request now. An idle child has one if its memory is large enough."""
        if self.is_idle:
            return request.slot_bytes <= self.memory_bytes
        return len(self._asked) < self._slots and request.slot_bytes <= self._slot_bytes

    def ask(self, request: Request) -> None:
        """Lay a request before the child, which can take it (`can_take`). It learns of it by `tell`."""
        if self.is_idle:
            self._lay_out(request.slot_bytes)
        out_at = self._next * self._slot_bytes
        data_at = out_at + _rounded_up(request.out_bytes, 64)
        self._memory[data_at : data_at + len(request.data)] = request.data
        planes, height, width = request.shape if len(request.shape) == 3 else (1, *request.shape)
        self._untold += REQUEST.pack(request.job, planes, height, width, out_at, request.out_bytes, data_at, len(request.data))
        self._asked.append((request, out_at))
        self._next = (self._next + 1) % self._slots
        self.files += 1

    def tell(self) -> None:
        """Let the child know of what was laid before it. One that has died is found out when it answers."""
        untold, self._untold = self._untold, b""
        if untold:
            with suppress(OSError):
                os.write(self._in, untold)

    def answer(self, *, timeout_s: float) -> Answer:
        """The answer to the oldest request.

        Raises:
            ChildDied: there will be none.
            ChildHangs: there was none in time.
        """
        said = self._read(REPLY.size, deadline=time.monotonic() + timeout_s)
        status, coloured, item_bytes, length, *affine, message = REPLY.unpack(said)
        request, at = self._asked.popleft()
        if status == Status.DECODED:
            return self._decoded(request, at, bool(coloured), item_bytes, affine)
        if status not in _CODES or length > _LONGEST_MESSAGE:
            raise ChildDied  # It speaks nonsense: something other than our code is running in it.
        detail = printable_name(message[:length].decode("utf-8", "replace"))
        return Answer(None, problem=_CODES[status], detail=detail)

    def end(self) -> None:
        """Kill it."""
        self._process.kill()
        self._process.wait()
        self._let_go()

    def forget(self) -> None:
        """Let go of a child that belongs to another process, from which this one was forked."""
        self._let_go()
        self._process.returncode = 0  # Not ours to wait for: the process that started it will.

    def _decoded(self, request: Request, at: int, coloured: bool, item_bytes: int, rows: list[float]) -> Answer:
        is_mask = len(request.shape) == 2
        if item_bytes not in ({1} if is_mask else _LABEL_TYPES):
            raise ChildDied
        affine = None if is_mask else _affine_of(rows)
        shared = np.frombuffer(self._memory, _LABEL_TYPES[item_bytes], math.prod(request.shape), at)
        return Answer(shared.copy().reshape(request.shape), coloured, affine)

    def _lay_out(self, slot_bytes: int) -> None:
        """Cut the memory into slots of at least this size. What larger ones have left behind is given back."""
        if slot_bytes <= self._slot_bytes <= 4 * slot_bytes:
            return
        if self._slot_bytes > slot_bytes:
            with suppress(OSError):
                self._memory.madvise(mmap.MADV_REMOVE)
        self._slot_bytes, self._next = slot_bytes, 0
        self._slots = min(MOST_AHEAD, self.memory_bytes // slot_bytes)

    def _let_go(self) -> None:
        for end in (self._process.stdin, self._process.stdout):
            if end is not None:
                end.close()
        self._memory.close()

    def _read(self, size: int, *, deadline: float) -> bytes:
        while len(self._heard) < size:
            try:
                part = os.read(self._out, MOST_AHEAD * REPLY.size)
            except BlockingIOError:
                _wait(self._out, deadline)
                continue
            except OSError as error:
                raise ChildDied from error
            if not part:
                raise ChildDied
            self._heard += part
        said, self._heard = self._heard[:size], self._heard[size:]
        return said


def _affine_of(rows: list[float]) -> Affine | None:
    """An affine as the child tells it; None where it tells none, which are all zeros."""
    affine = np.eye(4)
    affine[:3] = np.reshape(rows, (3, 4))
    if not np.isfinite(affine).all():
        raise ChildDied
    return affine if affine[:3].any() else None


def _process(descriptor: int, memory_bytes: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-I", "-m", "sonobench_eval.io.confined_child", str(descriptor), str(memory_bytes)]
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
        # A process with a second thread may not leave its network behind.
        env={"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        cwd="/",
        start_new_session=True,
        pass_fds=[descriptor],
    )


def _shared_memory(size: int) -> tuple[int, mmap.mmap]:
    descriptor = os.memfd_create("sonobench", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        os.ftruncate(descriptor, size)
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL)
        return descriptor, mmap.mmap(descriptor, size)
    except OSError:
        os.close(descriptor)
        raise


def _wait(descriptor: int, deadline: float) -> None:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    if not poll.poll(max(deadline - time.monotonic(), 0) * 1000):
        raise ChildHangs


def _rounded_up(size: int, step: int) -> int:
    return -(-size // step) * step
