"""What became of every box: hit, missed, false alarm or forgiven, by case and class. It does not depend on resamples.

A detection that is near no free reference but near an ignored one is forgiven: it counts neither way, and so are any
number of them (VOC's `difficult`; COCO forgives one for each ignored object, any number for each `iscrowd` region).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from sonobench_eval.metrics.class_answers import BoolArray, FloatArray, IntArray
from sonobench_eval.metrics.class_averages import average_over_classes
from sonobench_eval.metrics.detection_answers import DetectionAnswers
from sonobench_eval.metrics.detection_pairs import Near, iou_of, near_pairs
from sonobench_eval.metrics.matching import Matching, Pairs, Tally, matched_greedily, matched_optimally
from sonobench_eval.metrics.spec import MetricSpecError

Average = Literal["macro", "micro"]
"""`macro`: the mean over the classes, each weighing the same. `micro`: all classes are pooled."""
Duplicates = Literal["false_positive", "ignored"]
"""What a detection is that comes near a reference already taken by a surer one."""


def mean_over_classes(values: FloatArray) -> FloatArray:
    """Mean of per-class values, shape (classes, resamples), over the classes that have one; NaN where none has."""
    return average_over_classes(values, np.ones_like(values), average="macro", absent="left_out")


class Fate(NamedTuple):
    """What became of each predicted box: its reference or -1, and whether it is forgiven. Shapes (m,)."""

    reference: IntArray
    forgiven: BoolArray

    @property
    def hit(self) -> BoolArray:
        return np.asarray(self.reference >= 0)


@dataclass(frozen=True, slots=True)
class Detections:
    """One question about n cases (a class, or all pooled): its detections, false alarms for unusable cases among them.

    case, confidence, hit: of each detection, shape (m,).
    to_find: how many references each case holds, shape (n,).
    """

    case: IntArray
    confidence: FloatArray
    hit: BoolArray
    to_find: FloatArray


def detections_of(
    answers: DetectionAnswers, near: Near, *, average: Average, of_class: int | None, duplicates: Duplicates = "false_positive"
) -> list[Detections]:
    """The questions that are asked: about one class, about each, or about all at once; greedily matched.

    Raises:
        MetricSpecError: there is no such class, or the rule of matching is none.
    """
    fate = fate_of(answers, near, duplicates=duplicates)
    if average == "micro" and of_class is None:
        return [_question(answers, fate, None)]
    return [_question(answers, fate, kind) for kind in classes_asked(answers, of_class)]


def classes_asked(answers: DetectionAnswers, of_class: int | None) -> list[int]:
    """
    Raises:
        MetricSpecError: there is no such class.
    """
    if of_class is not None and not 0 <= of_class < answers.classes:
        raise MetricSpecError(f"there is no class {of_class}; the {answers.classes} classes count from 0")
    return list(range(answers.classes)) if of_class is None else [of_class]


def fate_of(
    answers: DetectionAnswers,
    near: Near,
    *,
    matching: Matching = "greedy",
    confidence: float | None = None,
    duplicates: Duplicates = "false_positive",
) -> Fate:
    """What becomes of each detection. Those below `confidence` are forgiven, as if they were not there.

    Greedy matching goes by falling confidence, so leaving out the least sure ones changes nothing for others; optimal
    matching is made among those that are left.
    """
    key = ("fate", near, matching, confidence, duplicates)
    if key not in answers.found_before:
        answers.found_before[key] = _fate_of(answers, near, matching, confidence, duplicates)
    fate: Fate = answers.found_before[key]
    return fate


class Outcomes(NamedTuple):
    """By case and class, each of shape (n, classes): the tally, and the sum of IoU over the hits."""

    tally: Tally
    iou: FloatArray


def outcomes_of(answers: DetectionAnswers, near: Near, *, matching: Matching, confidence: float | None) -> Outcomes:
    """What became of the boxes of each case. An unusable case has one false alarm of each class."""
    key = ("outcomes", near, matching, confidence)
    if key not in answers.found_before:
        answers.found_before[key] = _outcomes_of(answers, fate_of(answers, near, matching=matching, confidence=confidence))
    outcomes: Outcomes = answers.found_before[key]
    return outcomes


def _outcomes_of(answers: DetectionAnswers, fate: Fate) -> Outcomes:
    predicted, wanted = answers.predicted, _by_class(answers, answers.reference.case, answers.reference.kind, ~answers.ignored)
    hits = _by_class(answers, predicted.case, predicted.kind, fate.hit)
    alarms = _by_class(answers, predicted.case, predicted.kind, ~fate.hit & ~fate.forgiven)
    hit = np.flatnonzero(fate.hit)
    overlap = np.zeros(len(predicted))
    overlap[hit] = iou_of(predicted, answers.reference, Pairs(hit, fate.reference[hit], np.ones(len(hit))))
    tally = Tally(hits, wanted - hits, alarms + answers.unusable[:, np.newaxis])
    return Outcomes(tally, _by_class(answers, predicted.case, predicted.kind, overlap))


def _by_class(answers: DetectionAnswers, case: IntArray, kind: IntArray, weight: BoolArray | FloatArray) -> FloatArray:
    size = answers.cases * answers.classes
    sums = np.bincount(case * answers.classes + kind, weights=weight.astype(np.float64), minlength=size)
    return np.asarray(sums.reshape(answers.cases, answers.classes), dtype=np.float64)


def _fate_of(answers: DetectionAnswers, near: Near, matching: Matching, confidence: float | None, duplicates: Duplicates) -> Fate:
    left_out = np.zeros(len(answers.predicted), dtype=np.bool_) if confidence is None else answers.confidence < confidence
    pairs = near_pairs(answers, near)
    pairs = pairs.some(~left_out[pairs.predicted])
    to_ignored = answers.ignored[pairs.reference]
    real = pairs.some(~to_ignored)
    if matching == "greedy":
        reference = matched_greedily(real, answers.confidence)
    else:
        reference = matched_optimally(real, len(answers.predicted))
    forgiven = left_out.copy()
    forgiven[pairs.predicted[to_ignored]] = True
    if duplicates == "ignored":
        forgiven[real.predicted] = True
    return Fate(reference, forgiven & (reference < 0))


def _question(answers: DetectionAnswers, fate: Fate, kind: int | None) -> Detections:
    """About one class, or about all of them pooled."""
    asked = np.ones(len(answers.predicted), dtype=np.bool_) if kind is None else answers.predicted.kind == kind
    wanted = ~answers.ignored if kind is None else ~answers.ignored & (answers.reference.kind == kind)
    told = np.flatnonzero(asked & ~fate.forgiven)
    silent = np.flatnonzero(answers.unusable)
    return Detections(
        case=np.concatenate([silent, answers.predicted.case[told]]),
        confidence=np.concatenate([np.full(len(silent), np.inf), answers.confidence[told]]),
        hit=np.concatenate([np.zeros(len(silent), dtype=np.bool_), fate.hit[told]]),
        to_find=np.bincount(answers.reference.case[wanted], minlength=answers.cases).astype(np.float64),
    )
