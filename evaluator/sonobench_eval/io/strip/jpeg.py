"""A JPEG reduced to its tables, its frame and its scans, each copied as it stands.

Application data (EXIF with its preview, XMP, color profiles) and comments go, and all that follows the end. Two
markers decide how components become colors, JFIF's and Adobe's; they are written anew with that alone.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from typing import NamedTuple

from sonobench_eval.io.strip.refusal import NotStrippable

_START, _END, _SCAN, _JFIF, _ADOBE, _COMMENT = 0xD8, 0xD9, 0xDA, 0xE0, 0xEE, 0xFE
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_TABLES = {0xC4, 0xCC, 0xDB, 0xDC, 0xDD}
_APPLICATION = set(range(0xE0, 0xF0))
_LENGTH = struct.Struct(">H")
_PLAIN_JFIF = b"\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0"
_PLAIN_ADOBE = b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0"
_JFIF_BYTES, _ADOBE_BYTES = 14, 12
# In a scan, FF 00 is a pixel byte FF, FF D0 to FF D7 restarts, FF FF fills; anything else ends it.
_SCAN_ENDS = re.compile(rb"\xff+[^\0\xd0-\xd7\xff]")


class _Segment(NamedTuple):
    """A marker with what belongs to it; `whole` has the scan's data too."""

    marker: int
    body: bytes
    whole: bytes


def stripped_jpeg(data: bytes) -> bytes:
    """See `registry.stripped`."""
    try:
        segments = list(_segments(data))
    except (IndexError, struct.error):
        raise NotStrippable("is damaged: the file is cut short") from None
    markers = [segment.marker for segment in segments]
    if sum(marker in _FRAMES for marker in markers) != 1 or _SCAN not in markers:
        raise NotStrippable("is damaged: a JPEG has one frame and at least one scan")
    ahead = segments[: markers.index(_SCAN)]
    kept = b"".join(segment.whole for segment in segments if segment.marker not in _APPLICATION | {_COMMENT})
    return b"\xff\xd8" + _color_markers(ahead) + kept + b"\xff\xd9"


def _segments(data: bytes) -> Iterator[_Segment]:
    """Every segment up to the end of the picture, marker by marker."""
    at = 2
    while True:
        if data[at] != 0xFF:
            raise NotStrippable("is damaged: there is something between its segments")
        while (marker := data[at + 1]) == 0xFF:
            at += 1
        if marker == _END:
            return
        if marker not in _FRAMES | _TABLES | _APPLICATION | {_SCAN, _COMMENT}:
            raise NotStrippable(f"is no plain JPEG: it has a segment of the kind {marker:02X}")
        end = at + 2 + _LENGTH.unpack_from(data, at + 2)[0]
        body = data[at + 4 : end]
        if marker == _SCAN:
            end = _end_of_scan(data, end)
        yield _Segment(marker, body, data[at:end])
        at = end


def _end_of_scan(data: bytes, start: int) -> int:
    found = _SCAN_ENDS.search(data, start)
    if found is None:
        raise NotStrippable("is damaged: the file is cut short")
    return found.start()


def _color_markers(ahead: list[_Segment]) -> bytes:
    """JFIF's and Adobe's markers where the file has them, with nothing in them but the color transform."""
    # Readers pass over markers that are shorter than they must be.
    jfif = any(
        segment.marker == _JFIF and segment.body.startswith(b"JFIF\0") and len(segment.body) >= _JFIF_BYTES for segment in ahead
    )
    adobe = [segment.body for segment in ahead if segment.marker == _ADOBE and segment.body.startswith(b"Adobe")]
    transforms = [body[_ADOBE_BYTES - 1 : _ADOBE_BYTES] for body in adobe if len(body) >= _ADOBE_BYTES]
    return (_PLAIN_JFIF if jfif else b"") + (_PLAIN_ADOBE + transforms[-1] if transforms else b"")
