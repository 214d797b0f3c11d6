"""Where a mask ends, by three conventions that are never mixed.

`surface`  elements between pixels: every corner of 2 x 2 (2 x 2 x 2) pixels that are not alike holds a piece of outline
           (surface), as long (large) as marching squares (cubes) draw it; beyond the image is background. As surface-distance.
`pixel`    foreground pixels with a 4-neighbor (6-neighbor) in the background; beyond the image is background. As MedPy,
           MONAI and MetricsReloaded.
`uusic25`  as `pixel`, but only with a background neighbor *in the image*: no boundary along the image's edge. As
           `skimage.segmentation.find_boundaries(mode="inner")`, which the published UUSIC25 script calls.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from sonobench_eval.metrics.mask_bits import WORD, Bitmap, Words, beside

Convention = Literal["surface", "pixel", "uusic25"]
CONVENTIONS: tuple[Convention, ...] = ("surface", "pixel", "uusic25")

Shape = tuple[int, int, int]
"""Planes, rows and columns of an image; an image of two dimensions has one plane."""


def boundary_of(mask: Bitmap, convention: Convention, *, shape: Shape, flat: bool) -> Bitmap:
    """The elements of a mask's boundary.

    Args:
        mask: The foreground.
        convention: What a boundary is.
        shape: Of the whole image.
        flat: Whether the image has two dimensions: its one plane then has no neighbors, not even background.

    Returns:
        Boundary pixels in the image's own grid; for `surface` corners, of which number (z, y, x) lies before pixel (z, y, x).
    """
    if convention == "surface":
        return _corners(mask, flat=flat)
    within = _inside(mask, flat=flat) if convention == "pixel" else _inside_or_at_edge(mask, shape, flat=flat)
    np.invert(within, out=within)
    within &= mask.words
    return Bitmap(within, mask.origin, mask.columns)


def outline_kinds(mask: Bitmap) -> Words:
    """The corners of an image by the piece of outline that passes through them, shape (4, planes, rows, words).

    Which of the four edges between the pixels around a corner belong to the outline says it: one upright and one level make
    a diagonal (kind 0), two upright (1) or two level ones (2) a straight line; all four, where two pixels touch at the
    corner alone, are of the kinds 1, 2 and 3.
    """
    room = with_room(mask, flat=True)
    pixels, across = room.reshape(-1), room.shape[2]
    upright = pixels << np.uint64(1)
    carried = upright[1:]
    carried |= pixels[:-1] >> np.uint64(WORD - 1)
    upright ^= pixels
    level = pixels.copy()
    below = level[across:]
    below ^= pixels[:-across]
    kinds = np.empty((4, *room.shape), dtype=np.uint64)
    diagonal, uprights, levels, crossing = kinds.reshape(4, -1)
    diagonal[:across] = upright[:across]
    np.bitwise_xor(upright[across:], upright[:-across], out=diagonal[across:])
    uprights[:across] = 0
    np.bitwise_and(upright[across:], upright[:-across], out=uprights[across:])
    np.left_shift(level, np.uint64(1), out=levels)
    carried = levels[1:]
    carried |= level[:-1] >> np.uint64(WORD - 1)
    levels &= level
    np.bitwise_and(uprights, levels, out=crossing)
    return kinds


def with_room(mask: Bitmap, *, flat: bool) -> Words:
    """The mask's words with an empty row after the last, and an empty plane in a volume: room for its corners."""
    planes, rows, across = mask.words.shape
    room = np.zeros((planes + (not flat), rows + 1, across), dtype=np.uint64)
    room[:planes, :rows] = mask.words
    return room


def _corners(mask: Bitmap, *, flat: bool) -> Bitmap:
    room = with_room(mask, flat=flat)
    _, rows, across = room.shape
    pixels = room.reshape(-1)
    left = pixels << np.uint64(1)
    carried = left[1:]
    carried |= pixels[:-1] >> np.uint64(WORD - 1)
    some, every = pixels | left, pixels & left
    for step in (across,) if flat else (across, across * rows):
        some, every = _joined(some, every, step)
    np.invert(every, out=every)
    every &= some
    return Bitmap(every.reshape(room.shape), mask.origin, (mask.columns[0], mask.columns[1] + 1))


def _joined(some: Words, every: Words, step: int) -> tuple[Words, Words]:
    """What is set in one or both of two rows (planes), which lie as many words apart."""
    either = some.copy()
    later = either[step:]
    later |= some[:-step]
    both = np.zeros_like(every)
    np.bitwise_and(every[step:], every[:-step], out=both[step:])
    return either, both


def _inside(mask: Bitmap, *, flat: bool) -> Words:
    """Pixels whose neighbors are all set; beyond the bitmap nothing is."""
    words = mask.words
    left, right = beside(words.reshape(-1))
    left &= right
    inside = left.reshape(words.shape)
    for axis in (1,) if flat else (1, 0):
        _require_neighbors(inside, words, axis, at_first=False, at_last=False)
    return inside


def _inside_or_at_edge(mask: Bitmap, shape: Shape, *, flat: bool) -> Words:
    """Pixels whose neighbors in the image are all set."""
    words = mask.words
    planes, rows, across = words.shape
    left, right = (each.reshape(words.shape) for each in beside(words.reshape(-1)))
    if mask.origin[2] == 0:
        left[:, :, 0] |= np.uint64(1)
    word, bit = divmod(shape[2] - 1, WORD)
    if word < mask.origin[2] + across:
        right[:, :, word - mask.origin[2]] |= np.uint64(1 << bit)
    left &= right
    for axis in (1,) if flat else (1, 0):
        _require_neighbors(
            left, words, axis, at_first=mask.origin[axis] == 0, at_last=mask.origin[axis] + (planes, rows)[axis] == shape[axis]
        )
    return left


def _require_neighbors(inside: Words, words: Words, axis: int, *, at_first: bool, at_last: bool) -> None:
    """Unset pixels without both neighbors along an axis, of which the image's first and last pixel have one only."""
    if axis:
        inside, words = inside.swapaxes(0, axis), words.swapaxes(0, axis)
    later, earlier = inside[1:], inside[:-1]
    later &= words[:-1]
    earlier &= words[1:]
    if not at_first:
        inside[0] = 0
    if not at_last:
        inside[-1] = 0
