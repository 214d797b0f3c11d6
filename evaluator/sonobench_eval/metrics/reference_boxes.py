"""Metrics of boxes by scikit-learn, to check ours with: one resample after another.

Who matches whom is ours (scikit-learn knows no boxes); what is counted and how a curve becomes a number is theirs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from sklearn import metrics as sklearn_metrics

from sonobench_eval.metrics.class_answers import FloatArray, IntArray
from sonobench_eval.metrics.detection_answers import DetectionAnswers
from sonobench_eval.metrics.detection_outcomes import Average, Detections, classes_asked, detections_of, fate_of
from sonobench_eval.metrics.detection_pairs import Criterion, Near, Unit
from sonobench_eval.metrics.matching import Matching

_Judge = Callable[..., Any]


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
    """scikit-learn's precision of every box, matched or not, in each resample."""
    near = Near(criterion, threshold, unit)
    lists = _lists(answers, near, matching=matching, confidence=confidence, average=average, of_class=of_class)
    return _counted(sklearn_metrics.precision_score, lists, counts)


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
    """scikit-learn's recall of every box, matched or not, in each resample."""
    near = Near(criterion, threshold, unit)
    lists = _lists(answers, near, matching=matching, confidence=confidence, average=average, of_class=of_class)
    return _counted(sklearn_metrics.recall_score, lists, counts)


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
    """scikit-learn's F1 of every box, matched or not, in each resample."""
    near = Near(criterion, threshold, unit)
    lists = _lists(answers, near, matching=matching, confidence=confidence, average=average, of_class=of_class)
    return _counted(sklearn_metrics.f1_score, lists, counts)


def ap(
    answers: DetectionAnswers,
    counts: FloatArray,
    *,
    threshold: float,
    criterion: Criterion = "iou",
    unit: Unit | None = None,
    interpolation: Literal["step", "all_points", "coco101", "voc11"] = "coco101",
    average: Average = "macro",
    of_class: int | None = None,
) -> FloatArray:
    """scikit-learn's precision-recall curve in each resample, made one number as VOC or COCO do with plain loops."""
    questions = detections_of(answers, Near(criterion, threshold, unit), average=average, of_class=of_class)
    return _mean([[_ap_of(each, weights, interpolation) for weights in counts] for each in questions])


def _lists(
    answers: DetectionAnswers, near: Near, *, matching: Matching, confidence: float | None, average: Average, of_class: int | None
) -> list[tuple[IntArray, IntArray, IntArray]]:
    """(case, true, said) of every box of each question: a hit is once both, a miss only true, a false alarm only said."""
    fate = fate_of(answers, near, matching=matching, confidence=confidence)
    pooled = average == "micro" and of_class is None
    lists = []
    for kind in [None] if pooled else classes_asked(answers, of_class):
        told = np.flatnonzero(~fate.forgiven & ((answers.predicted.kind == kind) | (kind is None)))
        wanted = ~answers.ignored & ((answers.reference.kind == kind) | (kind is None))
        missed = np.setdiff1d(np.flatnonzero(wanted), fate.reference[told])
        silent = np.flatnonzero(answers.unusable)
        case = np.concatenate([answers.predicted.case[told], answers.reference.case[missed], silent])
        true = np.concatenate([fate.hit[told], np.ones(len(missed)), np.zeros(len(silent))]).astype(np.intp)
        said = np.concatenate([np.ones(len(told)), np.zeros(len(missed)), np.ones(len(silent))]).astype(np.intp)
        lists.append((case, true, said))
    return lists


def _counted(judge: _Judge, lists: list[tuple[IntArray, IntArray, IntArray]], counts: FloatArray) -> FloatArray:
    def one(case: IntArray, true: IntArray, said: IntArray, weights: FloatArray) -> float:
        here = weights[case]
        held = here > 0
        if not (held & (true == 1)).any() and judge is sklearn_metrics.recall_score:
            return float("nan")
        if not held.any():
            return float("nan")
        return float(judge(true[held], said[held], sample_weight=here[held], zero_division=0))

    return _mean([[one(*each, weights) for weights in counts] for each in lists])


def _ap_of(detections: Detections, weights: FloatArray, interpolation: str) -> float:
    to_find = float(detections.to_find @ weights)
    here = weights[detections.case]
    held = here > 0
    if to_find == 0:
        return float("nan")
    hit = detections.hit[held]
    if not hit.any():
        return 0.0
    score = np.minimum(detections.confidence[held], np.finfo(np.float64).max)
    found = float(here[held][hit].sum())
    if interpolation == "step":
        return float(sklearn_metrics.average_precision_score(hit, score, sample_weight=here[held])) * found / to_find
    precision, recall, _ = sklearn_metrics.precision_recall_curve(hit, score, sample_weight=here[held])
    return _interpolated(precision[:-1], np.rint(recall[:-1] * found) / to_find, interpolation)


def _interpolated(precision: FloatArray, recall: FloatArray, interpolation: str) -> float:
    """Points in rising order of threshold, as scikit-learn gives them."""

    def raised(level: float) -> float:
        return float(max(precision[recall >= level], default=0.0))

    if interpolation == "all_points":
        levels = np.unique(recall)
        return float(sum(raised(level) * gained for level, gained in zip(levels, np.diff(levels, prepend=0), strict=True)))
    levels = np.linspace(0, 1, 101 if interpolation == "coco101" else 11)
    return float(np.mean([raised(level) for level in levels]))


def _mean(per_class: list[list[float]]) -> FloatArray:
    """Mean over the classes that have a value."""
    table = np.array(per_class)
    return np.array([np.mean(column[~np.isnan(column)]) if not np.isnan(column).all() else np.nan for column in table.T])
