"""A PNG reduced to the chunks that its pixels need: IHDR, PLTE, tRNS, one IDAT, IEND.

Every other chunk goes: text, times, EXIF, physical sizes, color profiles and gamma, which no reader applies unless told
to, and whatever programs added. So does all that follows the end.
"""

from __future__ import annotations

from itertools import groupby

from sonobench_eval.io.png import PngRefused, essential, png_of, read_chunks
from sonobench_eval.io.strip.refusal import NotStrippable

_IN_ORDER = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")


def stripped_png(data: bytes) -> bytes:
    """See `registry.stripped`."""
    try:
        chunks = read_chunks(data)
        kept = essential(chunks)
    except PngRefused as refused:
        raise NotStrippable(f"is damaged: {refused}") from refused
    if any(name == b"acTL" for name, _ in chunks):
        raise NotStrippable("is an animation; save the picture that is meant as a PNG of its own")
    _check_order([name for name, _ in chunks])
    return png_of(kept)


def _check_order(names: list[bytes]) -> None:
    """Readers stop at the first gap between pixel chunks, and do not all see transparency that stands elsewhere."""
    order = [name for name, _ in groupby(names) if name in _IN_ORDER]
    if order != [name for name in _IN_ORDER if name in order] or names.count(b"tRNS") > 1:
        raise NotStrippable("is damaged: its chunks do not stand in order")
