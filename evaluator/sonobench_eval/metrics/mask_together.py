"""Two small images widened in one go: where a step takes no longer than to start it, half as many take little more than half.

Widening treats the planes of an image apart, so two images can be the planes of one. The results are those of each alone.
"""

from __future__ import annotations

import numpy as np

from sonobench_eval.metrics.mask_ball import Ball
from sonobench_eval.metrics.mask_bits import WORD, Bitmap, widen
from sonobench_eval.metrics.mask_elements import Boundary

_SMALL = 8192
"""Words of both together."""


def near_both(one: Boundary, other: Boundary, by: Ball) -> tuple[Bitmap, Bitmap]:
    """What lies within a ball of each of two boundaries."""
    if not by.planes and by not in one.near_known and by not in other.near_known:
        stack = _stacked(one.elements, other.elements)
        if stack is not None:
            words, (_, row, word), columns = widen(stack, by)
            for plane, each in enumerate((one, other)):
                each.near_known[by] = Bitmap(words[plane : plane + 1], (each.elements.origin[0], row, word), columns)
    return one.near(by), other.near(by)


def _stacked(one: Bitmap, other: Bitmap) -> Bitmap | None:
    """Two images of one plane as the planes of one bitmap; None where they have more planes, or the bitmap would be large."""
    (_, orow, oword), (_, trow, tword) = one.origin, other.origin
    (oplanes, orows, oacross), (tplanes, trows, tacross) = one.words.shape, other.words.shape
    top, left = min(orow, trow), min(oword, tword)
    rows, across = max(orow + orows, trow + trows) - top, max(oword + oacross, tword + tacross) - left
    if oplanes + tplanes > 2 or 2 * rows * across > _SMALL:
        return None
    stack = np.zeros((2, rows, across), dtype=np.uint64)
    stack[0, orow - top : orow - top + orows, oword - left : oword - left + oacross] = one.words[0]
    stack[1, trow - top : trow - top + trows, tword - left : tword - left + tacross] = other.words[0]
    omoved, tmoved = (oword - left) * WORD, (tword - left) * WORD
    first = min(one.columns[0] + omoved, other.columns[0] + tmoved)
    last = max(one.columns[1] + omoved, other.columns[1] + tmoved)
    return Bitmap(stack, (0, top, left), (first, last))
