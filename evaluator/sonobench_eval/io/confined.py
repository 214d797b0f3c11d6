"""Decodes strangers' images in confined, long-lived child processes (`confined_child.py`), one ahead of the other.

A child has no network, no files, no other processes and bounded memory. It is started anew, never forked from this process,
so nothing this process knows is in its memory. What it sends back is checked like any stranger's answer.

A file that crashes or hangs a child costs that file alone: the child is replaced, and what it had been given besides is given
to the next one. While one mask is scored, the child decodes the next few (`decode_stream`).
"""

from __future__ import annotations

import atexit
import os
from collections import deque
from collections.abc import Iterable, Iterator
from threading import Lock
from types import TracebackType
from typing import Generic, Self, TypeVar

import numpy as np

from sonobench_eval.io.confined_running import (
    LEAST_MEMORY_BYTES,
    MOST_AHEAD,
    Answer,
    ChildDied,
    ChildHangs,
    DecoderBroken,
    Request,
    RunningChild,
)
from sonobench_eval.io.confined_wire import Job
from sonobench_eval.io.findings import FindingCode
from sonobench_eval.io.images import MaskForm, MaskRead, MaskRequest, VolumeForm, VolumeRequest, max_mask_bytes, max_volume_bytes
from sonobench_eval.io.volumes import Geometry, VolumeRead, placed

__all__ = ["ConfinedDecoder", "DecoderBroken", "shared_decoder"]

FILE_TIMEOUT_S = 20.0
FILES_PER_CHILD = 20_000
"""A child is replaced after so many files, so that its limit on CPU time can stay a hard one."""
MOST_IDLE = 16
"""Children kept waiting for work."""

_UNREADABLE = FindingCode.UNREADABLE_IMAGE
_MASK_JOBS: dict[MaskForm, Job] = {"png": Job.PNG, "tiff": Job.TIFF}
_VOLUME_JOBS: dict[VolumeForm, Job] = {"nifti": Job.NIFTI_VOLUME, "tiff": Job.TIFF_VOLUME}


Known = TypeVar("Known", MaskRead, VolumeRead)


class ConfinedDecoder:
    """A `Decoder` whose work happens in confined children. Safe to use from several threads; each stream has its own child.

    A child starts with the first file. `close` (or leaving the context) ends those that wait; all end with this process.
    Results of different teams may be given different decoders, so that a child taken over by one team's file never sees
    another's.
    """

    def __init__(self, *, timeout_s: float = FILE_TIMEOUT_S) -> None:
        self._timeout_s = timeout_s
        self._idle: list[RunningChild] = []
        self._lock = Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def decode(self, data: bytes, *, expected: tuple[int, int], form: MaskForm = "png") -> MaskRead:
        """Decode a mask (see `Decoder.decode`).

        Raises:
            DecoderBroken: a child cannot be started.
        """
        (read,) = self.decode_stream([MaskRequest(data, expected, form)])
        return read

    def decode_stream(self, requests: Iterable[MaskRequest | MaskRead]) -> Iterator[MaskRead]:
        """Decode masks in order, a few ahead (see `Decoder.decode_stream`).

        Raises:
            DecoderBroken: a child cannot be started.
        """
        for found in _Stream(self, map(_of_mask, requests)).answers():
            yield found if isinstance(found, MaskRead) else _mask_of(found)

    def decode_volume(self, data: bytes, *, expected: Geometry, form: VolumeForm = "nifti") -> VolumeRead:
        """Decode a volume (see `Decoder.decode_volume`).

        Raises:
            DecoderBroken: a child cannot be started.
        """
        (read,) = self.decode_volume_stream([VolumeRequest(data, expected, form)])
        return read

    def decode_volume_stream(self, requests: Iterable[VolumeRequest | VolumeRead]) -> Iterator[VolumeRead]:
        """Decode volumes in order, one ahead where memory allows (see `Decoder.decode_volume_stream`).

        Raises:
            DecoderBroken: a child cannot be started.
        """
        places: deque[Geometry] = deque()
        for found in _Stream(self, (_of_volume(request, places) for request in requests)).answers():
            place = places.popleft()
            yield found if isinstance(found, VolumeRead) else _volume_of(found, place)

    def confinement(self) -> frozenset[str]:
        """What holds a child: of no_network, other_user, no_capabilities, no_new_privs, limits, seccomp."""
        child = self.borrow()
        self.give_back(child)
        return child.confinement

    def close(self) -> None:
        """End the children that wait for work. The decoder can be used again."""
        with self._lock:
            children, self._idle = self._idle, []
        for child in children:
            child.end()

    def forget(self) -> None:
        """After a fork: let go of the parent's children without touching them."""
        self._lock = Lock()
        children, self._idle = self._idle, []
        for child in children:
            child.forget()

    def borrow(self, *, memory_bytes: int = 0) -> RunningChild:
        """A child that shares at least so much memory, for the borrower alone.

        Raises:
            DecoderBroken: none can be started.
        """
        with self._lock:
            fitting = [child for child in self._idle if child.memory_bytes >= memory_bytes]
            if fitting:
                self._idle.remove(fitting[0])
                return fitting[0]
        return RunningChild.started(memory_bytes=max(memory_bytes, LEAST_MEMORY_BYTES))

    def give_back(self, child: RunningChild) -> None:
        """Take back a borrowed child; one that still owes answers, or has served its time, is ended."""
        with self._lock:
            if child.is_idle and child.files < FILES_PER_CHILD and len(self._idle) < MOST_IDLE:
                self._idle.append(child)
                return
        child.end()

    @property
    def timeout_s(self) -> float:
        """Seconds after which a file that is waited for is given up."""
        return self._timeout_s


class _Stream(Generic[Known]):
    """One pass over requests, in order. What is known already keeps its place among them."""

    def __init__(self, decoder: ConfinedDecoder, requests: Iterator[Request | Known]) -> None:
        self._decoder = decoder
        self._requests: Iterator[Request | Known] = requests
        self._child: RunningChild | None = None
        self._ahead: deque[Request | Known] = deque()
        """In order: what the child was asked and has not answered yet, and what is known, between and after."""
        self._waiting: deque[Request | Known] = deque()
        """In order: what comes after that and was taken already, but not asked."""

    def answers(self) -> Iterator[Answer | Known]:
        try:
            while self._look_ahead():
                found = self._ahead.popleft()
                yield self._answer(found) if isinstance(found, Request) else found
        finally:
            if self._child is not None:
                self._decoder.give_back(self._child)

    def _look_ahead(self) -> bool:
        """Ask the child as much as it can take, several files at once. Returns whether there is anything left to answer."""
        if len(self._ahead) > MOST_AHEAD // 2:
            return True
        while len(self._ahead) < MOST_AHEAD and (self._waiting or self._take_one()):
            upcoming = self._waiting[0]
            if isinstance(upcoming, Request) and not self._is_asked(upcoming):
                break
            self._ahead.append(self._waiting.popleft())
        if self._child is not None:
            self._child.tell()
        return bool(self._ahead)

    def _take_one(self) -> bool:
        for request in self._requests:
            self._waiting.append(request)
            return True
        return False

    def _is_asked(self, request: Request) -> bool:
        """Lay a request before a child if there is one for it now."""
        child = self._child_for(request)
        if child is None:
            return False
        child.ask(request)
        return True

    def _child_for(self, request: Request) -> RunningChild | None:
        child = self._child
        if child is not None and not child.is_idle:
            return child if child.can_take(request) and child.files < FILES_PER_CHILD else None
        if child is not None and (child.files >= FILES_PER_CHILD or not child.can_take(request)):
            self._child = None
            self._decoder.give_back(child)
        if self._child is None:
            self._child = self._decoder.borrow(memory_bytes=2 * request.slot_bytes)
        return self._child

    def _answer(self, request: Request) -> Answer:
        try:
            return self._heard()
        except ChildHangs:
            self._drop_child()
            return Answer(None, problem=_UNREADABLE, detail=f"it takes longer than {self._decoder.timeout_s:g} s to decode")
        except ChildDied:
            # Perhaps the file's doing, perhaps this machine ran out of memory: a second try, alone, tells.
            self._drop_child()
        self._ask_alone(request)
        try:
            return self._heard()
        except (ChildDied, ChildHangs):
            self._drop_child()
            return Answer(None, problem=_UNREADABLE, detail="decoding it ends the decoder")

    def _heard(self) -> Answer:
        if self._child is None:
            raise ChildDied
        return self._child.answer(timeout_s=self._decoder.timeout_s)

    def _ask_alone(self, request: Request) -> None:
        self._child = RunningChild.started(memory_bytes=max(2 * request.slot_bytes, LEAST_MEMORY_BYTES))
        self._child.ask(request)
        self._child.tell()

    def _drop_child(self) -> None:
        """End the child; what it has not answered is to be asked again."""
        child, self._child = self._child, None
        if child is not None:
            child.end()
        self._waiting.extendleft(reversed(self._ahead))
        self._ahead.clear()


def _of_mask(request: MaskRequest | MaskRead) -> Request | MaskRead:
    if isinstance(request, MaskRead):
        return request
    if len(request.data) > max_mask_bytes(request.expected, request.form):
        return MaskRead(None, FindingCode.FILE_TOO_LARGE)
    return Request(_MASK_JOBS[request.form], request.data, request.expected)


def _mask_of(answer: Answer) -> MaskRead:
    array = None if answer.array is None else answer.array.astype(np.uint8, copy=False)
    return MaskRead(array, answer.problem, answer.detail, answer.coloured)


def _of_volume(request: VolumeRequest | VolumeRead, places: deque[Geometry]) -> Request | VolumeRead:
    if isinstance(request, VolumeRead):
        places.append(Geometry((0, 0, 0), None))
        return request
    places.append(request.expected)
    if len(request.data) > max_volume_bytes(request.expected.shape, request.form):
        return VolumeRead(None, problem=FindingCode.FILE_TOO_LARGE)
    return Request(_VOLUME_JOBS[request.form], request.data, request.expected.shape)


def _volume_of(answer: Answer, place: Geometry) -> VolumeRead:
    if answer.array is None:
        return VolumeRead(None, None, answer.problem, answer.detail)
    return placed(answer.array, answer.affine, place)


_SHARED = ConfinedDecoder()


def shared_decoder() -> ConfinedDecoder:
    """The decoder of this process, for all results it reads; its child starts with the first mask."""
    return _SHARED


atexit.register(_SHARED.close)
os.register_at_fork(after_in_child=_SHARED.forget)
