"""A NIfTI volume, single file, gzipped or not, with nothing in its header but what its voxels and their place need.

Texts (description, the name of another file, the intent's name), times, display ranges, slice timing and extensions go, and so
does what follows the voxels. Sizes, data type, scaling, units and both ways to say where the volume lies stay: without
them it would be another image.
"""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from typing import NamedTuple

from sonobench_eval.io.strip.refusal import NotStrippable

_GZIP = b"\x1f\x8b"


class _Version(NamedTuple):
    """Where a version of the format has what is needed: `kept` are ranges of bytes, the others (format, offset)."""

    size: int
    magic: bytes
    magic_at: int
    dim: tuple[str, int]
    bits_at: int
    vox_offset: tuple[str, int]
    kept: tuple[tuple[int, int], ...]


_VERSIONS = {
    348: _Version(
        348,
        b"n+1\0",
        344,
        ("8h", 40),
        72,
        ("f", 108),
        ((0, 4), (40, 56), (70, 74), (76, 120), (123, 124), (252, 328), (344, 348)),
    ),
    540: _Version(
        size=540,
        magic=b"n+2\0\r\n\x1a\n",
        magic_at=4,
        dim=("8q", 16),
        bits_at=14,
        vox_offset=("q", 168),
        kept=((0, 80), (104, 168), (176, 192), (344, 496), (500, 504)),
    ),
}
_NO_EXTENSIONS = bytes(4)


def stripped_nifti(data: bytes) -> bytes:
    """See `registry.stripped`."""
    try:
        if data.startswith(_GZIP):
            return gzip.compress(_stripped(gzip.decompress(data)), compresslevel=6, mtime=0)
        return _stripped(data)
    except (struct.error, EOFError, OSError, zlib.error):
        raise NotStrippable("is damaged: it is no whole NIfTI file") from None


def _stripped(data: bytes) -> bytes:
    order, version = _version(data)
    dims = struct.unpack_from(order + version.dim[0], data, version.dim[1])
    (bits,) = struct.unpack_from(f"{order}h", data, version.bits_at)
    (start,) = struct.unpack_from(order + version.vox_offset[0], data, version.vox_offset[1])
    if not 1 <= dims[0] <= 7 or min(dims[1 : dims[0] + 1]) < 1 or bits < 8 or bits % 8 or start != int(start):
        raise NotStrippable("is damaged: its header makes no sense")
    first, size = int(start), math.prod(dims[1 : dims[0] + 1]) * (bits // 8)
    if first < version.size or len(data) < first + size:
        raise NotStrippable("is damaged: the file is cut short")
    header = bytearray(version.size)
    for begin, end in version.kept:
        header[begin:end] = data[begin:end]
    struct.pack_into(order + version.vox_offset[0], header, version.vox_offset[1], version.size + len(_NO_EXTENSIONS))
    return bytes(header) + _NO_EXTENSIONS + data[first : first + size]


def _version(data: bytes) -> tuple[str, _Version]:
    """Byte order and version."""
    for order in "<>":
        version = _VERSIONS.get(struct.unpack_from(f"{order}i", data)[0])
        if version is not None and data[version.magic_at : version.magic_at + len(version.magic)] == version.magic:
            return order, version
    raise NotStrippable("is no NIfTI volume in a single file")
