"""Decodes strangers' images in a confined, long-lived child process (`confined_child.py`).

The child has no environment, no network, no files, no other processes and bounded memory; bytes go in by one
pipe and pixels come back by another. It is started anew, never forked from this process, so nothing this
process knows is in its memory. What it sends back is checked like any stranger's answer.

A file that crashes or hangs the child costs that file alone: the child is replaced.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import select
import subprocess
import sys
import time
from contextlib import suppress
from threading import Lock
from types import TracebackType
from typing import Self

import numpy as np

from sonobench_eval.io.confined_child import READY, REPLY, REQUEST, Status
from sonobench_eval.io.findings import FindingCode
from sonobench_eval.io.images import MaskRead, max_png_bytes, refusal
from sonobench_eval.io.png import PngFault
from sonobench_eval.io.sources import printable_name

FILE_TIMEOUT_S = 20.0
START_TIMEOUT_S = 60.0
FILES_PER_CHILD = 20_000
"""A child is replaced after so many files, so that its limit on CPU time can stay a hard one."""
_PIPE_BYTES = 2**20
_LONGEST_MESSAGE = 200


class DecoderBroken(Exception):
    """The confined decoder cannot be started here: this machine's trouble, never the fault of a file."""


class _ChildDied(Exception):
    pass


class _ChildHangs(Exception):
    pass


class ConfinedDecoder:
    """A `Decoder` whose work happens in the confined child. Safe to use from several threads, one file at a time.

    The child starts with the first file. `close` (or leaving the context) ends it; it also ends with this process.
    """

    def __init__(self, *, timeout_s: float = FILE_TIMEOUT_S) -> None:
        self._timeout_s = timeout_s
        self._child: _Child | None = None
        self._lock = Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def decode(self, data: bytes, *, expected: tuple[int, int]) -> MaskRead:
        """Decode a mask (see `Decoder.decode`).

        Raises:
            DecoderBroken: the child cannot be started.
        """
        if len(data) > max_png_bytes(*expected):
            return MaskRead(None, FindingCode.FILE_TOO_LARGE)
        with self._lock:
            try:
                return self._decode_once(data, expected)
            except _ChildHangs:
                return refusal(PngFault.UNREADABLE, f"it takes longer than {self._timeout_s:g} s to decode")
            except _ChildDied:
                # Perhaps the file's doing, perhaps this machine ran out of memory: a second try tells.
                return self._decode_again(data, expected)

    def confinement(self) -> frozenset[str]:
        """What holds the child: of no_network, other_user, no_capabilities, no_new_privs, limits, seccomp."""
        with self._lock:
            return self._ready().confinement

    def close(self) -> None:
        """End the child, if there is one. The decoder can be used again."""
        with self._lock:
            self._end()

    def forget(self) -> None:
        """After a fork: let go of the parent's child without touching it."""
        self._lock = Lock()
        if self._child is not None:
            self._child.let_go()
            self._child = None

    def _decode_once(self, data: bytes, expected: tuple[int, int]) -> MaskRead:
        child = self._ready()
        try:
            return child.decode(data, expected, deadline=time.monotonic() + self._timeout_s)
        except (_ChildDied, _ChildHangs):
            self._end()
            raise

    def _decode_again(self, data: bytes, expected: tuple[int, int]) -> MaskRead:
        try:
            return self._decode_once(data, expected)
        except (_ChildDied, _ChildHangs):
            return refusal(PngFault.UNREADABLE, "decoding it ends the decoder")

    def _ready(self) -> _Child:
        if self._child is not None and self._child.files >= FILES_PER_CHILD:
            self._end()
        if self._child is None:
            self._child = _Child.started()
        return self._child

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.end()


class _Child:
    """One running child and its two pipes."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        if process.stdin is None or process.stdout is None:
            raise DecoderBroken("the confined image decoder has no pipes")
        self._process = process
        self._in, self._out = process.stdin.fileno(), process.stdout.fileno()
        self.files = 0
        self.confinement: frozenset[str] = frozenset()
        for end in (self._in, self._out):
            os.set_blocking(end, False)
            with suppress(OSError):
                fcntl.fcntl(end, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)

    @classmethod
    def started(cls) -> _Child:
        command = [sys.executable, "-I", "-m", "sonobench_eval.io.confined_child"]
        pipe, nothing = subprocess.PIPE, subprocess.DEVNULL
        try:
            process = subprocess.Popen(
                command,
                stdin=pipe,
                stdout=pipe,
                stderr=nothing,
                bufsize=0,
                env={"OPENBLAS_NUM_THREADS": "1"},
                cwd="/",
                start_new_session=True,
            )
        except OSError as error:
            raise DecoderBroken(f"the confined image decoder cannot be started: {error.strerror}") from error
        child = cls(process)
        try:
            said = child._read(READY.size, deadline=time.monotonic() + START_TIMEOUT_S)
        except (_ChildDied, _ChildHangs) as error:
            child.end()
            raise DecoderBroken("the confined image decoder does not start; is sonobench installed whole?") from error
        child.confinement = frozenset(READY.unpack(said)[0].rstrip(b"\0").decode("ascii", "replace").split())
        return child

    def decode(self, data: bytes, expected: tuple[int, int], *, deadline: float) -> MaskRead:
        height, width = expected
        self.files += 1
        self._write(REQUEST.pack(height, width, len(data)) + data, deadline=deadline)
        status, coloured, length = REPLY.unpack(self._read(REPLY.size, deadline=deadline))
        if status == Status.DECODED and length == height * width:
            pixels = np.frombuffer(self._read(length, deadline=deadline), np.uint8).reshape(expected)
            return MaskRead(pixels, coloured=bool(coloured))
        if status not in (Status.UNREADABLE, Status.WRONG_SIZE) or length > _LONGEST_MESSAGE:
            raise _ChildDied  # It speaks nonsense: something other than our code is running in it.
        message = printable_name(self._read(length, deadline=deadline).decode("utf-8", "replace"))
        return refusal(PngFault.WRONG_SIZE if status == Status.WRONG_SIZE else PngFault.UNREADABLE, message)

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        self._close_pipes()

    def let_go(self) -> None:
        self._close_pipes()
        self._process.returncode = 0  # Not ours to wait for: the process that started it will.

    def _close_pipes(self) -> None:
        for end in (self._process.stdin, self._process.stdout):
            if end is not None:
                end.close()

    def _write(self, data: bytes, *, deadline: float) -> None:
        left = memoryview(data)
        while left:
            try:
                left = left[os.write(self._in, left) :]
            except BlockingIOError:
                self._wait(self._in, select.POLLOUT, deadline)
            except OSError as error:
                raise _ChildDied from error

    def _read(self, size: int, *, deadline: float) -> bytes:
        found = bytearray(size)
        left = memoryview(found)
        while left:
            try:
                count = os.readv(self._out, [left])
            except BlockingIOError:
                self._wait(self._out, select.POLLIN, deadline)
                continue
            except OSError as error:
                raise _ChildDied from error
            if count == 0:
                raise _ChildDied
            left = left[count:]
        return bytes(found)

    @staticmethod
    def _wait(descriptor: int, event: int, deadline: float) -> None:
        poll = select.poll()
        poll.register(descriptor, event)
        if not poll.poll(max(deadline - time.monotonic(), 0) * 1000):
            raise _ChildHangs


_SHARED = ConfinedDecoder()


def shared_decoder() -> ConfinedDecoder:
    """The decoder of this process: one child for all results it reads, started with the first mask."""
    return _SHARED


atexit.register(_SHARED.close)
os.register_at_fork(after_in_child=_SHARED.forget)
