"""A form's body (RFC 7578) up to its file, which is its last part: the fields before it, and the file's bytes as they come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

from fastapi import Request
from python_multipart.multipart import parse_options_header

from sonobench_platform.domain.errors import BadRequest, TimedOut

_FILE = "image"
_MOST_HEAD_BYTES = 64 << 10
_BLANK_LINE = b"\r\n\r\n"


@dataclass
class _Head:
    """What came of a body so far, before its file. `consumed_bytes` are of parts that were taken out of `waiting`."""

    mark: bytes
    waiting: bytearray = field(default_factory=bytearray)
    consumed_bytes: int = 0
    fields: dict[str, str] = field(default_factory=dict)

    def feed(self, chunk: bytes) -> bool:
        """Whether the file has begun; then `waiting` holds its first bytes, and `consumed_bytes` is where it begins.

        Raises:
            BadRequest: this is no form, or its fields are longer than any of ours.
        """
        self.waiting += chunk
        while (end := self.waiting.find(_BLANK_LINE)) >= 0:
            name, is_file = _part_of(bytes(self.waiting[:end]), self.mark)
            value_at = end + len(_BLANK_LINE)
            if is_file:
                self._take(value_at)
                return True
            value_end = self.waiting.find(b"\r\n" + self.mark, value_at)
            if value_end < 0:
                break
            self.fields[name] = self.waiting[value_at:value_end].decode("utf-8", "replace")
            self._take(value_end + 2)
        if len(self.waiting) + self.consumed_bytes > _MOST_HEAD_BYTES:
            raise _broken()
        return False

    def _take(self, count: int) -> None:
        del self.waiting[:count]
        self.consumed_bytes += count


class FilePart:
    """The file of a form. `size_bytes` is exactly how long it is, if the form ends behind it."""

    def __init__(self, head: _Head, rest: AsyncIterator[bytes], announced_bytes: int) -> None:
        self._tail = b"\r\n" + head.mark + b"--\r\n"
        self._first = bytes(head.waiting)
        self._rest = rest
        self.fields: Mapping[str, str] = head.fields
        self.size_bytes = announced_bytes - head.consumed_bytes - len(self._tail)

    async def stream(self) -> AsyncIterator[bytes]:
        """The file's bytes, in the blocks in which they come. What stands behind them is the form's end, or the form is broken.

        Raises:
            BadRequest: something else stands there; the last block was not given then.
        """
        left, behind = self.size_bytes, bytearray()
        async for chunk in self._chunks():
            own = chunk[:left] if left > 0 else b""
            behind += chunk[len(own) :]
            left -= len(own)
            if own:
                yield own
        if left == 0 and bytes(behind) != self._tail:
            raise _broken()

    async def _chunks(self) -> AsyncIterator[bytes]:
        first, self._first = self._first, b""
        if first:
            yield first
        async for chunk in self._rest:
            yield chunk


async def read_file_part(request: Request, announced_bytes: int, *, idle_s: float) -> FilePart:
    """The form's fields and its file, of which nothing but the beginning was read.

    Args:
        announced_bytes: how long the body is as a whole.
        idle_s: longest silence of the client.

    Raises:
        BadRequest: the body is no form, or has no file in its last part.
        TimedOut: the client fell silent.
        ClientDisconnect: the connection broke.
    """
    head, chunks = _Head(_mark_of(request)), aiter(request.stream())
    while True:
        try:
            async with asyncio.timeout(idle_s):
                chunk = await anext(chunks, None)
        except TimeoutError as error:
            raise TimedOut("upload-stalled", f"Nothing came for {idle_s:g} s; nothing was kept, send it again.") from error
        if chunk is None:
            raise _broken()
        if head.feed(chunk):
            return FilePart(head, chunks, announced_bytes)


def _mark_of(request: Request) -> bytes:
    """What stands between the form's parts."""
    kind, options = parse_options_header(request.headers.get("content-type"))
    boundary = options.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not 1 <= len(boundary) <= 70:
        raise _broken()
    return b"--" + boundary


def _part_of(head: bytes, mark: bytes) -> tuple[str, bool]:
    """The name of a part, and whether it is the file."""
    first, *lines = head.split(b"\r\n")
    for line in lines:
        title, _colon, value = line.partition(b":")
        if first == mark and title.strip().lower() == b"content-disposition":
            _kind, options = parse_options_header(value.strip())
            name = options.get(b"name", b"").decode("utf-8", "replace")
            is_file = b"filename" in options
            if is_file != (name == _FILE):
                break
            return name, is_file
    raise _broken()


def _broken() -> BadRequest:
    return BadRequest("bad-form", "The form cannot be read. Send it from its own page; nothing was kept.")
