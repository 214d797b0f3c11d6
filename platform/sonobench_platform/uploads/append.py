"""One PATCH: its bytes go to disk in blocks, and count once they are flushed there and recorded, in this order.

One request writes to an upload at a time. Another one waits for its turn for a few seconds and is told 423 then; a writer whose
client has fallen silent makes room for it. Without a checksum, what came is recorded every few seconds, sooner where somebody
waits, and kept when the connection breaks. With one, the body is kept whole or not at all. No thread is held while nothing comes.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import anyio
from fastapi import Request
from starlette.concurrency import run_in_threadpool

from sonobench_platform.accounts.identity import Identity
from sonobench_platform.core import Core
from sonobench_platform.domain.errors import Refusal, TimedOut
from sonobench_platform.storage.partial import Partial
from sonobench_platform.streaming import Chunks, drain
from sonobench_platform.uploads.finish import finish
from sonobench_platform.uploads.headers import Checksum, ChecksumMismatch
from sonobench_platform.uploads.standing import Standing, bring_to_disk, record, see_standing, too_long

if TYPE_CHECKING:
    from hashlib import _Hash

_BLOCK_BYTES = 1 << 20
_RECORD_BYTES = 64 << 20
_RECORD_EVERY_S = 5.0
_RECORD_FOR_OTHERS_S = 1.0
_LOOK_EVERY_S = 1.0
_MAKES_ROOM_AFTER_S = 2.0
_WAITS_FOR_TURN_S = 4.0


class Locked(Refusal):
    status = 423


class TakenOver(Locked):
    """The client fell silent while another request waited for its turn."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a PATCH says of itself. `body_bytes` is None where it does not say how long it is."""

    offset_bytes: int
    body_bytes: int | None
    checksum: Checksum | None


class Asked(NamedTuple):
    """Who asks for what of which upload."""

    caller: Identity
    upload_id: str
    wanted: Wanted

    def see(self, core: Core) -> Standing:
        return see_standing(core, self.caller, self.upload_id, self.wanted.offset_bytes, self.wanted.body_bytes)


class Appended(NamedTuple):
    """Where the upload stands after a PATCH, and whose it is."""

    offset_bytes: int
    standing: Standing


async def append(core: Core, request: Request, caller: Identity, upload_id: str, wanted: Wanted) -> Appended:
    """Take a PATCH's body; where it was the last one, finish the upload.

    Raises:
        NotFound: there is no such upload of the caller's.
        Gone: it expired, or its submission was cancelled.
        Conflict: another offset is due, or the phase has closed.
        TooLarge: the body goes beyond the announced length; nothing of it was kept.
        Locked: another request is writing.
        ChecksumMismatch: the body, or the whole, is not what was announced.
        TimedOut: the client fell silent.
        NoSpace: the disk is full.
        ClientDisconnect: the connection broke.
    """
    try:
        return await _append(core, request, Asked(caller, upload_id, wanted))
    except (TimedOut, TakenOver):
        raise  # nobody is sending any more
    except Refusal:
        await drain(request)
        raise


async def _append(core: Core, request: Request, asked: Asked) -> Appended:
    await run_in_threadpool(asked.see, core)
    partial = await _my_turn(core, asked.upload_id)
    try:
        standing = await run_in_threadpool(asked.see, core)  # again: from here on nobody else moves the offset
        await _take(core, request, standing, asked.wanted.checksum, partial)
        return Appended(standing.offset_bytes if standing.is_finished else partial.size_bytes, standing)
    finally:
        with anyio.CancelScope(shield=True):
            await run_in_threadpool(partial.close)


async def _take(core: Core, request: Request, standing: Standing, checksum: Checksum | None, partial: Partial) -> None:
    if standing.is_finished:
        return
    await run_in_threadpool(bring_to_disk, core, standing, partial)
    body = _Body(core, standing, partial, checksum)
    await _receive(request, body, idle_s=core.settings.upload_idle_s)
    if partial.size_bytes == standing.size_bytes:
        with anyio.CancelScope(shield=True):  # whole is whole, even if its client has left meanwhile
            await run_in_threadpool(finish, core, standing.upload_id, partial)


async def let_writer_end(core: Core, upload_id: str) -> None:
    """Wait a few seconds for who writes to an upload now: its client may be gone, and what it sent still on its way to disk."""
    try:
        partial = await _my_turn(core, upload_id)
    except Locked:
        return
    await run_in_threadpool(partial.close)


async def _my_turn(core: Core, upload_id: str) -> Partial:
    partials = core.store.partials
    partial = await run_in_threadpool(partials.try_open, upload_id)
    if partial is not None:
        return partial
    turn = await run_in_threadpool(partials.try_wait, upload_id)
    if turn is None:
        raise _locked(upload_id)
    try:
        for _ in range(int(_WAITS_FOR_TURN_S / 0.1)):
            await asyncio.sleep(0.1)
            partial = await run_in_threadpool(partials.try_open, upload_id)
            if partial is not None:
                return partial
        raise _locked(upload_id)
    finally:
        turn.close()


def _locked(upload_id: str) -> Locked:
    detail = f"Another request is writing to {upload_id}; ask for its offset in a few seconds, and go on from there."
    return Locked("upload-locked", detail, headers={"Retry-After": "2"})


class _Body:
    """A PATCH's way to disk. Every method blocks: call them in a thread."""

    def __init__(self, core: Core, standing: Standing, partial: Partial, checksum: Checksum | None) -> None:
        self._core = core
        self._standing = standing
        self._partial = partial
        self._checksum = checksum
        self._hash: _Hash | None = None if checksum is None else checksum.start()
        self._recorded_bytes = standing.offset_bytes
        self._recorded_at = time.monotonic()

    def write(self, block: bytes) -> None:
        """Add a block, and record now and then what is safe."""
        if self._partial.size_bytes + len(block) > self._standing.size_bytes:
            self._partial.begin_at(self._recorded_bytes)
            raise too_long(self._standing.size_bytes)
        self._partial.write(block)
        if self._hash is not None:
            self._hash.update(block)
        elif self._is_due and self._partial.size_bytes < self._standing.size_bytes:
            self.keep()

    @property
    def _is_due(self) -> bool:
        return self._is_late or self._partial.size_bytes - self._recorded_bytes >= _RECORD_BYTES

    @property
    def _is_late(self) -> bool:
        since = time.monotonic() - self._recorded_at
        return since >= _RECORD_EVERY_S or (since >= _RECORD_FOR_OTHERS_S and self.is_awaited)

    def is_slow(self) -> bool:
        """Whether what waits in memory should go to disk now, although it is little."""
        return self._hash is None and self._is_late

    def keep(self) -> None:
        """Everything that was written is safe from here on."""
        safe = self._partial.secure()
        if safe > self._recorded_bytes:
            record(self._core, self._standing, before=self._recorded_bytes, after=safe)
        self._recorded_bytes, self._recorded_at = safe, time.monotonic()

    def end(self) -> None:
        """The body came whole.

        Raises:
            ChecksumMismatch: it is another than was announced; nothing of it is kept.
        """
        if self._checksum is not None and self._hash is not None and self._hash.digest() != self._checksum.digest:
            self._partial.begin_at(self._recorded_bytes)
            detail = f"The body's {self._checksum.algorithm} is not the one in Upload-Checksum; nothing was kept, send it again."
            raise ChecksumMismatch("checksum-mismatch", detail)
        self.keep()

    def break_off(self, rest: bytes) -> None:
        """The body broke off: with a checksum nothing of it is kept, without one all of it."""
        if self._hash is not None:
            self._partial.begin_at(self._recorded_bytes)
            return
        self.write(rest)
        self.keep()

    @property
    def is_awaited(self) -> bool:
        return self._partial.is_awaited


async def _receive(request: Request, body: _Body, *, idle_s: float) -> None:
    buffer = bytearray()
    try:
        async with Chunks(request) as chunks:
            await _fill(chunks, buffer, body, idle_s)
    except Refusal as refused:
        if isinstance(refused, TimedOut | TakenOver):
            await _break_off(body, buffer)
        raise
    except BaseException:
        await _break_off(body, buffer)
        raise
    await run_in_threadpool(body.end)


async def _break_off(body: _Body, buffer: bytearray) -> None:
    with anyio.CancelScope(shield=True):
        await run_in_threadpool(body.break_off, bytes(buffer))


async def _fill(chunks: Chunks, buffer: bytearray, body: _Body, idle_s: float) -> None:
    """Until the end of the body: into the buffer, and from there to disk."""
    heard = time.monotonic()
    while True:
        try:
            chunk = await chunks.next(min(_LOOK_EVERY_S, idle_s))
        except TimeoutError:
            await _wait_on(body, silent_s=time.monotonic() - heard, idle_s=idle_s)
            chunk = b""
        else:
            heard = time.monotonic()
        buffer += chunk or b""
        if buffer and (chunk is None or len(buffer) >= _BLOCK_BYTES or body.is_slow()):
            await run_in_threadpool(body.write, _taken(buffer))
        if chunk is None:
            return


def _taken(buffer: bytearray) -> bytes:
    block = bytes(buffer)
    buffer.clear()
    return block


async def _wait_on(body: _Body, *, silent_s: float, idle_s: float) -> None:
    """Go on waiting for a silent client, unless it has been silent for too long, or another request waits."""
    if silent_s >= idle_s:
        raise TimedOut("upload-stalled", f"Nothing came for {idle_s:g} s; ask for the offset, and go on from there.")
    if silent_s >= _MAKES_ROOM_AFTER_S and await run_in_threadpool(lambda: body.is_awaited):
        raise TakenOver("upload-taken-over", "Nothing came for a while, and another request writes to this upload now.")
