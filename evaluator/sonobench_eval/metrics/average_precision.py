"""Average precision of detections, and its mean over classes and IoU thresholds.

Both functions take the answers to n cases and counts of shape (resamples, n), and return one value per resample, shape
(resamples,), in [0, 1], higher is better; NaN where there is nothing to find. Every detection counts, however unsure and
however many an image has (COCO counts the 100 surest of a class; a contract's `most` does that).

Detections of one confidence share one threshold, as in scikit-learn. COCO and VOC take them one by one in the order of the
file, so that shuffling the images changes their value wherever confidences are tied.
"""

from __future__ import annotations

from functools import partial
from typing import Literal

import numpy as np

from sonobench_eval.metrics.class_answers import FloatArray, ratio
from sonobench_eval.metrics.detection_answers import DetectionAnswers
from sonobench_eval.metrics.detection_curve import Given, Steps, along_curve
from sonobench_eval.metrics.detection_outcomes import Average, Detections, detections_of, mean_over_classes
from sonobench_eval.metrics.detection_pairs import Criterion, Near, Unit
from sonobench_eval.metrics.spec import MetricSpecError

Interpolation = Literal["step", "all_points", "coco101", "voc11"]
"""`step`: precision at each threshold times the recall gained there. `all_points`: precision is first raised to the
highest at any larger recall. `coco101` and `voc11`: the raised precision at 101 or 11 evenly spaced recalls."""
_LEVELS = {"coco101": np.linspace(0, 1, 101), "voc11": np.linspace(0, 1, 11)}


def ap(
    answers: DetectionAnswers,
    counts: FloatArray,
    *,
    threshold: float,
    criterion: Criterion = "iou",
    unit: Unit | None = None,
    interpolation: Interpolation = "coco101",
    average: Average = "macro",
    of_class: int | None = None,
) -> FloatArray:
    """Average precision at one threshold of matching; with several classes the mean of theirs.

    Args:
        answers: The n cases.
        counts: Shape (resamples, n).
        threshold: The least IoU (or IoBB), or the largest distance of centers, that matches.
        criterion: What is compared with it.
        unit: Of a distance of centers.
        interpolation: How precision and recall become one number.
        average: `macro`: mean over the classes that a resample holds. `micro`: all classes pooled.
        of_class: One class instead of all.

    Raises:
        MetricSpecError: the rule of matching contradicts itself, or there is no such class.

    Source: Everingham et al., IJCV 2010 (`voc11`, since 2010 `all_points`); Lin et al., ECCV 2014 and pycocotools
    (`coco101`); scikit-learn's `average_precision_score` (`step`); compared in Padilla et al., Electronics 2021. Classes
    without references are left out of the mean; pycocotools and torchmetrics mark them -1, which spoils any mean taken of
    their per-class values.
    """
    near = Near(criterion, threshold, unit)
    questions = detections_of(answers, near, average=average, of_class=of_class)
    return mean_over_classes(np.stack([ap_of(each, counts, interpolation=interpolation) for each in questions]))


def mean_ap(
    answers: DetectionAnswers,
    counts: FloatArray,
    *,
    lowest: float = 0.5,
    highest: float = 0.95,
    step: float = 0.05,
    interpolation: Interpolation = "coco101",
    of_class: int | None = None,
) -> FloatArray:
    """Mean over IoU thresholds, `lowest` to `highest`, of the mean over classes of average precision: COCO's AP.

    Raises:
        MetricSpecError: the thresholds are none, or there is no such class.

    Source: Lin et al., ECCV 2014; as pycocotools with its own settings, where no image has over 100 boxes of a class.
    """
    values = [
        ap(answers, counts, threshold=threshold, interpolation=interpolation, of_class=of_class)
        for threshold in thresholds(lowest, highest, step)
    ]
    return np.asarray(np.mean(values, axis=0))


def ap_of(detections: Detections, counts: FloatArray, *, interpolation: Interpolation) -> FloatArray:
    """Average precision of one question, shape (resamples,)."""
    return along_curve(partial(_area, interpolation=interpolation), detections, counts)


def thresholds(lowest: float, highest: float, step: float) -> list[float]:
    """From the lowest to the highest, both among them.

    Raises:
        MetricSpecError: there are none, or they lie outside of (0, 1].
    """
    if not 0 < lowest <= highest <= 1 or step <= 0:
        raise MetricSpecError("IoU thresholds rise from above 0 to at most 1, by a step above 0")
    number = round((highest - lowest) / step) + 1
    return [round(lowest + place * step, 12) for place in range(number)]


def _area(steps: Steps, given: Given, *, interpolation: Interpolation) -> FloatArray:
    hits = np.cumsum(steps.hits, axis=0)
    precision = ratio(hits, np.maximum(hits + steps.alarms, 1))  # whole numbers: where nothing is said, nothing is gained
    if interpolation != "step":
        precision = np.maximum.accumulate(precision[::-1], axis=0)[::-1]
    return np.asarray(np.sum(precision * _gained(steps, hits, given, interpolation), axis=0))


def _gained(steps: Steps, hits: FloatArray, given: Given, interpolation: Interpolation) -> FloatArray:
    """The recall that each step adds; or the share of the levels that it is the first to reach."""
    to_find = np.maximum(given.to_find, 1)
    if interpolation not in _LEVELS:
        return np.asarray(steps.hits / to_find)
    levels = _LEVELS[interpolation]
    reached = np.searchsorted(levels, hits / to_find, side="right")
    return np.diff(reached, axis=0, prepend=0) / len(levels)
