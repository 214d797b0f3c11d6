"""How much outline (surface) passes through a corner of 2 x 2 (2 x 2 x 2) pixels, by which of them are foreground.

A code has one bit a pixel, the pixel before the corner in every direction having the highest.

Source: the lengths and areas are those of surface-distance 0.1 (Nikolov et al., arXiv 1809.04430), which take them from
marching cubes; there they are a list of 256, here the 14 cases that differ, turned and mirrored.
"""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import permutations, product

import numpy as np
from numpy.typing import NDArray

from sonobench_eval.metrics.mask_bits import Bitmap
from sonobench_eval.metrics.mask_boundary import with_room

Codes = NDArray[np.uint8]
Areas = NDArray[np.float64]

_CASES: dict[int, tuple[tuple[float, float, float], ...]] = {
    0b00000001: ((1, 1, 1),),
    0b00000011: ((2, 2, 0), (2, 2, 0)),
    0b00000110: ((1, 1, 1), (1, 1, 1)),
    0b00000111: ((4, 0, 0), (2, 2, 2), (1, 1, 1)),
    0b00001111: ((4, 0, 0), (4, 0, 0)),
    0b00010110: ((1, 1, 1), (1, 1, 1), (1, 1, 1)),
    0b00010111: ((2, 2, 2), (2, 2, 2), (1, 1, 1), (1, 1, 1)),
    0b00011000: ((1, 1, 1), (1, 1, 1)),
    0b00011001: ((0, 2, 2), (0, 2, 2), (1, 1, 1)),
    0b00011011: ((3, 3, 3), (0, 2, 2), (2, 0, 2), (1, 1, 1)),
    0b00011110: ((4, 0, 0), (2, 2, 2), (1, 1, 1), (1, 1, 1)),
    0b00111100: ((2, 2, 0), (2, 2, 0), (2, 2, 0), (2, 2, 0)),
    0b01101001: ((1, 1, 1), (1, 1, 1), (1, 1, 1), (1, 1, 1)),
}
"""For one code of each case, the normals of its triangles without their signs, in eighths, as long as the triangle is large."""

_PIXELS = tuple(product((0, 1), repeat=3))


def codes_of(mask: Bitmap, *, flat: bool) -> Codes:
    """The code of every corner, as one vector in the order of the bits of the boundary `surface`."""
    room = with_room(mask, flat=flat)
    _, rows, across = room.shape
    codes = np.unpackbits(room.reshape(-1).view(np.uint8), bitorder="little")
    steps = (1, 64 * across) if flat else (1, 64 * across, 64 * across * rows)
    for step, weight in zip(steps, (2, 4, 16), strict=False):
        before, after = codes[:-step] * np.uint8(weight), codes[step:]
        after += before
    return codes


@lru_cache(maxsize=64)
def lengths(row: float, column: float) -> Areas:
    """Length of the outline through a corner for each of 16 codes, in the unit of the pixel's sides."""
    diagonal = math.hypot(row, column) / 2
    found = np.full(16, diagonal)
    found[[0b0000, 0b1111]] = 0.0
    found[[0b0011, 0b1100]] = column
    found[[0b0101, 0b1010]] = row
    found[[0b0110, 0b1001]] = 2 * diagonal
    found.setflags(write=False)
    return found


@lru_cache(maxsize=64)
def areas(plane: float, row: float, column: float) -> Areas:
    """Area of the surface through a corner for each of 256 codes, in the squared unit of the voxel's sides."""
    faces = np.array([row * column, plane * column, plane * row])
    found = np.zeros(256)
    for code, normals in _all_cases().items():
        found[code] = sum(np.sqrt(np.sum((np.array(normal) / 8 * faces) ** 2)) for normal in normals)
    found.setflags(write=False)
    return found


@lru_cache(maxsize=1)
def _all_cases() -> dict[int, tuple[tuple[float, float, float], ...]]:
    """Normals for every code: each case turned, mirrored, and with foreground and background exchanged."""
    found = {}
    for code, normals in _CASES.items():
        for order in permutations(range(3)):
            turned = tuple((normal[order[0]], normal[order[1]], normal[order[2]]) for normal in normals)
            for mirrored in product((0, 1), repeat=3):
                moved = _moved(code, order, mirrored)
                found[moved] = found[255 - moved] = turned
    return found


def _moved(code: int, order: tuple[int, ...], mirrored: tuple[int, ...]) -> int:
    moved = 0
    for pixel in _PIXELS:
        if code & _bit(pixel):
            moved |= _bit(tuple(pixel[axis] ^ mirror for axis, mirror in zip(order, mirrored, strict=True)))
    return moved


def _bit(pixel: tuple[int, ...]) -> int:
    plane, row, column = pixel
    return 128 >> (4 * plane + 2 * row + column)
