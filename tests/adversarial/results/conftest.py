from __future__ import annotations

import struct
import zlib
from collections.abc import Callable

import pytest

Chunks = list[tuple[bytes, bytes]]


@pytest.fixture
def png_from() -> Callable[[Chunks], bytes]:
    """A PNG built chunk by chunk, with right checksums."""

    def build(chunks: Chunks) -> bytes:
        parts = [struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks]
        return b"\x89PNG\r\n\x1a\n" + b"".join(parts)

    return build


@pytest.fixture
def header() -> Callable[..., tuple[bytes, bytes]]:
    """An IHDR chunk."""

    def build(width: int, height: int, depth: int = 8, colour: int = 0, interlace: int = 0) -> tuple[bytes, bytes]:
        return b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace)

    return build
