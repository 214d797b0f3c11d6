"""A request's body, straight to disk: counted, never held in memory, never blocking the event loop."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Protocol, Self

import anyio
from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from sonobench_platform.domain.errors import LengthRequired, Refusal, TimedOut
from sonobench_platform.storage.incoming import Incoming

_BLOCK_BYTES = 1 << 20
# A client that is still sending reads the refusal only if its bytes are taken; more than this is not worth it.
_DRAINED_BYTES = 16 << 20
_DRAINED_WITHIN_S = 5.0


class Streamed(Protocol):
    """A request, or a part of one that is streamed by itself."""

    def stream(self) -> AsyncIterator[bytes]: ...


def announced_bytes(request: Request) -> int:
    """Content-Length, which uploads must have.

    Raises:
        LengthRequired: it is missing or not a number.
    """
    text = request.headers.get("content-length", "")
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise LengthRequired("length-required", "Send the body with a Content-Length header; chunked bodies are not taken.")
    return int(text)


@asynccontextmanager
async def received(request: Streamed, accept: Callable[[], Incoming], *, idle_s: float) -> AsyncIterator[Incoming]:
    """The whole body on disk, under a temporary name; it goes at the end of the block unless it was kept.

    Args:
        accept: called in a thread before the first byte is read; refuses, or opens the file.
        idle_s: longest silence of the client.

    Raises:
        Refusal: `accept` refused, the body is too long, the disk is full, or the client fell silent.
        ClientDisconnect: the connection broke.
    """
    try:
        incoming = await run_in_threadpool(accept)
    except Refusal:
        await drain(request)
        raise
    try:
        await _write_all(request, incoming, idle_s)
        yield incoming
    finally:
        # Removing a file of tens of GB takes a while: in a thread, and not interrupted.
        with anyio.CancelScope(shield=True):
            await run_in_threadpool(incoming.close)


async def _write_all(request: Streamed, incoming: Incoming, idle_s: float) -> None:
    buffer = bytearray()
    chunks = aiter(request.stream())
    while True:
        try:
            async with asyncio.timeout(idle_s):
                chunk = await anext(chunks, None)
        except TimeoutError as error:
            raise TimedOut("upload-stalled", f"Nothing came for {idle_s:g} s; nothing was kept, send it again.") from error
        if chunk is not None:
            buffer += chunk
        if len(buffer) >= _BLOCK_BYTES or (chunk is None and buffer):
            await run_in_threadpool(incoming.write, bytes(buffer))
            buffer.clear()
        if chunk is None:
            return


class Chunks:
    """A body's bytes as they come, for whoever has something to do in between. Use as an async context manager."""

    def __init__(self, request: Request) -> None:
        self._stream = aiter(request.stream())
        self._coming: asyncio.Task[bytes | None] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._coming is not None:
            self._coming.cancel()
            await asyncio.gather(self._coming, return_exceptions=True)

    async def next(self, within_s: float) -> bytes | None:
        """The next bytes, or None at the end.

        Raises:
            TimeoutError: nothing came within this time; ask again.
            ClientDisconnect: the connection broke.
        """
        if self._coming is None:
            self._coming = asyncio.ensure_future(_next(self._stream))
        done, _ = await asyncio.wait({self._coming}, timeout=within_s)
        if not done:
            raise TimeoutError
        ended, self._coming = self._coming, None
        return ended.result()


async def _next(stream: AsyncIterator[bytes]) -> bytes | None:
    return await anext(stream, None)


async def drain(request: Streamed) -> None:
    """Take what a client is still sending, for a while, so that it reads the refusal."""
    taken = 0
    # RuntimeError: the whole body was taken before it was refused.
    with contextlib.suppress(TimeoutError, ClientDisconnect, RuntimeError):
        async with asyncio.timeout(_DRAINED_WITHIN_S):
            async for chunk in request.stream():
                taken += len(chunk)
                if taken > _DRAINED_BYTES:
                    return
