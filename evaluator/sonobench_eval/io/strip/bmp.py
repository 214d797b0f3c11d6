"""A BMP with nothing but sizes, palette and pixels.

Resolution, reserved fields and color profile become zero, as does what lies between the palette and the pixels; what
follows the pixels goes.
"""

from __future__ import annotations

import struct

from sonobench_eval.io.strip.refusal import NotStrippable

_FILE_HEADER = 14
_CORE, _INFO, _OS2 = 12, 40, 64
_INFO_SIZES = {_INFO, 52, 56, _OS2, 108, 124}
_PLAIN, _RUNS_8, _RUNS_4, _MASKS, _ALPHA_MASKS = 0, 1, 2, 3, 6
_COLOR_SPACE = 56


def stripped_bmp(data: bytes) -> bytes:
    """See `registry.stripped`."""
    try:
        return _stripped(data)
    except struct.error:
        raise NotStrippable("is damaged: the file is cut short") from None


def _stripped(data: bytes) -> bytes:
    pixels_at, header = struct.unpack_from("<II", data, 10)
    if header == _CORE:
        width, height, _, bits = struct.unpack_from("<HHHH", data, 18)
        tables = (1 << bits) * 3 if bits <= 8 else 0
        size = _rows(width, height, bits)
    elif header in _INFO_SIZES:
        tables, size = _info(data, header)
    else:
        raise NotStrippable("is no plain BMP: its header is of an unknown kind")
    end, start = pixels_at + size, _FILE_HEADER + header + tables
    if size <= 0 or len(data) < end or pixels_at < _FILE_HEADER + header:
        raise NotStrippable("is damaged: the file is cut short")
    kept = bytearray(data[:end])
    struct.pack_into("<IHH", kept, 2, end, 0, 0)
    kept[start:pixels_at] = bytes(max(0, pixels_at - start))
    if header != _CORE:
        struct.pack_into("<ii", kept, 38, 0, 0)
    if header > _COLOR_SPACE and header != _OS2:
        kept[_FILE_HEADER + _COLOR_SPACE : _FILE_HEADER + header] = b"BGRs".ljust(header - _COLOR_SPACE, b"\0")
    return bytes(kept)


def _info(data: bytes, header: int) -> tuple[int, int]:
    """Bytes of masks and palette behind the header, and of the pixels."""
    width, height, _, bits, packing, said, _, _, colors = struct.unpack_from("<iiHHIIiiI", data, 18)
    if packing not in {_PLAIN, _RUNS_8, _RUNS_4, _MASKS, _ALPHA_MASKS}:
        raise NotStrippable("is no plain BMP: it holds a file of another format")
    masks = {_MASKS: 12, _ALPHA_MASKS: 16}.get(packing, 0) if header == _INFO else 0
    palette = 4 * (colors or (1 << bits if bits <= 8 else 0))
    return masks + palette, said if packing in {_RUNS_8, _RUNS_4} else _rows(width, height, bits)


def _rows(width: int, height: int, bits: int) -> int:
    return (width * bits + 31) // 32 * 4 * abs(height)
