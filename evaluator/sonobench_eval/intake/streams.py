"""Byte streams of an upload: sections of a file, bounded gunzip, and cursors a tar is walked with. (zstd is in `zstd.py`.)

Everything reads forward in blocks of at most 1 MiB, so memory stays the same whatever was uploaded.
"""

from __future__ import annotations

import os
import re
import zlib
from typing import BinaryIO, Protocol

BLOCK_BYTES = 2**20
_FIRST_PIECE_BYTES = 2**10
_ZEROS = re.compile(rb"\0+")

GZIP_MAGIC = b"\x1f\x8b"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
READ_COMPRESSIONS = frozenset({"gzip", "zstd"})
OTHER_COMPRESSIONS: tuple[tuple[bytes, str], ...] = (
    (b"\xfd7zXZ\x00", "xz"),
    (b"BZh", "bzip2"),
    (b"\x04\x22\x4d\x18", "lz4"),
)


class StreamDamagedError(Exception):
    """The bytes are not what their header promised (a wrong checksum, nonsense between gzip members)."""


class StreamTruncatedError(Exception):
    """The upload's bytes end before they should."""


class StreamUnsupportedError(Exception):
    """Sound bytes that are not read here; `what` completes 'It is compressed with ...', `cure` says what to do."""

    def __init__(self, what: str, cure: str) -> None:
        super().__init__(f"{what}; {cure}")
        self.what = what
        self.cure = cure


class CursorEndedError(Exception):
    """What a cursor walks ends before it should."""


class Source(Protocol):
    """Something that is read forward."""

    def read(self, size: int) -> bytes:
        """At most `size` bytes; none at the end only."""


class Cursor(Protocol):
    """What a tar is walked with: exact reads and skips."""

    def exact(self, size: int) -> bytes:
        """Exactly `size` bytes, or fewer where the stream ends first."""

    def skip(self, size: int) -> None:
        """Passes over `size` bytes.

        Raises:
            CursorEndedError: the stream ends first.
        """

    def position(self) -> int:
        """Bytes passed so far."""


class Section:
    """`size` bytes of a seekable file from `offset` on. Sections of one file must not be read in turns."""

    def __init__(self, file: BinaryIO, offset: int, size: int) -> None:
        self._file = file
        self._left = size
        file.seek(offset)

    def read(self, size: int) -> bytes:
        data = self._file.read(min(size, self._left))
        if not data and self._left:
            raise StreamTruncatedError
        self._left -= len(data)
        return data


class PatienceWithCrumbs:
    """Ends a stream of pieces that unpack to nothing, or to next to nothing: a gigabyte of them is many minutes of work.

    Every piece costs about as much as a hundred bytes of content. Those that programs write have 512 bytes and more, a
    tar's block: some pack each file of a layer as a piece of its own.
    """

    LIMIT = 100_000
    CRUMB_BYTES = 256

    def __init__(self) -> None:
        self._steps = 0
        self._bytes = 0

    def judge(self, unpacked_bytes: int) -> None:
        """Counts one step of unpacking.

        Raises:
            StreamDamagedError: there were too many for what they gave.
        """
        self._steps += 1
        self._bytes += unpacked_bytes
        if self._steps > self.LIMIT + self._bytes // self.CRUMB_BYTES:
            raise StreamDamagedError


class Gunzip:
    """Reads gzip, several members in a row included (as Go and gzip do), never more than asked for at a time."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._pending = memoryview(b"")
        self._member: zlib._Decompress | None = zlib.decompressobj(wbits=31)
        self._piece_bytes = _FIRST_PIECE_BYTES
        self._patience = PatienceWithCrumbs()

    def read(self, size: int) -> bytes:
        while self._member is not None:
            data = self._step(self._member, size)
            self._patience.judge(len(data))
            if data:
                return data
        return b""

    def _step(self, member: zlib._Decompress, size: int) -> bytes:
        if not self._pending:
            self._pending = memoryview(self._source.read(BLOCK_BYTES))
        # What is left of a piece is copied by the library. They start small, so that members of a few bytes cost little.
        piece = self._pending[: self._piece_bytes]
        try:
            data = member.decompress(piece, size)
        except zlib.error as error:
            raise StreamDamagedError from error
        left = len(member.unconsumed_tail) + len(member.unused_data)
        self._pending = self._pending[len(piece) - left :]
        self._piece_bytes = min(2 * self._piece_bytes, BLOCK_BYTES)
        if member.eof:
            self._next_member()
        elif not piece and not data:
            raise StreamTruncatedError
        return data

    def _next_member(self) -> None:
        """After a member comes another, or nothing but zero padding up to the end."""
        while rest := self._pending or memoryview(self._source.read(BLOCK_BYTES)):
            zeros = _ZEROS.match(rest)
            self._pending = rest[zeros.end() :] if zeros else rest
            if self._pending:
                self._member, self._piece_bytes = zlib.decompressobj(wbits=31), _FIRST_PIECE_BYTES
                return
        self._member = None


class FileCursor:
    """Walks a seekable file; skipping costs nothing."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._size = file.seek(0, os.SEEK_END)
        file.seek(0)

    def exact(self, size: int) -> bytes:
        return self._file.read(size)

    def skip(self, size: int) -> None:
        if self.position() + size > self._size:
            raise CursorEndedError
        self._file.seek(size, os.SEEK_CUR)

    def position(self) -> int:
        return self._file.tell()


class BlockCursor:
    """Walks a forward-only source, which it reads in whole blocks."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._block = b""
        self._at = 0
        self._before = 0

    def exact(self, size: int) -> bytes:
        at = self._at
        if at + size <= len(self._block):
            self._at = at + size
            return self._block[at : at + size]
        parts: list[bytes] = []
        while size and self._refill():
            parts.append(self._block[self._at : self._at + size])
            self._at += len(parts[-1])
            size -= len(parts[-1])
        return b"".join(parts)

    def skip(self, size: int) -> None:
        while size:
            if not self._refill():
                raise CursorEndedError
            step = min(size, len(self._block) - self._at)
            self._at += step
            size -= step

    def position(self) -> int:
        return self._before + self._at

    def drain(self) -> None:
        """Reads to the end."""
        while self._refill():
            self._at = len(self._block)

    def _refill(self) -> bool:
        """True while there are bytes at hand."""
        if self._at == len(self._block):
            self._before += self._at
            self._block, self._at = self._source.read(BLOCK_BYTES), 0
        return bool(self._block)


def compression_of(head: bytes) -> str | None:
    """'gzip', 'zstd', the name of a compression we don't read, or None for bytes that look uncompressed."""
    if head.startswith(GZIP_MAGIC):
        return "gzip"
    if head.startswith(ZSTD_MAGIC) or is_skippable_zstd(head):
        return "zstd"
    return next((name for magic, name in OTHER_COMPRESSIONS if head.startswith(magic)), None)


def is_skippable_zstd(head: bytes) -> bool:
    """True for bytes that begin with the magic of a frame that carries no content (pzstd writes such)."""
    return head[1:4] == b"\x2a\x4d\x18" and 0x50 <= head[0] <= 0x5F
