"""Two masks of one structure: everything is measured once, when it is first asked for, and metrics derive from it.

Each side is measured alone, in the part of the image where it is. Who scores many algorithms on one case makes a `Mask` of
the reference once and hands it to every pair: it keeps its boundaries, and what lies within a tolerance of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sonobench_eval.metrics.empty import BoolMask, Empty
from sonobench_eval.metrics.mask_ball import ROUNDING, Steps, ball, rows_in_ball
from sonobench_eval.metrics.mask_bits import Bitmap, pack, popcount, shared_count
from sonobench_eval.metrics.mask_boundary import Convention
from sonobench_eval.metrics.mask_elements import Boundary, measured
from sonobench_eval.metrics.mask_nearest import Distances, nearest
from sonobench_eval.metrics.mask_skeleton import skeleton_of
from sonobench_eval.metrics.mask_together import size_near_each_other

Unit = Literal["px", "mm"]
Spacing = Sequence[float]
"""Distance between pixel centers in mm, one number an axis: (row, column) or (plane, row, column)."""

_MOST_ROWS_WIDENED = {True: 96, False: 500}
"""Rows of a ball, in an image and in a volume, above which distances are cheaper than widening."""


class Matches(NamedTuple):
    """How much of both boundaries lies within a tolerance of the other: elements, or their length (area)."""

    matched: float
    total: float


class BoundaryDistances(NamedTuple):
    """For each boundary element of one mask, the distance to the nearest of the other, and how much it weighs.

    float64, in one order; infinite where the other mask has no boundary (possible only for `uusic25`, when a mask fills
    the image).
    """

    of_prediction: Distances
    of_reference: Distances
    weight_of_prediction: NDArray[np.float64]
    weight_of_reference: NDArray[np.float64]


class Mask:
    """The foreground of one structure in one image, measured as it is asked for.

    Args:
        foreground: bool, or whole numbers of which all but 0 are foreground; shape (rows, columns) or (planes, rows,
            columns), the whole image. Do not write into it afterwards.

    Raises:
        ValueError: the image has another number of dimensions, or no pixels.
    """

    def __init__(self, foreground: NDArray[Any]) -> None:
        if foreground.ndim not in (2, 3) or not foreground.size:
            raise ValueError(f"a mask has two or three dimensions and at least one pixel, not the shape {foreground.shape}")
        self.foreground = foreground
        self.shape: tuple[int, ...] = foreground.shape
        self.flat = foreground.ndim == 2
        self._bits = pack(foreground[np.newaxis] if self.flat else foreground)
        self._boundaries: dict[Convention, Boundary] = {}

    @classmethod
    def of_label(cls, labels: NDArray[Any], value: int) -> Mask:
        """The structure that has this value in a label image.

        Args:
            labels: Whole numbers, shape (rows, columns) or (planes, rows, columns).
            value: Of the structure.
        """
        return cls(labels == value)

    @property
    def is_empty(self) -> bool:
        return self._bits is None

    @property
    def bits(self) -> Bitmap:
        """The foreground.

        Raises:
            ValueError: there is none.
        """
        if self._bits is None:
            raise ValueError("an empty mask has nothing to measure; ask MaskPair.empty first")
        return self._bits

    @property
    def size(self) -> int:
        """Pixels of the image."""
        return math.prod(self.shape)

    @cached_property
    def count(self) -> int:
        """Pixels of foreground."""
        return 0 if self._bits is None else popcount(self._bits.words)

    @cached_property
    def skeleton(self) -> BoolMask:
        """Its center lines, of the image's shape."""
        return skeleton_of(self.foreground != 0)

    def boundary(self, convention: Convention) -> Boundary:
        """Where it ends."""
        if convention not in self._boundaries:
            planes, rows, columns = (1, *self.shape) if self.flat else self.shape
            self._boundaries[convention] = measured(self.bits, convention, shape=(planes, rows, columns), flat=self.flat)
        return self._boundaries[convention]


class MaskPair:
    """A prediction and a reference of one structure.

    Args:
        prediction: An image (see `Mask`) or a mask already measured.
        reference: Likewise, of the same shape.
        spacing: Distance between pixel centers in mm, one number > 0 an axis; None where it is unknown.

    Raises:
        ValueError: the shapes differ, or the spacing is none.
    """

    def __init__(
        self, prediction: Mask | NDArray[Any], reference: Mask | NDArray[Any], *, spacing: Spacing | None = None
    ) -> None:
        self.prediction = prediction if isinstance(prediction, Mask) else Mask(prediction)
        self.reference = reference if isinstance(reference, Mask) else Mask(reference)
        if self.prediction.shape != self.reference.shape:
            raise ValueError(f"the prediction has the shape {self.prediction.shape}, the reference {self.reference.shape}")
        self.spacing = None if spacing is None else _checked(spacing, len(self.reference.shape))
        self._distances: dict[tuple[Convention, Unit], BoundaryDistances] = {}

    @property
    def empty(self) -> Empty | None:
        """Which of the two masks is empty, or None where neither is."""
        if self.prediction.is_empty:
            return Empty.BOTH if self.reference.is_empty else Empty.PREDICTION
        return Empty.REFERENCE if self.reference.is_empty else None

    @cached_property
    def shared_count(self) -> int:
        """Pixels that are foreground in both."""
        return 0 if self.empty else shared_count(self.prediction.bits, self.reference.bits)

    def steps(self, unit: Unit) -> Steps:
        """Distance between neighboring planes, rows and columns.

        Raises:
            ValueError: in mm, where the spacing is unknown.
        """
        return steps_of(self.spacing, unit, len(self.reference.shape))

    def pixel_size(self, unit: Unit) -> float:
        """Area (volume) of one pixel: 1 in px."""
        return math.prod(step for step in self.steps(unit) if math.isfinite(step))

    def matches(self, convention: Convention, *, tolerance: float, unit: Unit) -> Matches:
        """How much of both boundaries lies within a tolerance (inclusive) of the other.

        Args:
            convention: What a boundary is; `surface` weighs elements by their length (area), the others count them.
            tolerance: Distance in the unit, >= 0.
            unit: Of the tolerance.
        """
        steps = self.steps(unit)
        if rows_in_ball(steps, tolerance) > _MOST_ROWS_WIDENED[self.reference.flat]:
            return _matches_by_distance(self.distances(convention, unit=unit), tolerance)
        around = ball(steps, tolerance)
        ours, theirs = self.prediction.boundary(convention), self.reference.boundary(convention)
        return Matches(*size_near_each_other(ours, theirs, around, steps))

    def distances(self, convention: Convention, *, unit: Unit) -> BoundaryDistances:
        """Distances between the boundaries, both ways."""
        if (convention, unit) not in self._distances:
            self._distances[convention, unit] = self._measure(convention, unit)
        return self._distances[convention, unit]

    def _measure(self, convention: Convention, unit: Unit) -> BoundaryDistances:
        ours, theirs, steps = self.prediction.boundary(convention), self.reference.boundary(convention), self.steps(unit)
        return BoundaryDistances(
            _distances(ours, theirs, steps), _distances(theirs, ours, steps), ours.weights(steps), theirs.weights(steps)
        )


def steps_of(spacing: Spacing | None, unit: Unit, dimensions: int) -> Steps:
    """Distance between neighboring planes, rows and columns: 1 in px. Planes of an image are infinitely far apart.

    Raises:
        ValueError: in mm, where the spacing is unknown.
    """
    if unit == "mm" and spacing is None:
        raise ValueError("a distance in mm needs the spacing of every case")
    sides = (1.0,) * dimensions if unit == "px" or spacing is None else tuple(spacing)
    return (math.inf, sides[0], sides[1]) if dimensions == 2 else (sides[0], sides[1], sides[2])


def _checked(spacing: Spacing, dimensions: int) -> tuple[float, ...]:
    sides = tuple(float(side) for side in spacing)
    if len(sides) != dimensions or not all(math.isfinite(side) and side > 0 for side in sides):
        raise ValueError(f"spacing is one number above 0 for each of {dimensions} axes, not {tuple(spacing)}")
    return sides


def _matches_by_distance(distances: BoundaryDistances, tolerance: float) -> Matches:
    within = tolerance * (1 + ROUNDING)
    matched = distances.weight_of_prediction[distances.of_prediction <= within].sum()
    matched += distances.weight_of_reference[distances.of_reference <= within].sum()
    return Matches(float(matched), float(distances.weight_of_prediction.sum() + distances.weight_of_reference.sum()))


def _distances(of: Boundary, to: Boundary, steps: Steps) -> Distances:
    if not of.count or not to.count:
        return np.full(of.count, np.inf)
    return nearest(of.places, to.places, to.table, steps=steps)
