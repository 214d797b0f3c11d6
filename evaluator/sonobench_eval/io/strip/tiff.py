"""A TIFF with nothing but the fields that its pixels need, and the pixels.

Nothing is searched for and wiped: an empty file of the same length is made, and what decoding needs is copied into it
where it stood. So no description, date, thumbnail or maker's note survives, wherever in the file it was.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from sonobench_eval.io.strip.refusal import NotStrippable

_BYTES_OF_TYPE = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
_WIDTH, _BITS, _COMPRESSION, _JPEG_TABLES = 256, 258, 259, 347
_NEEDED = frozenset(
    {
        *(_WIDTH, 257, _BITS, _COMPRESSION, 262),  # width, height, bits, compression, meaning of the values
        *(266, 273, 274, 277, 278, 279, 284),  # bit order, strips, orientation, samples, rows, counts, planes
        *(292, 293, 317, 320),  # fax options, predictor, palette
        *(322, 323, 324, 325),  # tiles
        *(332, 338, 339, 340, 341, _JPEG_TABLES),  # inks, extra samples, sample format and range, JPEG tables
        *(529, 530, 531, 532),  # YCbCr
    }
)
_WHERE_AND_HOW_LONG = ((273, 279), (324, 325))
_OLD_JPEG = 6


class _Field(NamedTuple):
    """One entry of the directory: its 12 bytes, and where its values lie."""

    tag: int
    kind: int
    length: int
    entry: bytes
    values: range


def stripped_tiff(data: bytes) -> bytes:
    """See `registry.stripped`."""
    order = "<" if data[:2] == b"II" else ">"
    try:
        directory = struct.unpack_from(f"{order}I", data, 4)[0]
        fields = {field.tag: field for field in _fields(data, directory, order)}
        pixels = _pixels(data, fields, order)
    except struct.error:
        raise NotStrippable("is damaged: the file is cut short") from None
    kept = [field for tag, field in fields.items() if tag in _NEEDED]
    empty = bytearray(len(data))
    for span in (range(8), *pixels, *(field.values for field in kept)):
        if span.stop > len(data):
            raise NotStrippable("is damaged: the file is cut short")
        empty[span.start : span.stop] = data[span.start : span.stop]
    table = struct.pack(f"{order}H", len(kept)) + b"".join(field.entry for field in kept) + bytes(4)
    empty[directory : directory + len(table)] = table
    ends = (directory + len(table), *(span.stop for span in pixels), *(field.values.stop for field in kept))
    return bytes(empty[: max(ends)])


def _fields(data: bytes, directory: int, order: str) -> Iterator[_Field]:
    count = struct.unpack_from(f"{order}H", data, directory)[0]
    for at in range(directory + 2, directory + 2 + 12 * count, 12):
        tag, kind, values = struct.unpack_from(f"{order}HHI", data, at)
        size = _BYTES_OF_TYPE.get(kind, 1) * values
        start = at + 8 if size <= 4 else struct.unpack_from(f"{order}I", data, at + 8)[0]
        # What fits into the entry itself is copied with it.
        yield _Field(tag, kind, values, data[at : at + 12], range(start, start + size) if size > 4 else range(0))
    if struct.unpack_from(f"{order}I", data, directory + 2 + 12 * count)[0]:
        raise NotStrippable("holds more than one picture; save the one that is meant as a file of its own")


def _pixels(data: bytes, fields: dict[int, _Field], order: str) -> list[range]:
    """Where strips or tiles lie."""
    if _numbers(data, fields.get(_COMPRESSION), order)[:1] == (_OLD_JPEG,):
        raise NotStrippable("is of an old JPEG kind of TIFF; save it as a PNG")
    for where, how_long in _WHERE_AND_HOW_LONG:
        starts, sizes = (_numbers(data, fields.get(tag), order) for tag in (where, how_long))
        if starts and len(starts) == len(sizes):
            return [range(start, start + size) for start, size in zip(starts, sizes, strict=True)]
    raise NotStrippable("is damaged: it does not say where its pixels are")


def _numbers(data: bytes, field: _Field | None, order: str) -> tuple[int, ...]:
    if field is None or field.kind not in {3, 4}:
        return ()
    source, at = (data, field.values.start) if field.values else (field.entry, 8)
    return struct.unpack_from(f"{order}{field.length}{'H' if field.kind == 3 else 'I'}", source, at)
