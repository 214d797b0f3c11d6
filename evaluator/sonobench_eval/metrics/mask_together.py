"""Two small images widened in one go: where a step takes no longer than to start it, half as many take little more than half.

Widening treats the planes of an image apart, so two images can be the planes of one. The results are those of each alone.
"""

from __future__ import annotations

import numpy as np

from sonobench_eval.metrics.mask_ball import Ball, Steps
from sonobench_eval.metrics.mask_bits import WORD, Bitmap, popcount, widen
from sonobench_eval.metrics.mask_elements import Boundary, PixelBoundary

_SMALL = 8192
"""Words of both together."""


def size_near_each_other(one: Boundary, other: Boundary, by: Ball, steps: Steps) -> tuple[float, float]:
    """What the elements of two boundaries weigh that lie within a ball of the other, and what all of them weigh."""
    near = near_both(one, other, by)
    if near is not None and isinstance(one, PixelBoundary) and isinstance(other, PixelBoundary):
        stack, around = near  # pixels weigh the same, so both can be counted at once
        _, rows, across = stack.words.shape
        left = stack.origin[2] - around.origin[2]
        matched = stack.words & around.words[::-1, by.rows : by.rows + rows, left : left + across]
        return popcount(matched), popcount(stack.words)
    within = one.size_within(other.near(by), steps) + other.size_within(one.near(by), steps)
    return within, one.size(steps) + other.size(steps)


def near_both(one: Boundary, other: Boundary, by: Ball) -> tuple[Bitmap, Bitmap] | None:
    """Two small boundaries in one plane of the image as planes, and what lies within a ball of them; each will know its own.

    None where they are large, lie in several planes, or one knows already what is near it.
    """
    together = by.planes == 0 and by not in one.near_known and by not in other.near_known
    stack = _stacked(one.elements, other.elements) if together else None
    if stack is None:
        return None
    near = widen(stack, by)
    for plane, each in enumerate((one, other)):
        each.near_known[by] = Bitmap(near.words[plane : plane + 1], (each.elements.origin[0], *near.origin[1:]), near.columns)
    return stack, near


def _stacked(one: Bitmap, other: Bitmap) -> Bitmap | None:
    """Two images of one plane as the planes of one bitmap; None where they have more, or not the same, or it would be large."""
    (oplane, orow, oword), (tplane, trow, tword) = one.origin, other.origin
    (oplanes, orows, oacross), (tplanes, trows, tacross) = one.words.shape, other.words.shape
    top, left = min(orow, trow), min(oword, tword)
    rows, across = max(orow + orows, trow + trows) - top, max(oword + oacross, tword + tacross) - left
    if oplane != tplane or oplanes + tplanes > 2 or 2 * rows * across > _SMALL:
        return None
    stack = np.zeros((2, rows, across), dtype=np.uint64)
    stack[0, orow - top : orow - top + orows, oword - left : oword - left + oacross] = one.words[0]
    stack[1, trow - top : trow - top + trows, tword - left : tword - left + tacross] = other.words[0]
    omoved, tmoved = (oword - left) * WORD, (tword - left) * WORD
    first = min(one.columns[0] + omoved, other.columns[0] + tmoved)
    last = max(one.columns[1] + omoved, other.columns[1] + tmoved)
    return Bitmap(stack, (0, top, left), (first, last))
