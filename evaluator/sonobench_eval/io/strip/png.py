"""A PNG reduced to the chunks that its pixels need: IHDR, PLTE, tRNS, one IDAT, IEND, and sometimes sRGB, gAMA and sBIT.

Every other chunk goes: text, times, EXIF, physical sizes, color profiles, and whatever programs added. So does all that
follows the end.

Three chunks of a few bytes stay where common readers give other pixels without them. OpenCV asks libpng to turn colors
to grey, which it does in linear light where a PNG has sRGB or gAMA; ITK shifts samples of which sBIT says that only some
bits count.
"""

from __future__ import annotations

from itertools import groupby, takewhile

from sonobench_eval.io.png import Chunks, PngHeader, essential, png_of, read_chunks, read_header
from sonobench_eval.io.refused import ImageRefused
from sonobench_eval.io.strip.refusal import NotStrippable

_IN_ORDER = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
_WITHOUT_COLOR = frozenset({0, 4})
_PALETTE, _INTENTS = 3, 3
_SAMPLES = {0: 1, 2: 3, 3: 3, 4: 2, 6: 4}
"""How many samples sBIT speaks of, by the header's kind of color."""


def stripped_png(data: bytes) -> bytes:
    """See `registry.stripped`."""
    try:
        header, chunks = read_header(data), read_chunks(data)
        kept = essential(chunks)
    except ImageRefused as refused:
        raise NotStrippable(f"is damaged: {refused}") from refused
    if any(name == b"acTL" for name, _ in chunks):
        raise NotStrippable("is an animation; save the picture that is meant as a PNG of its own")
    _check_order([name for name, _ in chunks])
    return png_of([kept[0], *_meant_otherwise_without(header, chunks), *kept[1:]])


def _meant_otherwise_without(header: PngHeader, chunks: Chunks) -> Chunks:
    """What readers heed of sRGB, gAMA and sBIT: what stands ahead of palette and pixels and is sound, the first of each."""
    ahead = takewhile(lambda chunk: chunk[0] not in {b"PLTE", b"IDAT"}, chunks)
    heeded: dict[bytes, memoryview] = {}
    for name, body in ahead:
        if name in _HEEDED and _HEEDED[name](header, bytes(body)):
            heeded.setdefault(name, body)
    return [(name, heeded[name]) for name in _HEEDED if name in heeded]


def _is_rendering_intent(header: PngHeader, body: bytes) -> bool:
    return header.colour not in _WITHOUT_COLOR and len(body) == 1 and body[0] <= _INTENTS


def _is_gamma(header: PngHeader, body: bytes) -> bool:
    return header.colour not in _WITHOUT_COLOR and len(body) == 4 and 0 < int.from_bytes(body, "big") < 2**31


def _says_that_bits_are_missing(header: PngHeader, body: bytes) -> bool:
    depth = 8 if header.colour == _PALETTE else header.depth
    is_sound = len(body) == _SAMPLES[header.colour] and all(0 < bits <= depth for bits in body)
    return is_sound and min(body) < max(depth, 8)  # readers that shift widen samples to 8 bits first


_HEEDED = {b"sRGB": _is_rendering_intent, b"gAMA": _is_gamma, b"sBIT": _says_that_bits_are_missing}


def _check_order(names: list[bytes]) -> None:
    """Readers stop at the first gap between pixel chunks, and do not all see transparency that stands elsewhere."""
    order = [name for name, _ in groupby(names) if name in _IN_ORDER]
    if order != [name for name in _IN_ORDER if name in order] or names.count(b"tRNS") > 1:
        raise NotStrippable("is damaged: its chunks do not stand in order")
