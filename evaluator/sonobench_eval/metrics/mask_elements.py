"""The boundary of one mask, measured once: its elements, how much they weigh, and what lies near them.

What an element weighs depends on its kind alone: a pixel counts 1, a piece of outline or surface has its length or area.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sonobench_eval.metrics import mask_surfels
from sonobench_eval.metrics.mask_ball import Ball, Steps
from sonobench_eval.metrics.mask_bits import Bitmap, Words, popcount, positions, shared, shared_count, widen, without
from sonobench_eval.metrics.mask_boundary import Convention, Shape, boundary_of, outline_kinds
from sonobench_eval.metrics.mask_nearest import Places, RowTable, places, row_table


class Boundary(ABC):
    """The elements of one mask's boundary, and what derives from them."""

    def __init__(self, elements: Bitmap) -> None:
        self.elements = elements
        self.near_known: dict[Ball, Bitmap] = {}

    @cached_property
    def count(self) -> int:
        """How many elements there are."""
        return popcount(self.elements.words)

    @cached_property
    def positions(self) -> NDArray[np.int64]:
        """Of the elements, as set bits."""
        return positions(self.elements.words)

    @cached_property
    def places(self) -> Places:
        """Of the elements, in the image; in the order of their positions."""
        return places(self.elements, self.positions)

    @cached_property
    def table(self) -> RowTable:
        """The way to the nearest element along each row."""
        return row_table(self.places)

    def near(self, by: Ball) -> Bitmap:
        """All that lies within a ball of an element."""
        if by not in self.near_known:
            self.near_known[by] = widen(self.elements, by)
        return self.near_known[by]

    @abstractmethod
    def size(self, steps: Steps, /) -> float:
        """What all elements weigh together."""

    @abstractmethod
    def size_within(self, region: Bitmap, steps: Steps, /) -> float:
        """What the elements in a region weigh together; exactly `size` where all of them are in it."""

    @abstractmethod
    def weights(self, steps: Steps, /) -> NDArray[np.float64]:
        """What each element weighs, in the order of their positions."""


class PixelBoundary(Boundary):
    """Boundary pixels, each of which counts 1."""

    def size(self, _steps: Steps, /) -> float:
        return self.count

    def size_within(self, region: Bitmap, _steps: Steps, /) -> float:
        return shared_count(self.elements, region)

    def weights(self, _steps: Steps, /) -> NDArray[np.float64]:
        return np.ones(self.count)


class Outline(Boundary):
    """Pieces of outline between the pixels of an image, each of which has a length."""

    def __init__(self, mask: Bitmap, kinds: Words) -> None:
        self._mask, self._kinds = mask, kinds
        some = self._kinds[0] | self._kinds[1]
        some |= self._kinds[2]
        super().__init__(Bitmap(some, mask.origin, (mask.columns[0], mask.columns[1] + 1)))

    @cached_property
    def _counted(self) -> list[int]:
        return _popcounts(self._kinds)

    def size(self, steps: Steps, /) -> float:
        return _length(self._counted, steps)

    def size_within(self, region: Bitmap, steps: Steps, /) -> float:
        both = shared(self.elements._replace(words=self._kinds[0]), region)
        if both is None:
            return 0.0
        _, rows, across = both[0].shape
        top, left = max(region.origin[1] - self.elements.origin[1], 0), max(region.origin[2] - self.elements.origin[2], 0)
        return _length(_popcounts(self._kinds[:, :, top : top + rows, left : left + across] & both[1]), steps)

    def weights(self, steps: Steps, /) -> NDArray[np.float64]:
        codes = mask_surfels.codes_of(self._mask, flat=True)
        return mask_surfels.lengths(steps[1], steps[2]).take(codes.take(self.positions))


class Surface(Boundary):
    """Pieces of surface between the voxels of a volume, each of which has an area."""

    def __init__(self, mask: Bitmap, elements: Bitmap) -> None:
        super().__init__(elements)
        self._mask = mask

    @cached_property
    def _codes(self) -> mask_surfels.Codes:
        return mask_surfels.codes_of(self._mask, flat=False)

    @cached_property
    def _codes_of_elements(self) -> mask_surfels.Codes:
        return self._codes.take(self.positions)

    @cached_property
    def _counted(self) -> NDArray[np.int64]:
        return np.bincount(self._codes_of_elements, minlength=256)

    def size(self, steps: Steps, /) -> float:
        return float(self._counted @ mask_surfels.areas(*steps))

    def size_within(self, region: Bitmap, steps: Steps, /) -> float:
        outside = self._codes.take(positions(without(self.elements, region)))
        return float((self._counted - np.bincount(outside, minlength=256)) @ mask_surfels.areas(*steps))

    def weights(self, steps: Steps, /) -> NDArray[np.float64]:
        return mask_surfels.areas(*steps).take(self._codes_of_elements)


def measured(mask: Bitmap, convention: Convention, *, shape: Shape, flat: bool) -> Boundary:
    """The boundary of a mask by a convention; arguments as for `boundary_of`."""
    if convention == "surface" and flat:
        return Outline(mask, outline_kinds(mask))
    elements = boundary_of(mask, convention, shape=shape, flat=flat)
    return Surface(mask, elements) if convention == "surface" else PixelBoundary(elements)


def _popcounts(kinds: NDArray[np.uint64]) -> list[int]:
    counted: list[int] = np.bitwise_count(kinds).sum(axis=(1, 2, 3)).tolist()
    return counted


def _length(counted: list[int], steps: Steps) -> float:
    """Of as many diagonals, upright and level lines; where lines cross there are two diagonals in their place."""
    diagonals, uprights, levels, crossings = counted
    _, row, column = steps
    diagonal = math.hypot(row, column) / 2
    return (diagonals + 2 * crossings) * diagonal + (uprights - crossings) * row + (levels - crossings) * column
