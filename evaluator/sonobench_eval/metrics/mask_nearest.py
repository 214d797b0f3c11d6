"""How far each element of one boundary is from the other: exact, and quick where boundaries run close together.

Along every row of the other boundary the way to its nearest element is tabled once. Each element then looks into the rows
around its own, the nearest first, and stops where no row further away can be nearer than what it has found. The few that
are far from everything ask a k-d tree.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from sonobench_eval.metrics.mask_ball import Steps
from sonobench_eval.metrics.mask_bits import WORD, Bitmap

Distances = NDArray[np.float64]
Places = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]
"""Plane, row and column of each element, in the image's grid."""

_FURTHEST_ROW = {True: 48, False: 12}
"""How many rows and planes the search goes, in an image and in a volume, before it asks the tree."""


class RowTable(NamedTuple):
    """Steps along the row to its nearest element, float32, shape (planes, rows, columns); infinite in rows without any.

    It covers the elements' bounding box, whose first pixel is at `origin` (plane, row, column).
    """

    steps: NDArray[np.float32]
    origin: tuple[int, int, int]


class _Row(NamedTuple):
    dz: int
    dy: int
    squared: float


def places(elements: Bitmap, positions: NDArray[np.int64]) -> Places:
    """Where the elements are in the image.

    Args:
        elements: The boundary.
        positions: Of its set bits, from `mask_bits.positions`.
    """
    _, rows, across = elements.words.shape
    row, column = np.divmod(positions, across * WORD)
    plane, row = np.divmod(row, rows)
    z, y, x = elements.origin
    return plane + z, row + y, column + x * WORD


def row_table(found: Places) -> RowTable:
    """The table of a boundary with at least one element."""
    origin = tuple(int(axis.min()) for axis in found)
    shape = tuple(int(axis.max()) - first + 1 for axis, first in zip(found, origin, strict=True))
    plane, row, column = (axis - first for axis, first in zip(found, origin, strict=True))
    columns = np.arange(shape[2], dtype=np.float32)
    last = np.full(shape, -np.inf, dtype=np.float32)
    last[plane, row, column] = column
    following = np.where(np.isinf(last), np.float32(np.inf), last)
    np.maximum.accumulate(last, axis=2, out=last)
    backwards = following[:, :, ::-1]
    np.minimum.accumulate(backwards, axis=2, out=backwards)
    np.subtract(columns, last, out=last)
    np.subtract(following, columns, out=following)
    return RowTable(np.minimum(last, following, out=last), (origin[0], origin[1], origin[2]))


def nearest(of: Places, to: Places, table: RowTable, *, steps: Steps) -> Distances:
    """Distance from each element of one boundary to the nearest of another.

    Args:
        of: The elements that ask.
        to: The elements of the other boundary, at least one.
        table: Of the other boundary.
        steps: Distance between neighboring planes, rows and columns.
    """
    search = _rows_around(steps)
    padded, base, sideways = _looked_up(of, table, search)
    best = np.full(base.size, np.inf)
    asking = np.arange(base.size)
    found, column_step = best, steps[2]
    for row in search.rows:
        open_ = found > row.squared
        left = int(np.count_nonzero(open_))
        if not left:
            break
        if left < 0.7 * found.size:
            best[asking] = found
            asking, base, sideways, found = asking[open_], base[open_], sideways[open_], found[open_]
        along = padded.take(base + (row.dz * search.plane_stride(padded.shape) + row.dy * padded.shape[2]))
        across = (along + sideways) * column_step
        np.minimum(found, across * across + row.squared, out=found)
    best[asking] = found
    far = best > search.limit_squared
    distances: Distances = np.sqrt(best)
    if far.any():
        distances[far] = _ask_tree([axis[far] for axis in of], to, steps)
    return distances


class _Search(NamedTuple):
    """Rows by their distance; those further than any in the list are at least `limit_squared` away."""

    rows: tuple[_Row, ...]
    planes: int
    reach: int
    limit_squared: float

    @staticmethod
    def plane_stride(shape: tuple[int, ...]) -> int:
        return shape[1] * shape[2]


@lru_cache(maxsize=64)
def _rows_around(steps: Steps) -> _Search:
    flat = math.isinf(steps[0])
    reach = _FURTHEST_ROW[flat]
    planes = 0 if flat else reach
    limit = (reach + 1) * (steps[1] if flat else min(steps[0], steps[1]))
    rows = [
        _Row(dz, dy, squared)
        for dz in range(-planes, planes + 1)
        for dy in range(-reach, reach + 1)
        if (squared := ((dz * steps[0]) ** 2 if dz else 0.0) + (dy * steps[1]) ** 2) < limit * limit
    ]
    return _Search(tuple(sorted(rows, key=lambda row: row.squared)), planes, reach, limit * limit)


def _looked_up(
    of: Places, table: RowTable, search: _Search
) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.float64]]:
    """The table with room for every look, where each element begins in it, and how far it is beside the table's columns."""
    plane, row, column = of
    z, y, x = table.origin
    depth, height, width = table.steps.shape
    z0, z1 = min(int(plane.min()), z) - search.planes, max(int(plane.max()) + 1, z + depth) + search.planes
    y0, y1 = min(int(row.min()), y) - search.reach, max(int(row.max()) + 1, y + height) + search.reach
    padded = np.full((z1 - z0, y1 - y0, width), np.inf, dtype=np.float32)
    padded[z - z0 : z - z0 + depth, y - y0 : y - y0 + height] = table.steps
    inside = np.clip(column - x, 0, width - 1)
    base = ((plane - z0) * (y1 - y0) + (row - y0)) * width + inside
    return padded, base, np.abs(column - x - inside).astype(np.float64)


def _ask_tree(of: list[NDArray[np.int64]], to: Places, steps: Steps) -> Distances:
    scale = [0.0 if math.isinf(step) else step for step in steps]
    tree = cKDTree(np.stack(to, axis=1) * scale, balanced_tree=False)
    distances: Distances = tree.query(np.stack(of, axis=1) * scale)[0]
    return distances
