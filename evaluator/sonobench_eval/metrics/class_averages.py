"""How the values of several classes or labels become one."""

from __future__ import annotations

from typing import Literal

import numpy as np

from sonobench_eval.metrics.class_answers import FloatArray, ratio

Average = Literal["macro", "weighted", "micro"]
"""`macro`: classes weigh the same. `weighted`: as many times as the reference holds them. `micro`: all their questions
are pooled, as if there were one class."""

Absent = Literal["left_out"]
"""What becomes of a class that a resample cannot judge. None: the mean has no value either. `left_out`: the mean is over
the classes that can be judged, which is what a long tail of rare classes needs, since few resamples hold all of them."""


def average_over_classes(
    values: FloatArray, supports: FloatArray, *, average: Average, absent: Absent | None = None
) -> FloatArray:
    """The mean of per-class values.

    Args:
        values: One value per class and resample, shape (classes, resamples), NaN where a class has none.
        supports: How many positive cases of the class a resample holds, same shape.
        average: `macro` or `weighted` (`micro` is no mean: pool before).
        absent: What becomes of a class without a value.

    Returns:
        Shape (resamples,), NaN where there is no class with a value.
    """
    weights = np.ones_like(values) if average == "macro" else supports
    if absent is None:
        return ratio(np.sum(values * weights, axis=0), np.sum(weights, axis=0))
    defined = ~np.isnan(values)
    weights = np.where(defined, weights, 0.0)
    return ratio(np.sum(np.where(defined, values, 0.0) * weights, axis=0), np.sum(weights, axis=0))
