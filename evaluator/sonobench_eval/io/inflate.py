"""Inflating what strangers deflated, by zlib-ng: a stream of zlib or gzip never makes more bytes than were asked for."""

from __future__ import annotations

from typing import Any

from zlib_ng import zlib_ng

InflateError: type[Exception] = zlib_ng.error  # type: ignore[assignment]  # Its stubs take the class for an instance.
"""The stream is damaged."""


def gzip_stream() -> Any:
    """What inflates one member of a gzip file, piece by piece (as `zlib.decompressobj` does)."""
    return zlib_ng.decompressobj(wbits=31)


def inflated(body: bytes | memoryview, size: int) -> bytes | None:
    """The `size` bytes that a zlib stream holds; None where it is damaged or holds any other number of bytes."""
    stream = zlib_ng.decompressobj()
    try:
        raw = stream.decompress(body, size + 1)
    except InflateError:
        return None
    whole = stream.eof and not stream.unused_data
    return raw if whole and len(raw) == size else None
