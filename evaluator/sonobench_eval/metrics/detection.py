"""The metrics of detections at one operating point: precision, recall, F1, false alarms per image, IoU, localization.

Every function takes the answers to n cases and counts of shape (resamples, n): how often each resample holds each case.
It returns one value per resample, shape (resamples,), NaN where the metric has no value.

Matching does not depend on resamples: it is made once for each rule and kept with the answers. `greedy` matching, by
falling confidence, is that of COCO and the default; `optimal` finds as many pairs as there can be, which only counting
metrics may ask for, because it has no order in which detections come.

The rooms behind this door: `detection_answers` (what is judged), `detection_pairs` (what is near), `matching`,
`detection_outcomes`, `detection_curve`; `average_precision` and `froc` are beside it.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from sonobench_eval.metrics.class_answers import FloatArray, ratio
from sonobench_eval.metrics.detection_answers import DetectionAnswers
from sonobench_eval.metrics.detection_outcomes import Average, classes_asked, mean_over_classes, outcomes_of
from sonobench_eval.metrics.detection_pairs import Criterion, Near, Unit, near_pairs
from sonobench_eval.metrics.matching import Matching, Tally

MeanOver = Literal["matched", "references", "all"]
"""What a mean of overlaps is over: matched pairs; references, missed ones counting 0; or all, false alarms too."""


def precision(
    answers: DetectionAnswers,
    counts: FloatArray,
    *,
    threshold: float,
    criterion: Criterion = "iou",
    unit: Unit | None = None,
    confidence: float | None = None,
    matching: Matching = "greedy",
    average: Average = "macro",
    of_class: int | None = None,
) -> FloatArray:
    """TP / (TP + FP), in [0, 1], higher is better; a second detection of one reference is a false positive.

    0 where there is something to find and nothing is found or said; classes that a resample neither holds nor was said to
    hold are left out of the mean, and there is no value where all are.

    Args:
        answers: The n cases.
        counts: Shape (resamples, n).
        threshold: The least IoU (or IoBB), or the largest distance of centers, that matches.
        criterion: What is compared with it.
        unit: Of a distance of centers.
        confidence: Detections count that are at least so sure; all where it is not said.
        matching: `greedy` by confidence, or `optimal`: as many pairs as possible.
        average: `macro`: mean over the classes. `micro`: all classes pooled.
        of_class: One class instead of all.

    Raises:
        MetricSpecError: the rule of matching contradicts itself, or there is no such class.

    Source: Maier-Hein et al., Nat Methods 2024 (Metrics Reloaded).
    """
    near = Near(criterion, threshold, unit)
    found = _tally(answers, counts, near, matching=matching, confidence=confidence, average=average, of_class=of_class)
    return mean_over_classes(found.precision)


def recall(
    answers: DetectionAnswers,
    counts: FloatArray,
    *,
    threshold: float,
    criterion: Criterion = "iou",
    unit: Unit | None = None,
    confidence: float | None = None,
    matching: Matching = "greedy",
    average: Average = "macro",
    of_class: int | None = None,
) -> FloatArray:
    """Sensitivity, TP / (TP + FN), in [0, 1], higher is better. Arguments as for `precision`.

    Classes that a resample does not hold are left out of the mean.
    """
    near = Near(criterion, threshold, unit)
    found = _tally(answers, counts, near, matching=matching, confidence=confidence, average=average, of_class=of_class)
    return mean_over_classes(found.recall)


def f1(
    answers: DetectionAnswers,
    counts: FloatArray,
    *,
    threshold: float,
    criterion: Criterion = "iou",
    unit: Unit | None = None,
    confidence: float | None = None,
    matching: Matching = "greedy",
    average: Average = "macro",
    of_class: int | None = None,
) -> FloatArray:
    """2 TP / (2 TP + FP + FN), in [0, 1], higher is better. Arguments as for `precision`.

    Classes that a resample neither holds nor was said to hold are left out of the mean.
    """
    near = Near(criterion, threshold, unit)
    found = _tally(answers, counts, near, matching=matching, confidence=confidence, average=average, of_class=of_class)
    return mean_over_classes(found.f1)


def fppi(
    answers: DetectionAnswers,
    counts: FloatArray,
    *,
    threshold: float,
    criterion: Criterion = "iou",
    unit: Unit | None = None,
    confidence: float | None = None,
    matching: Matching = "greedy",
    of_class: int | None = None,
) -> FloatArray:
    """False positives per image, of all classes together, 0 or more, lower is better. Arguments as for `precision`.

    All images are divided by, those with nothing to find too. An unusable one has one false positive.
    """
    near = Near(criterion, threshold, unit)
    found = _tally(answers, counts, near, matching=matching, confidence=confidence, average="micro", of_class=of_class)
    return ratio(found.alarms[0], counts.sum(axis=1))


def mean_iou(
    answers: DetectionAnswers,
    counts: FloatArray,
    *,
    threshold: float,
    criterion: Criterion = "iou",
    unit: Unit | None = None,
    confidence: float | None = None,
    over: MeanOver = "references",
    matching: Matching = "greedy",
    average: Average = "macro",
    of_class: int | None = None,
) -> FloatArray:
    """Mean intersection over union of detections and the references they match, in [0, 1], higher is better.

    Args:
        answers: The n cases.
        counts: Shape (resamples, n).
        threshold: As for `precision`, like all that is not named here.
        criterion: What decides who matches; the mean is of IoU in any case.
        unit: Of a distance of centers.
        confidence: Detections count that are at least so sure.
        over: What the mean is over. `matched` says how well what was found is outlined, and rewards finding only the
            easy ones; references of unusable cases count 0 even there.
        matching: As for `precision`.
        average: `macro`: mean over the classes that a resample holds. `micro`: all classes pooled.
        of_class: One class instead of all.

    Raises:
        MetricSpecError: the rule of matching contradicts itself, or there is no such class.
    """
    near = Near(criterion, threshold, unit)
    outcomes = outcomes_of(answers, near, matching=matching, confidence=confidence)
    wanted = outcomes.tally.hits + outcomes.tally.misses
    unanswered = wanted * answers.unusable[:, np.newaxis]
    table = np.stack([outcomes.iou, unanswered])
    overlap, lost = _summed(answers, counts, table, average=average, of_class=of_class)
    found = _tally(answers, counts, near, matching=matching, confidence=confidence, average=average, of_class=of_class)
    held = found.hits + found.misses
    below = {"matched": found.hits + lost, "references": held, "all": held + found.alarms}[over]
    return mean_over_classes(ratio(overlap, np.where(below > 0, below, held)))


def localization_acc(
    answers: DetectionAnswers,
    counts: FloatArray,
    *,
    threshold: float,
    criterion: Literal["iou", "iobb"] = "iou",
    average: Average = "macro",
    of_class: int | None = None,
) -> FloatArray:
    """Share of (image, class) pairs with a reference whose surest box of that class overlaps one, in [0, 1].

    Higher is better. One box an image and class is judged, the surest; of equally sure ones all must overlap, so that
    many guesses do not pay. False alarms elsewhere do not count.

    Args:
        answers: The n cases.
        counts: Shape (resamples, n).
        threshold: The least overlap, in (0, 1].
        criterion: `iou`, or `iobb`: intersection over the predicted box.
        average: `macro`: mean over the classes that a resample holds. `micro`: all classes pooled.
        of_class: One class instead of all.

    Raises:
        MetricSpecError: the threshold is no overlap, or there is no such class.

    Source: Wang et al., CVPR 2017 (ChestX-ray8), T(IoU) and T(IoBB), which ask for more than the threshold, where here
    exactly the threshold suffices, and take boxes from heat maps, where several of an image may be tried.
    """
    found = _located(answers, Near(criterion, threshold, None))
    right, held = _summed(answers, counts, found, average=average, of_class=of_class)
    return mean_over_classes(ratio(right, held))


def _located(answers: DetectionAnswers, near: Near) -> FloatArray:
    """(image, class) pairs that are located, and those that have a reference; shape (2, n, classes)."""
    pairs = near_pairs(answers, near)
    near_one = np.zeros(len(answers.predicted), dtype=np.bool_)
    near_one[pairs.predicted[~answers.ignored[pairs.reference]]] = True
    size = answers.cases * answers.classes
    of_box = answers.predicted.case * answers.classes + answers.predicted.kind
    surest = np.full(size, -np.inf)
    np.maximum.at(surest, of_box, answers.confidence)
    is_surest = answers.confidence == surest[of_box]
    right = np.isfinite(surest)
    right[of_box[is_surest & ~near_one]] = False
    held = np.zeros(size, dtype=np.bool_)
    wanted = ~answers.ignored
    held[answers.reference.case[wanted] * answers.classes + answers.reference.kind[wanted]] = True
    return np.stack([right & held, held]).reshape(2, answers.cases, answers.classes).astype(np.float64)


def _tally(
    answers: DetectionAnswers,
    counts: FloatArray,
    near: Near,
    *,
    matching: Matching,
    confidence: float | None,
    average: Average,
    of_class: int | None,
) -> Tally:
    """Counts in each resample, shape (questions, resamples)."""
    tally = outcomes_of(answers, near, matching=matching, confidence=confidence).tally
    table = np.stack([tally.hits, tally.misses, tally.alarms])
    hits, misses, alarms = _summed(answers, counts, table, average=average, of_class=of_class)
    if average == "micro" and of_class is None:  # pooled, an unusable case is one false alarm, not one for each class
        alarms = alarms - (answers.classes - 1) * (counts @ answers.unusable)
    return Tally(hits, misses, alarms)


def _summed(
    answers: DetectionAnswers, counts: FloatArray, table: FloatArray, *, average: Average, of_class: int | None
) -> FloatArray:
    """Columns of a table (tables, n, classes) summed over the cases of each resample, shape (tables, questions, resamples)."""
    asked = table[:, :, classes_asked(answers, of_class)]
    if average == "micro":
        asked = asked.sum(axis=2, keepdims=True)
    tables, cases, questions = asked.shape
    flat = np.ascontiguousarray(asked.transpose(1, 0, 2)).reshape(cases, tables * questions)
    return np.asarray((counts @ flat).T.reshape(tables, questions, len(counts)))
