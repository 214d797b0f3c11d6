"""A PNG from a stranger, decoded as grey values: header first, then every chunk, and only then the pixels.

Plain grey of 1 or 8 bits, as masks are written, is inflated by zlib-ng and its rows are put together here
(`png_rows.py`). Everything else goes to Pillow, and so does whatever is odd about the pixel data, so that there is one
word on it. What reaches Pillow is not the file but a PNG written anew from its IHDR, PLTE and IDAT chunks: text, colour
profiles, animation and everything else that could be a bomb or a surprise is dropped unread.

What a pixel means, declared once: its grey value as Pillow's mode "L" gives it (luma for colours and palettes,
1, 2 and 4 bit scaled to 0..255). Transparency is ignored. 16 bits per sample are refused: 0/255 and 0/65535
are both common there, and guessing wrong would empty a mask.
"""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import PngImagePlugin

from sonobench_eval.io.inflate import inflated
from sonobench_eval.io.png_rows import undo_filters
from sonobench_eval.io.refused import refuse_size, unreadable

MAX_PIXELS = 64 * 2**20
"""Larger images are refused; 8192 x 8192 is far beyond any ultrasound frame."""

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEADER = struct.Struct(">IIBBBBB")
_CHUNK = struct.Struct(">I4s")
_CRC = struct.Struct(">I")
_GREY, _COLOUR, _PALETTE, _GREY_ALPHA, _COLOUR_ALPHA = 0, 2, 3, 4, 6
_DEPTHS = {_GREY: {1, 2, 4, 8, 16}, _COLOUR: {8, 16}, _PALETTE: {1, 2, 4, 8}, _GREY_ALPHA: {8, 16}, _COLOUR_ALPHA: {8, 16}}


class PngHeader(NamedTuple):
    """What IHDR says."""

    width: int
    height: int
    depth: int
    colour: int
    interlaced: bool


@dataclass(frozen=True, slots=True)
class GreyImage:
    """Decoded pixels, uint8 `(height, width)`. `coloured` notes colour, a palette or transparency."""

    pixels: npt.NDArray[np.uint8]
    coloured: bool


def max_png_bytes(height: int, width: int) -> int:
    """The largest file that a PNG of this size can sensibly be: stored uncompressed as 16-bit RGBA, and a MiB more."""
    return 2**20 + (height * (8 * width + 1) * 33) // 32


def decode_grey(data: bytes | memoryview, *, height: int, width: int, out: npt.NDArray[np.uint8] | None = None) -> GreyImage:
    """Decode a PNG that must be `height` x `width`.

    Args:
        data: the file's bytes, from anyone.
        height, width: in pixels.
        out: where the pixels are to be put, uint8 `(height, width)` in C order; a new array where it is not given.

    Raises:
        ImageRefused: for every other file; whatever the decoder raised or warned about is in the message's place.
    """
    header = read_header(data)
    chunks = read_chunks(data)
    if (header.height, header.width) != (height, width):
        refuse_size((header.height, header.width), (height, width))
    if height * width > MAX_PIXELS:
        raise unreadable(f"more than {MAX_PIXELS:,} pixels")
    if header.depth == 16:
        raise unreadable("16 bits per pixel; write 8")
    kept = essential(chunks)
    if header.colour == _PALETTE and not any(name == b"PLTE" for name, _ in kept):
        raise unreadable("the palette is missing")
    coloured = header.colour != _GREY or any(name == b"tRNS" for name, _ in kept)
    pixels = np.empty((height, width), np.uint8) if out is None else out
    if not _decode_plain(header, kept, pixels):
        # Transparency has no say in what a pixel means.
        png = png_of([(name, body) for name, body in kept if name != b"tRNS"])
        np.copyto(pixels, _pixels(png, height=height, width=width))
    return GreyImage(pixels, coloured)


def _decode_plain(header: PngHeader, kept: Chunks, out: npt.NDArray[np.uint8]) -> bool:
    """Decode plain grey into `out`; False where Pillow is to look at it."""
    if header.colour != _GREY or header.depth not in {1, 8} or header.interlaced:
        return False
    height, width = out.shape
    columns = width if header.depth == 8 else -(-width // 8)
    raw = inflated(pixel_data(kept), height * (columns + 1))
    if raw is None:
        return False
    if header.depth == 8:
        return undo_filters(raw, out)
    packed = np.empty((height, columns), np.uint8)
    if not undo_filters(raw, packed):
        return False
    np.multiply(np.unpackbits(packed, axis=1, count=width), np.uint8(255), out)
    return True


def read_header(data: bytes | memoryview) -> PngHeader:
    """Read and check IHDR from the first 33 bytes of a PNG.

    Raises:
        ImageRefused: this is no PNG, or its header is damaged or contradicts itself.
    """
    if data[:8] != _SIGNATURE:
        raise unreadable("not a PNG file" if data else "the file is empty")
    if len(data) < 33 or data[8:16] != b"\0\0\0\rIHDR" or _CRC.unpack_from(data, 29)[0] != zlib.crc32(data[12:29]):
        raise unreadable("the header is damaged")
    width, height, depth, colour, compression, filtering, interlace = _HEADER.unpack_from(data, 16)
    sensible = depth in _DEPTHS.get(colour, ()) and (compression, filtering) == (0, 0) and interlace in (0, 1)
    if not sensible or not 0 < width < 2**31 or not 0 < height < 2**31:
        raise unreadable("the header makes no sense")
    return PngHeader(width, height, depth, colour, bool(interlace))


Chunks = list[tuple[bytes, memoryview]]


def read_chunks(data: bytes | memoryview) -> Chunks:
    """Every chunk after the signature up to IEND, lengths and CRCs checked. What follows IEND is ignored, as viewers do.

    Raises:
        ImageRefused: it is damaged.
    """
    view, at, found = memoryview(data), 8, []
    while at + 12 <= len(data):
        length, name = _CHUNK.unpack_from(data, at)
        end = at + 8 + length
        if end + 4 > len(data):
            raise unreadable("the file is cut short")
        if _CRC.unpack_from(data, end)[0] != zlib.crc32(view[at + 4 : end]):
            raise unreadable("a checksum is wrong")
        found.append((name, view[at + 8 : end]))
        if name == b"IEND":
            return found
        at = end + 4
    raise unreadable("the file is cut short")


def essential(chunks: Chunks) -> Chunks:
    """The chunks that hold the pixels: IHDR, PLTE, tRNS, IDAT.

    Raises:
        ImageRefused: one is missing or stands twice, or another one is marked as needed.
    """
    names = [name for name, _ in chunks]
    if names.count(b"IHDR") != 1 or names.count(b"PLTE") > 1 or b"IDAT" not in names:
        raise unreadable("chunks are missing or stand twice")
    if unknown := [name for name in names if not name[0] & 0x20 and name not in {b"IHDR", b"PLTE", b"IDAT", b"IEND"}]:
        raise unreadable(f"it needs an unknown chunk {unknown[0].decode('latin-1')!a}")
    return [(name, body) for name, body in chunks if name in {b"IHDR", b"PLTE", b"tRNS", b"IDAT"}]


def png_of(kept: Chunks) -> bytes:
    """A PNG of these chunks alone, in their order, with all pixel data in one IDAT."""
    parts = [(name, bytes(body)) for name, body in kept if name != b"IDAT"]
    parts += [(b"IDAT", bytes(pixel_data(kept))), (b"IEND", b"")]
    return _SIGNATURE + b"".join(
        _CHUNK.pack(len(body), name) + body + _CRC.pack(zlib.crc32(body, zlib.crc32(name))) for name, body in parts
    )


def pixel_data(kept: Chunks) -> bytes | memoryview:
    """All that stands in IDAT chunks, as one."""
    bodies = [body for name, body in kept if name == b"IDAT"]
    return bodies[0] if len(bodies) == 1 else b"".join(bodies)


def _pixels(png: bytes, *, height: int, width: int) -> npt.NDArray[np.uint8]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with PngImagePlugin.PngImageFile(io.BytesIO(png)) as image:
                image.load()
                grey = image if image.mode == "L" else image.convert("L")
                pixels = grey.tobytes()
    # Any error of the decoder, of whatever type, costs this one file and nothing else.
    except Exception as error:
        raise unreadable("the pixels cannot be decoded") from error
    if len(pixels) != height * width:
        raise unreadable("the pixels cannot be decoded")
    return np.frombuffer(pixels, np.uint8).reshape(height, width)
