"""A NIfTI volume of labels from a stranger: header first, size compared, and only then the voxels, part by part.

NIfTI-1 and NIfTI-2 single files, either byte order, plain or gzipped (told by their first bytes, not by their name). What a
voxel means: its stored value, times the slope plus the intercept where the header has them; it must be a whole number from 0 up.
The place is taken as nibabel takes it: the sform, else the qform, else voxel sizes alone.

A gzipped file is never inflated further than its header's voxels and `TRAILING_BYTES`; its checksum must be right.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from sonobench_eval.io.inflate import InflateError, gzip_stream
from sonobench_eval.io.labels import Labels, LabelSink, Room
from sonobench_eval.io.refused import refuse_size, unreadable
from sonobench_eval.io.volumes import MAX_VOXELS, Affine, Geometry, Shape

MAX_VOX_OFFSET = 16 * 2**20
"""Headers and extensions beyond this are refused."""
TRAILING_BYTES = 64 * 2**10
"""So much may follow the voxels; it is ignored. More is a file that does not mean what its header says."""

_TYPES = {
    2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2", 768: "u4", 1024: "i8", 1280: "u8",
}  # fmt: skip
_FARTHEST_MM = 1e9
_ALMOST_0 = 3 * 2.0**-23
_PART_BYTES = 2**19
_FEED_BYTES = 2**17


class Header(NamedTuple):
    """What the header says, checked for sense."""

    shape: Shape
    dtype: np.dtype[np.generic]
    offset: int
    slope: float
    intercept: float
    affine: Affine

    @property
    def data_bytes(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize

    @property
    def is_scaled(self) -> bool:
        return (self.slope, self.intercept) != (1.0, 0.0)


class _Layout(NamedTuple):
    """Where the fields are: NIfTI-1 and NIfTI-2 hold the same ones in another order and width."""

    size: int
    magic_at: int
    magic: bytes
    dim: tuple[str, int]
    kind: tuple[str, int]
    pixdim: tuple[str, int]
    vox_offset: tuple[str, int]
    scaling: tuple[str, int]
    codes: tuple[str, int]
    quaternion: tuple[str, int]
    rows: tuple[str, int]


_NIFTI_1 = _Layout(
    348, 344, b"n+1\0", ("8h", 40), ("2h", 70), ("8f", 76), ("f", 108), ("2f", 112), ("2h", 252), ("6f", 256), ("12f", 280)
)
_NIFTI_2 = _Layout(
    540,
    4,
    b"n+2\0\r\n\x1a\n",
    ("8q", 16),
    ("2h", 12),
    ("8d", 104),
    ("q", 168),
    ("2d", 176),
    ("2i", 344),
    ("6d", 352),
    ("12d", 400),
)


def max_nifti_bytes(shape: Shape) -> int:
    """The largest file that a mask of this shape can sensibly be: 64 bits a voxel, gzipped in vain, and its extensions."""
    return MAX_VOX_OFFSET + TRAILING_BYTES + math.prod(shape) * 8 * 65 // 64


def decode_nifti(data: bytes | memoryview, *, shape: Shape, room: Room | None = None) -> tuple[Labels, Affine]:
    """Decode a mask that must have this shape.

    Args:
        data: the file's bytes, from anyone.
        shape: `(z, y, x)`.
        room: where the labels are to be put (see `LabelSink`).

    Returns:
        Labels `(z, y, x)` and the affine.

    Raises:
        ImageRefused: for every other file. Nothing is allocated for the voxels before the size is known to be right.
    """
    source = _opened(data)
    header = _read_header(source)
    if header.shape != shape:
        refuse_size(header.shape, shape)
    if math.prod(shape) > MAX_VOXELS:
        raise unreadable(f"more than {MAX_VOXELS:,} voxels")
    source.skip(header.offset)
    sink = LabelSink(math.prod(shape), room)
    for part in source.parts(header.data_bytes):
        values = np.frombuffer(part, header.dtype)
        sink.take(_scaled(values, header) if header.is_scaled else values)
    labels = sink.labels().reshape(shape)
    source.end()
    return labels, header.affine


def _scaled(values: npt.NDArray[Any], header: Header) -> npt.NDArray[np.float64]:
    # What becomes infinite here is refused as a label.
    with np.errstate(over="ignore", invalid="ignore"):
        return values.astype(np.float64) * header.slope + header.intercept


def nifti_geometry(data: bytes) -> Geometry:
    """Size and place of a volume from its file's first bytes; `HEAD_BYTES` of them are enough.

    Raises:
        ImageRefused: this is no NIfTI file, or its header makes no sense.
    """
    header = _read_header(_opened(data))
    return Geometry(header.shape, header.affine)


HEAD_BYTES = 4096
"""Of a file, plain or gzipped, that hold its whole header."""


class _Plain:
    """The bytes of a file as they are."""

    def __init__(self, data: bytes | memoryview) -> None:
        self._data, self._at = memoryview(data), 0

    def peek(self, size: int) -> bytes:
        return bytes(self._data[:size])

    def skip(self, offset: int) -> None:
        self._at = offset

    def parts(self, size: int) -> Iterator[bytes | memoryview]:
        if self._at + size > len(self._data):
            raise unreadable("the file is cut short")
        for start in range(self._at, self._at + size, _PART_BYTES):
            yield self._data[start : min(start + _PART_BYTES, self._at + size)]
        self._at += size

    def end(self) -> None:
        if len(self._data) - self._at > TRAILING_BYTES:
            raise unreadable("it has more bytes than its header says")


class _Gzipped:
    """The bytes inside a gzip file, inflated as far as they are asked for. Members that follow one another are one."""

    def __init__(self, data: bytes | memoryview) -> None:
        self._file, self._fed = memoryview(data), 0
        self._stream = gzip_stream()
        self._waiting, self._head = b"", b""

    def peek(self, size: int) -> bytes:
        self._head += self._inflate(size - len(self._head))
        return self._head[:size]

    def skip(self, offset: int) -> None:
        while offset and (part := self._read(min(offset, _PART_BYTES))):
            offset -= len(part)

    def parts(self, size: int) -> Iterator[bytes]:
        while size:
            part = self._read(min(size, _PART_BYTES))
            if len(part) < min(size, _PART_BYTES):
                raise unreadable("the file is cut short")
            size -= len(part)
            yield part

    def end(self) -> None:
        if len(self._read(TRAILING_BYTES + 1)) > TRAILING_BYTES:
            raise unreadable("it has more bytes than its header says")
        if not self._stream.eof:
            raise unreadable("the file is cut short")

    def _read(self, size: int) -> bytes:
        """Exactly `size` bytes, or all that is left; what was peeked at first."""
        head, self._head = self._head[:size], self._head[size:]
        rest = self._inflate(size - len(head))
        return head + rest if head else rest

    def _inflate(self, size: int) -> bytes:
        """Exactly `size` bytes, or all that is left."""
        found = []
        while size > 0 and (part := self._inflate_some(size)):
            found.append(part)
            size -= len(part)
        return found[0] if len(found) == 1 else b"".join(found)

    def _inflate_some(self, size: int) -> bytes:
        while True:
            if self._stream.eof and not self._next_member():
                return b""
            if not self._waiting:
                self._waiting = bytes(self._file[self._fed : self._fed + _FEED_BYTES])
                self._fed += len(self._waiting)
            starved = not self._waiting
            try:
                part: bytes = self._stream.decompress(self._waiting, size)
            except InflateError as error:
                raise unreadable("it cannot be inflated") from error
            self._waiting = self._stream.unconsumed_tail
            if part or (starved and not self._stream.eof):
                return part

    def _next_member(self) -> bool:
        rest = self._stream.unused_data
        if len(rest) < 2:
            rest += bytes(self._file[self._fed : self._fed + 2])
            self._fed += min(2, max(len(self._file) - self._fed, 0))
        if rest[:2] != b"\x1f\x8b":
            return False
        self._stream, self._waiting = gzip_stream(), rest
        return True


def _opened(data: bytes | memoryview) -> _Plain | _Gzipped:
    if not len(data):
        raise unreadable("the file is empty")
    return _Gzipped(data) if data[:2] == b"\x1f\x8b" else _Plain(data)


def _read_header(source: _Plain | _Gzipped) -> Header:
    start = source.peek(_NIFTI_2.size)
    for layout in (_NIFTI_1, _NIFTI_2):
        magic = start[layout.magic_at : layout.magic_at + len(layout.magic)]
        for order in "<>":
            if start[:4] == struct.pack(order + "i", layout.size) and magic == layout.magic:
                return _header_of(start, layout, order)
    raise unreadable("not a NIfTI file")


def _header_of(start: bytes, layout: _Layout, order: str) -> Header:
    def fields(where: tuple[str, int]) -> tuple[float, ...]:
        return struct.unpack_from(order + where[0], start, where[1])

    try:
        dim, (kind, bits), (offset,) = fields(layout.dim), fields(layout.kind), fields(layout.vox_offset)
        geometry = [fields(where) for where in (layout.codes, layout.pixdim, layout.quaternion, layout.rows)]
        slope, intercept = _scaling(*fields(layout.scaling))
    except struct.error as error:
        raise unreadable("the file is cut short") from error
    shape = _shape_of([int(each) for each in dim])
    if int(kind) not in _TYPES:
        raise unreadable(f"voxels of type {int(kind)}; write whole numbers")
    dtype = np.dtype(order + _TYPES[int(kind)])
    if bits != dtype.itemsize * 8 or not _is_offset(offset, layout):
        raise unreadable("the header makes no sense")
    return Header(shape, dtype, int(offset), slope, intercept, _affine(shape, *geometry))


def _shape_of(dim: list[int]) -> Shape:
    """The first three dimensions; all others must be 1."""
    if not 1 <= dim[0] <= 7 or any(each < 1 for each in dim[1 : dim[0] + 1]):
        raise unreadable("the header makes no sense")
    columns, rows, planes, *others = (dim[1 : dim[0] + 1] + [1] * 7)[:7]
    if any(each != 1 for each in others):
        raise unreadable("more than three dimensions")
    return planes, rows, columns


def _is_offset(offset: float, layout: _Layout) -> bool:
    """Behind the header and its four bytes of extension flags."""
    return math.isfinite(offset) and offset == int(offset) and layout.size + 4 <= offset <= MAX_VOX_OFFSET


def _scaling(slope: float, intercept: float) -> tuple[float, float]:
    """A slope of 0, or one that is no number, means that values stand as they are."""
    if slope == 0 or not math.isfinite(slope):
        return 1.0, 0.0
    if not math.isfinite(intercept):
        raise unreadable("the header makes no sense: its intercept is not finite")
    return float(slope), float(intercept)


def _affine(
    shape: Shape, codes: tuple[float, ...], pixdim: tuple[float, ...], quaternion: tuple[float, ...], rows: tuple[float, ...]
) -> Affine:
    by_quaternion, by_rows = codes
    affine = np.eye(4)
    if by_rows > 0:
        affine[:3] = np.array(rows, np.float64).reshape(3, 4)
    elif by_quaternion > 0:
        affine[:3, :3] = _times(_rotation(quaternion[:3]), pixdim)
        affine[:3, 2] *= -1 if pixdim[0] < 0 else 1
        affine[:3, 3] = quaternion[3:]
    else:
        # Nothing but voxel sizes is known; nibabel then centers the volume and lets x run to the left.
        affine[:3, :3] = _times(np.diag((-1.0, 1.0, 1.0)), pixdim)
        affine[:3, 3] = -affine[:3, :3].diagonal() * (np.array(shape[::-1]) - 1) / 2
    if not (np.abs(affine) < _FARTHEST_MM).all() or not affine[:3, :3].any(axis=0).all():
        raise unreadable("the header makes no sense: its affine is none")
    return affine


def _times(axes: npt.NDArray[np.float64], pixdim: tuple[float, ...]) -> npt.NDArray[np.float64]:
    """The three axes, each as long as a voxel."""
    sizes = np.array(pixdim[1:4], np.float64)
    if not (np.abs(sizes) < _FARTHEST_MM).all():
        raise unreadable("the header makes no sense: its voxels have no size")
    return axes * sizes


def _rotation(quaternion: tuple[float, ...]) -> npt.NDArray[np.float64]:
    b, c, d = (float(each) for each in quaternion)
    rest = 1.0 - (b * b + c * c + d * d)
    # Single precision leaves a little more or less than nothing where nothing is meant; much less is no rotation.
    if not rest >= -1e-5:
        raise unreadable("the header makes no sense: its rotation is none")
    a = 0.0 if rest < _ALMOST_0 else math.sqrt(rest)
    return np.array(
        [
            [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
            [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
            [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c],
        ]
    )
