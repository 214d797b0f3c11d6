"""FROC: the share of references that are found, against false alarms per image, as confidence falls.

Both functions take the answers to n cases and counts of shape (resamples, n), and return one value per resample, shape
(resamples,), in [0, 1], higher is better; NaN where there is nothing to find. All images count, those with nothing to
find too (LUNA16; CAMELYON16 counts the false alarms of tumor-free slides per slide in this way, and no others).
"""

from __future__ import annotations

from functools import partial
from typing import Literal

import numpy as np

from sonobench_eval.metrics.class_answers import FloatArray, ratio
from sonobench_eval.metrics.detection_answers import DetectionAnswers
from sonobench_eval.metrics.detection_curve import Given, Steps, along_curve
from sonobench_eval.metrics.detection_outcomes import Average, Duplicates, detections_of, mean_over_classes
from sonobench_eval.metrics.detection_pairs import Criterion, Near, Unit
from sonobench_eval.metrics.matching import ROUNDING

Between = Literal["linear", "step"]
"""Between two thresholds: `linear` draws a line, as LUNA16; `step` takes the surer one, whose false alarms are few enough.
They differ only where detections share a confidence."""
Rates = Literal["luna16", "camelyon16"]
RATES: dict[Rates, tuple[float, ...]] = {
    "luna16": (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0),
    "camelyon16": (0.25, 0.5, 1.0, 2.0, 4.0, 8.0),
}


def froc(
    answers: DetectionAnswers,
    counts: FloatArray,
    *,
    threshold: float,
    criterion: Criterion = "iou",
    unit: Unit | None = None,
    rates: Rates = "luna16",
    between: Between = "linear",
    duplicates: Duplicates = "false_positive",
    average: Average = "macro",
    of_class: int | None = None,
) -> FloatArray:
    """FROC score: mean sensitivity at 1/8, 1/4, 1/2, 1, 2, 4 and 8 false alarms per image.

    Args:
        answers: The n cases.
        counts: Shape (resamples, n).
        threshold: The least IoU (or IoBB), or the largest distance of centers, that matches.
        criterion: What is compared with it; LUNA16: `center_radius` with 1.
        unit: Of a distance of centers.
        rates: At how many false alarms per image: `luna16`, or `camelyon16`, which leaves out 1/8.
        between: How to read the curve between two thresholds.
        duplicates: What a second detection of the same reference is; LUNA16: `ignored`.
        average: `macro`: mean over the classes that a resample holds. `micro`: all classes pooled.
        of_class: One class instead of all.

    Raises:
        MetricSpecError: the rule of matching contradicts itself, or there is no such class.

    Source: Setio et al., Med Image Anal 2017 (LUNA16's CPM); Bunch et al. 1977. As LUNA16's script, the curve starts at 0
    and stays level behind the last detection. MONAI's `compute_froc_curve_data` drops the lowest threshold, and with it a
    lesion that is found there; where all lesions are found it never reaches 1.
    """
    near = Near(criterion, threshold, unit)
    values = []
    for question in detections_of(answers, near, average=average, of_class=of_class, duplicates=duplicates):
        at_rates = along_curve(partial(sensitivities, rates=RATES[rates], between=between), question, counts)
        values.append(np.mean(at_rates, axis=0))
    return mean_over_classes(np.stack(values))


def sensitivity_at_fppi(
    answers: DetectionAnswers,
    counts: FloatArray,
    *,
    rate: float,
    threshold: float,
    criterion: Criterion = "iou",
    unit: Unit | None = None,
    between: Between = "linear",
    duplicates: Duplicates = "false_positive",
    average: Average = "macro",
    of_class: int | None = None,
) -> FloatArray:
    """Sensitivity at `rate` false alarms per image: one point of the FROC curve. Arguments as for `froc`."""
    near = Near(criterion, threshold, unit)
    questions = detections_of(answers, near, average=average, of_class=of_class, duplicates=duplicates)
    judge = partial(sensitivities, rates=(rate,), between=between)
    return mean_over_classes(np.stack([along_curve(judge, question, counts)[0] for question in questions]))


def sensitivities(steps: Steps, given: Given, *, rates: tuple[float, ...], between: Between) -> FloatArray:
    """Sensitivity at each rate of false alarms per image, shape (rates, resamples)."""
    alarms = steps.alarms
    found = [
        np.sum(steps.hits * _share(alarms, steps.alarms_tied, rate * given.images, between=between), axis=0) for rate in rates
    ]
    return np.asarray(np.stack(found) / np.maximum(given.to_find, 1))


def _share(alarms: FloatArray, tied: FloatArray, allowed: FloatArray, *, between: Between) -> FloatArray:
    """How much of a step's hits is counted: all, none, or as much as the line between two thresholds has climbed."""
    limit = allowed * (1 + ROUNDING)
    if between == "step":
        return np.asarray(alarms <= limit, dtype=np.float64)
    start = alarms - tied
    climbed = np.clip(ratio(allowed - start, tied), 0, 1)
    return np.where(tied > 0, climbed, start <= limit)
