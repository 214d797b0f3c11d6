"""Which predicted boxes come near which reference boxes of their own case and class, and how near."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from sonobench_eval.metrics.class_answers import FloatArray, IntArray, ratio
from sonobench_eval.metrics.detection_answers import BoxTable, DetectionAnswers
from sonobench_eval.metrics.matching import ROUNDING, Pairs
from sonobench_eval.metrics.spec import MetricSpecError

Criterion = Literal["iou", "iobb", "center_distance", "center_radius"]
"""`iou`: intersection over union. `iobb`: intersection over the predicted box (ChestX-ray8). `center_distance`: of the
centers, in px or mm. `center_radius`: that distance as a share of the reference's radius, half its mean side (LUNA16: 1)."""
Unit = Literal["px", "mm"]
PAIRS_AT_ONCE = 1_000_000


@dataclass(frozen=True, slots=True)
class Near:
    """When a predicted box is near enough to a reference box.

    An overlap of at least `threshold`, or a distance of at most that. `unit` is for `center_distance` alone.
    """

    criterion: Criterion
    threshold: float
    unit: Unit | None

    def check(self, answers: DetectionAnswers) -> None:
        """
        Raises:
            MetricSpecError: the rule contradicts itself, or asks for millimetres that nobody knows.
        """
        if self.criterion in {"iou", "iobb"}:
            if not 0 < self.threshold <= 1:
                raise MetricSpecError(f"threshold of {self.criterion} must lie above 0 and be at most 1, not {self.threshold:g}")
        elif self.threshold < 0:
            raise MetricSpecError(f"threshold of {self.criterion} is a distance and cannot be {self.threshold:g}")
        if (self.criterion == "center_distance") != (self.unit is not None):
            raise MetricSpecError("unit (px or mm) belongs to criterion center_distance, which needs it")
        if self.unit == "mm" and answers.spacing_mm is None:
            raise MetricSpecError("unit mm needs the pixel size of every case")


class _Candidates(NamedTuple):
    predicted: IntArray
    reference: IntArray


def near_pairs(answers: DetectionAnswers, near: Near) -> Pairs:
    """All pairs of one case and class that are near enough, in an order that is that of no file: by their corners."""
    near.check(answers)
    key = ("near", near)
    if key not in answers.found_before:
        answers.found_before[key] = _in_order_of_corners(answers, _near_pairs(answers, near))
    found: Pairs = answers.found_before[key]
    return found


def iou_of(predicted: BoxTable, reference: BoxTable, which: _Candidates | Pairs) -> FloatArray:
    """Intersection over union of some pairs; 0 where neither box has an inside."""
    shared, own, other = _areas(predicted, reference, which)
    return ratio_or_0(shared, own + other - shared)


def best_iou(answers: DetectionAnswers) -> FloatArray:
    """The largest IoU of each predicted box with any reference box of its case and class, ignored ones too; shape (m,)."""
    best = np.zeros(len(answers.predicted))
    for block in _candidates(answers):
        np.maximum.at(best, block.predicted, iou_of(answers.predicted, answers.reference, block))
    return best


def ratio_or_0(above: FloatArray, below: FloatArray) -> FloatArray:
    """above / below, 0 where `below` is not positive."""
    return np.nan_to_num(ratio(above, below), nan=0.0)


def _near_pairs(answers: DetectionAnswers, near: Near) -> Pairs:
    found = [Pairs(np.empty(0, np.intp), np.empty(0, np.intp), np.empty(0))]
    for block in _candidates(answers):
        nearness = _nearness(answers, near, block)
        reached = nearness >= 0
        found.append(Pairs(block.predicted[reached], block.reference[reached], nearness[reached]))
    return Pairs(
        np.concatenate([each.predicted for each in found]),
        np.concatenate([each.reference for each in found]),
        np.concatenate([each.nearness for each in found]),
    )


def _nearness(answers: DetectionAnswers, near: Near, which: _Candidates) -> FloatArray:
    """In [0, 1], -1 where a pair is not near enough."""
    if near.criterion in {"iou", "iobb"}:
        shared, own, other = _areas(answers.predicted, answers.reference, which)
        overlap = ratio_or_0(shared, own if near.criterion == "iobb" else own + other - shared)
        return np.where(overlap >= near.threshold - ROUNDING, overlap, -1.0)
    distance, limit = _distance(answers, near, which), near.threshold * (1 + ROUNDING)
    reached = distance <= limit
    return np.where(reached, 1 - np.where(reached, distance, 0.0) / (limit or 1.0), -1.0)


def _distance(answers: DetectionAnswers, near: Near, which: _Candidates) -> FloatArray:
    """Of the centers; where only its share of the radius counts, in mm if that can be had, since pixels may not be square."""
    in_mm = answers.spacing_mm is not None and near.unit != "px"
    scale = answers.spacing_mm[answers.predicted.case[which.predicted]] if in_mm and answers.spacing_mm is not None else 1.0
    apart = (answers.predicted.center[which.predicted] - answers.reference.center[which.reference]) * scale
    distance = np.sqrt(np.sum(apart**2, axis=1))
    if near.criterion == "center_distance":
        return np.asarray(distance)
    sides = (answers.reference.high - answers.reference.low)[which.reference] * scale
    radius = np.mean(sides, axis=1) / 2
    return np.asarray(np.divide(distance, radius, out=np.full(len(distance), np.inf), where=radius > 0))


class _Areas(NamedTuple):
    shared: FloatArray
    predicted: FloatArray
    reference: FloatArray


def _areas(predicted: BoxTable, reference: BoxTable, which: _Candidates | Pairs) -> _Areas:
    low, high = predicted.low[which.predicted], predicted.high[which.predicted]
    other_low, other_high = reference.low[which.reference], reference.high[which.reference]
    shared = np.clip(np.minimum(high, other_high) - np.maximum(low, other_low), 0, None)
    return _Areas(np.prod(shared, axis=1), np.prod(high - low, axis=1), np.prod(other_high - other_low, axis=1))


def _candidates(answers: DetectionAnswers) -> Iterator[_Candidates]:
    """Every pair of one case and class, block after block, so that little is held at a time."""
    reference, predicted = answers.reference, answers.predicted
    group = reference.case * answers.classes + reference.kind
    order = np.argsort(group, kind="stable")
    asked = predicted.case * answers.classes + predicted.kind
    first = np.searchsorted(group[order], asked, side="left")
    length = np.searchsorted(group[order], asked, side="right") - first
    block_of = np.cumsum(length) // PAIRS_AT_ONCE
    for block in np.unique(block_of[length > 0]):
        some = np.flatnonzero((block_of == block) & (length > 0))
        spans = length[some]
        within = np.arange(spans.sum()) - np.repeat(np.cumsum(spans) - spans, spans)
        yield _Candidates(np.repeat(some, spans), order[np.repeat(first[some], spans) + within])


def _in_order_of_corners(answers: DetectionAnswers, pairs: Pairs) -> Pairs:
    """Sorted by the corners of the reference, then of the prediction: what decides between equals is in no file's order."""
    corners = [*answers.reference.low.T, *answers.reference.high.T]
    others = [*answers.predicted.low.T, *answers.predicted.high.T]
    keys = [each[pairs.predicted] for each in reversed(others)] + [each[pairs.reference] for each in reversed(corners)]
    order = np.lexsort(keys)
    return pairs.some(order)
