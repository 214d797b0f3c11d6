"""The metrics of keypoints: radial error and the share of points that are near enough.

Every function takes the answers to n cases and counts of shape (resamples, n), and returns one value per resample, shape
(resamples,), NaN where no point is annotated.

Only points count that the reference has. One that an answer lacks, and every point of a case without a usable answer, errs
by the diagonal of the image and is never near enough; so does one that is placed further away than that, so that no
silence is better than the worst guess.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from sonobench_eval.metrics.class_answers import BoolArray, FloatArray, IntArray, ratio
from sonobench_eval.metrics.class_averages import average_over_classes
from sonobench_eval.metrics.matching import ROUNDING
from sonobench_eval.metrics.spec import MetricSpecError

Unit = Literal["px", "mm", "diagonal", "segment"]
"""What distances are measured in: `px`, `mm`, shares of the image's diagonal, or of the distance between two reference points of
the same case (PCKh's head, PCK's torso)."""
Average = Literal["micro", "macro"]
"""`micro`: every annotated point weighs the same. `macro`: the mean of the points' own means, so that one which is rarely
to be seen weighs as much as others."""


@dataclass(frozen=True, slots=True, eq=False)
class KeypointAnswers:
    """The answers to n cases of one task with k points, in pixels, axes in the order x, y, and z for volumes.

    reference: shape (n, k, axes), a row of NaN where a point is not annotated.
    predicted: the same shape, a row of NaN where the answer lacks a point; all of a case where it is unusable.
    size_px: size of each image along each axis, shape (n, axes).
    spacing_mm: distance of pixels along each axis, shape (n, axes); None where unknown.
    """

    reference: FloatArray
    predicted: FloatArray
    size_px: FloatArray
    spacing_mm: FloatArray | None = None

    def __post_init__(self) -> None:
        cases, _, axes = self.reference.shape
        if self.predicted.shape != self.reference.shape or self.size_px.shape != (cases, axes):
            raise ValueError("predicted points have the shape of the reference, (n, k, axes), and sizes the shape (n, axes)")
        if np.isinf(self.reference).any() or np.isinf(self.predicted).any():
            raise ValueError("coordinates are finite, or NaN where there is none")

    @property
    def points(self) -> int:
        return int(self.reference.shape[1])

    @property
    def annotated(self) -> BoolArray:
        """Shape (n, k)."""
        return np.asarray(~np.isnan(self.reference).any(axis=2))

    @property
    def answered(self) -> BoolArray:
        """Shape (n, k)."""
        return np.asarray(~np.isnan(self.predicted).any(axis=2))

    def take(self, which: IntArray) -> KeypointAnswers:
        """The answers to some cases, by position."""
        spacing = None if self.spacing_mm is None else self.spacing_mm[which]
        return KeypointAnswers(self.reference[which], self.predicted[which], self.size_px[which], spacing)


def mre(
    answers: KeypointAnswers,
    counts: FloatArray,
    *,
    unit: Unit,
    from_point: int | None = None,
    to_point: int | None = None,
    average: Average = "micro",
    of_point: int | None = None,
) -> FloatArray:
    """Mean radial error: the mean distance of predicted from reference points, 0 or more, lower is better.

    Args:
        answers: The n cases.
        counts: Shape (resamples, n).
        unit: `px`, `mm`, or a share of the `diagonal` or of a `segment`, which makes it the normalized mean error.
        from_point: Where the segment begins, the index of a point.
        to_point: Where it ends. Cases that have no such segment are left out, whatever was answered.
        average: `micro` or `macro`.
        of_point: One point instead of all, by index.

    Raises:
        MetricSpecError: the spacing is unknown, a point does not exist, or a segment is not said or not wanted.

    Source: Wang et al., Med Image Anal 2016 (cephalometric challenge).
    """
    error = errors(answers, unit=unit, from_point=from_point, to_point=to_point)
    return _mean(error, counts, average=average, of_point=of_point)


def pck(
    answers: KeypointAnswers,
    counts: FloatArray,
    *,
    threshold: float,
    unit: Unit,
    from_point: int | None = None,
    to_point: int | None = None,
    average: Average = "micro",
    of_point: int | None = None,
) -> FloatArray:
    """Percentage of correct keypoints, as a share in [0, 1]: how many lie within `threshold` (<=). Higher is better.

    In mm it is the successful detection rate of landmarks. Arguments as for `mre`.

    Source: Yang and Ramanan, PAMI 2013 (PCK); Andriluka et al., CVPR 2014 (PCKh, threshold 0.5 of a `segment`).
    """
    apart = _distances(answers, unit=unit, from_point=from_point, to_point=to_point).apart
    near = np.where(np.isnan(apart), np.nan, apart <= threshold * (1 + ROUNDING))
    return _mean(near, counts, average=average, of_point=of_point)


def errors(answers: KeypointAnswers, *, unit: Unit, from_point: int | None = None, to_point: int | None = None) -> FloatArray:
    """How far each point is off, at most the diagonal, shape (n, k); NaN where it is not annotated or there is no segment.

    Raises:
        MetricSpecError: as `mre`.
    """
    return np.asarray(np.minimum(*_distances(answers, unit=unit, from_point=from_point, to_point=to_point)))


class _Distances(NamedTuple):
    """How far predictions lie from their references, infinite where there is none, and the diagonals: (n, k) and (n, 1)."""

    apart: FloatArray
    diagonal: FloatArray


def _distances(answers: KeypointAnswers, *, unit: Unit, from_point: int | None, to_point: int | None) -> _Distances:
    scale = _scale(answers, unit)
    apart = np.linalg.norm((answers.predicted - answers.reference) * scale[:, np.newaxis], axis=2)
    apart = np.where(answers.annotated, np.where(answers.answered, apart, np.inf), np.nan)
    diagonal = np.linalg.norm(answers.size_px * scale, axis=1)[:, np.newaxis]
    measure = _measure(answers, scale, unit, from_point=from_point, to_point=to_point)
    return _Distances(apart / measure, diagonal / measure)


def _measure(
    answers: KeypointAnswers, scale: FloatArray, unit: Unit, *, from_point: int | None, to_point: int | None
) -> FloatArray:
    """What a distance is divided by, shape (n, 1); NaN where the case does not have it."""
    if (unit == "segment") != (from_point is not None) or (unit == "segment") != (to_point is not None):
        raise MetricSpecError("from_point and to_point belong to unit segment, which needs both")
    if unit == "diagonal":
        return np.asarray(np.linalg.norm(answers.size_px * scale, axis=1)[:, np.newaxis])
    if from_point is None or to_point is None:
        return np.ones((len(scale), 1))
    ends = answers.reference[:, [_existing(answers.points, from_point), _existing(answers.points, to_point)]]
    length = np.linalg.norm((ends[:, 1] - ends[:, 0]) * scale, axis=1)[:, np.newaxis]
    return np.where(length > 0, length, np.nan)


def _scale(answers: KeypointAnswers, unit: Unit) -> FloatArray:
    """What a pixel is along each axis, shape (n, axes). Shares are of lengths in mm where those are known."""
    if unit == "mm" and answers.spacing_mm is None:
        raise MetricSpecError("unit mm needs the pixel size of every case")
    if unit == "px" or answers.spacing_mm is None:
        return np.ones_like(answers.size_px)
    return answers.spacing_mm


def _existing(points: int, number: int) -> int:
    if not 0 <= number < points:
        raise MetricSpecError(f"there is no point {number}; the {points} points count from 0")
    return number


def _mean(values: FloatArray, counts: FloatArray, *, average: Average, of_point: int | None) -> FloatArray:
    """Mean of values of shape (n, k), NaN where there is none, in each resample."""
    asked = values if of_point is None else values[:, [_existing(values.shape[1], of_point)]]
    sums, held = np.nan_to_num(asked), (~np.isnan(asked)).astype(np.float64)
    if average == "micro":
        return ratio(counts @ sums.sum(axis=1), counts @ held.sum(axis=1))
    per_point = ratio(counts @ sums, counts @ held).T
    return average_over_classes(per_point, np.ones_like(per_point), average="macro", absent="left_out")
