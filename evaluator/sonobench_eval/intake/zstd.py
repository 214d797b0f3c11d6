"""Reads zstd: frames in a row, skippable ones passed over, block by block, in memory that does not grow.

The library unpacks; the shape of the stream is read here (RFC 8878, section 3). Only so is it known whether a stream
ends where a frame ends (the library's own reader takes a cut stream for a finished one), and only so does each call
give out no more than one block of 128 KiB, whatever the few bytes that went in would unpack to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import zstandard

from sonobench_eval.intake.streams import (
    ZSTD_MAGIC,
    BlockCursor,
    CursorEndedError,
    PatienceWithCrumbs,
    Source,
    StreamDamagedError,
    StreamTruncatedError,
    StreamUnsupportedError,
    is_skippable_zstd,
)
from sonobench_eval.intake.wording import size_text

WINDOW_LIMIT_BYTES = 128 * 2**20
"""The largest window a frame may ask for, as in `zstd --long=27` and every level: the memory that reading it takes."""

_BLOCK_LIMIT_BYTES = 128 * 2**10
_CHECKSUM_BYTES = 4
_RLE_BLOCK, _RESERVED_BLOCK = 1, 3
_DICTIONARY_ID_BYTES = (0, 1, 2, 4)
_CONTENT_SIZE_BYTES = (0, 2, 4, 8)


class _Header(NamedTuple):
    """A frame's header: its bytes behind the magic, and what they say."""

    raw: bytes
    window_bytes: int
    has_dictionary: bool
    has_checksum: bool


@dataclass(slots=True)
class _Frame:
    """A frame that is being read: what unpacks it, and whether a checksum follows its last block."""

    unpacker: zstandard.ZstdDecompressionObj
    has_checksum: bool


class Unzstd:
    """Reads zstd, never more than asked for at a time.

    Raises (from `read`):
        StreamTruncatedError: the stream ends within a frame.
        StreamDamagedError: it is not zstd, a checksum does not fit, or something else follows a frame.
        StreamUnsupportedError: a frame asks for a dictionary, or for more memory than we give.
    """

    def __init__(self, source: Source) -> None:
        self._cursor = BlockCursor(source)
        self._library = zstandard.ZstdDecompressor(max_window_size=WINDOW_LIMIT_BYTES)
        self._frame: _Frame | None = None
        self._ready = memoryview(b"")
        self._patience = PatienceWithCrumbs()

    def read(self, size: int) -> bytes:
        while not self._ready:
            if self._frame is None and not self._next_frame():
                return b""
            if self._frame is not None:
                self._ready = memoryview(self._next_block(self._frame))
            self._patience.judge(len(self._ready))
        data, self._ready = self._ready[:size], self._ready[size:]
        return bytes(data)

    def _next_frame(self) -> bool:
        """Begins the next frame or passes over a skippable one; False at the stream's end."""
        magic = self._cursor.exact(len(ZSTD_MAGIC))
        if not magic:
            return False
        if is_skippable_zstd(magic):
            self._skip()
            return True
        if magic != ZSTD_MAGIC:
            raise StreamDamagedError if len(magic) == len(ZSTD_MAGIC) else StreamTruncatedError
        header = self._header()
        _refuse_what_we_do_not_give(header)
        unpacker = self._library.decompressobj()
        self._unpacked(unpacker, magic + header.raw)
        self._frame = _Frame(unpacker, header.has_checksum)
        return True

    def _skip(self) -> None:
        try:
            self._cursor.skip(int.from_bytes(self._exact(4), "little"))
        except CursorEndedError as error:
            raise StreamTruncatedError from error

    def _header(self) -> _Header:
        descriptor = self._exact(1)[0]
        is_single, has_checksum = bool(descriptor & 0x20), bool(descriptor & 0x04)
        if descriptor & 0x08:
            raise StreamDamagedError  # a bit that must be zero
        window = b"" if is_single else self._exact(1)
        dictionary = self._exact(_DICTIONARY_ID_BYTES[descriptor & 0x03])
        content = self._exact(_CONTENT_SIZE_BYTES[descriptor >> 6] or int(is_single))
        window_bytes = _window_bytes(window[0]) if window else int.from_bytes(content, "little")
        return _Header(bytes([descriptor]) + window + dictionary + content, window_bytes, any(dictionary), has_checksum)

    def _next_block(self, frame: _Frame) -> bytes:
        """Unpacks one block; after the last one the frame is done."""
        head = self._exact(3)
        stated = int.from_bytes(head, "little")
        is_last, kind, size = stated & 1, stated >> 1 & 3, stated >> 3
        if kind == _RESERVED_BLOCK or size > _BLOCK_LIMIT_BYTES:
            raise StreamDamagedError
        stored = head + self._exact(1 if kind == _RLE_BLOCK else size)
        if is_last and frame.has_checksum:
            stored += self._exact(_CHECKSUM_BYTES)
        data = self._unpacked(frame.unpacker, stored)
        if is_last:
            if not frame.unpacker.eof:
                raise StreamDamagedError
            self._frame = None
        return data

    def _exact(self, size: int) -> bytes:
        data = self._cursor.exact(size)
        if len(data) < size:
            raise StreamTruncatedError
        return data

    def _unpacked(self, unpacker: zstandard.ZstdDecompressionObj, stored: bytes) -> bytes:
        try:
            return unpacker.decompress(stored)
        except zstandard.ZstdError as error:
            raise StreamDamagedError from error


def _window_bytes(descriptor: int) -> int:
    """Source: RFC 8878, section 3.1.1.1.2."""
    base = 1 << (10 + (descriptor >> 3))
    return base + base // 8 * (descriptor & 7)


def _refuse_what_we_do_not_give(header: _Header) -> None:
    if header.has_dictionary:
        raise StreamUnsupportedError("zstd with a dictionary", "Compress it without one")
    if header.window_bytes > WINDOW_LIMIT_BYTES:
        needed, given = size_text(header.window_bytes), size_text(WINDOW_LIMIT_BYTES)
        what = f"zstd that needs {needed} of memory to unpack, where {given} are given"
        raise StreamUnsupportedError(what, "Compress it without --long and --ultra")
