"""Metrics of values: errors, bias, limits of agreement, explained variance. Correlations are in `regression_association`.

Every function takes the answers to n cases and counts of shape (resamples, n), and returns one value per resample,
shape (resamples,), in the unit of the values unless said otherwise, NaN where the metric has no value.

A case without a usable answer errs as far as the declared range allows; of metrics that are no sum over cases the value
told is the worst that any answers within the range would have led to.
"""

from __future__ import annotations

import numpy as np

from sonobench_eval.metrics.class_answers import ratio
from sonobench_eval.metrics.regression_answers import FloatArray, ValueAnswers
from sonobench_eval.metrics.regression_bounds import beyond_rounding, greatest_spread

LIMITS = 1.959963984540054
"""The normal deviate of 95 % limits of agreement."""


def mae(answers: ValueAnswers, counts: FloatArray) -> FloatArray:
    """Mean absolute error, lower is better. Source: as `sklearn.metrics.mean_absolute_error`."""
    return ratio(counts @ answers.errors(), counts.sum(axis=1))


def rmse(answers: ValueAnswers, counts: FloatArray) -> FloatArray:
    """Root of the mean squared error, lower is better. Source: as `sklearn.metrics.root_mean_squared_error`."""
    return np.sqrt(ratio(counts @ answers.errors() ** 2, counts.sum(axis=1)))


def medae(answers: ValueAnswers, counts: FloatArray) -> FloatArray:
    """Median absolute error, of an even number of cases the mean of the two in the middle; lower is better.

    Source: as `sklearn.metrics.median_absolute_error`.
    """
    errors = answers.errors()
    order = np.argsort(errors)
    until = np.cumsum(counts[:, order], axis=1)
    if not len(order):
        return np.full(len(counts), np.nan)
    cases = until[:, -1:]
    lower = errors[order][np.argmax(until >= np.ceil(cases / 2), axis=1)]
    upper = errors[order][np.argmax(until >= np.floor(cases / 2) + 1, axis=1)]
    return np.where(cases[:, 0] > 0, (lower + upper) / 2, np.nan)


def r2(answers: ValueAnswers, counts: FloatArray) -> FloatArray:
    """Coefficient of determination, 1 - squared errors / squared distances of the reference from its mean; no unit.

    At most 1, which is best; 0 is what always answering the mean gives, and nothing bounds it below. No value where all
    references of a resample are equal. Source: as `sklearn.metrics.r2_score`.
    """
    centered = answers.reference - answers.reference.mean() if len(answers.reference) else answers.reference
    cases, total, squares = counts.sum(axis=1), counts @ centered, counts @ centered**2
    spread = squares - ratio(total**2, cases)
    return 1 - ratio(counts @ answers.errors() ** 2, beyond_rounding(spread, squares))


def bias(answers: ValueAnswers, counts: FloatArray) -> FloatArray:
    """Distance of the mean difference, predicted minus reference, from 0; lower is better.

    The sign is in `regression_agreement.bland_altman`. Missing answers are taken to lie where they enlarge it most, so
    that they cannot make up for others. Source: Bland and Altman, Lancet 1986.
    """
    usable = answers.usable
    difference = np.where(usable, answers.predicted - answers.reference, 0.0)
    lowest = counts @ np.where(usable, difference, answers.low - answers.reference)
    highest = counts @ np.where(usable, difference, answers.high - answers.reference)
    return ratio(np.maximum(np.abs(lowest), np.abs(highest)), counts.sum(axis=1))


def loa_width(answers: ValueAnswers, counts: FloatArray) -> FloatArray:
    """Distance between the 95 % limits of agreement, 2 * 1.96 standard deviations (n - 1) of the differences; lower is better.

    No value for fewer than two cases. Source: Bland and Altman, Lancet 1986.
    """
    usable = answers.usable
    difference = np.where(usable, answers.predicted - answers.reference, 0.0)
    center = difference[usable].mean() if usable.any() else 0.0
    centered = np.where(usable, difference - center, 0.0)
    squares = counts @ centered**2
    spread = greatest_spread(
        cases=counts.sum(axis=1),
        total=counts @ centered,
        squares=squares,
        open_counts=counts[:, ~usable],
        lowest=answers.low - answers.reference[~usable] - center,
        width=answers.high - answers.low,
    )
    return 2 * LIMITS * np.sqrt(ratio(beyond_rounding(spread, squares), counts.sum(axis=1) - 1))
