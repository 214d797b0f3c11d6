"""The worst that answers which are missing could have done, where a metric is no sum over cases.

A correlation is a covariance over spreads. Over all answers within the declared range the lowest covariance and the
least and greatest spread can be told exactly; from them follows a value that no such answers fall below. It equals the
metric itself where every answer is usable, and taking one more away never raises it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sonobench_eval.metrics.class_answers import ratio
from sonobench_eval.metrics.regression_answers import FloatArray, ValueAnswers

NOTHING = 1e-13
"""A spread below this share of the mean square is rounding: all values are equal."""


class Moments(NamedTuple):
    """Sums over the cases of each resample, shape (resamples,).

    cases: how many. spread_x: squared distances of the reference from its mean. covariance: the lowest sum of products.
    least_y, most_y: bounds of the predictions' squared distances from their own mean; least_from_x, most_from_x: from the
    reference's mean.
    """

    cases: FloatArray
    spread_x: FloatArray
    covariance: FloatArray
    least_y: FloatArray
    most_y: FloatArray
    least_from_x: FloatArray
    most_from_x: FloatArray


def moments(answers: ValueAnswers, counts: FloatArray) -> Moments:
    """What correlations are made of, over all predictions that the missing ones could have been.

    Args:
        answers: The n cases.
        counts: Shape (resamples, n).
    """
    usable, cases = answers.usable, counts.sum(axis=1)
    center_x, center_y = _mean(answers.reference), _mean(answers.predicted[usable])
    x, y = answers.reference - center_x, np.where(usable, answers.predicted - center_y, 0.0)
    low, high, left = answers.low - center_y, answers.high - center_y, counts[:, ~usable]
    total_x, total_y, squares_x, squares_y = counts @ x, counts @ y, counts @ x**2, counts @ y**2
    mean_x, used = ratio(total_x, cases), counts @ usable.astype(np.float64)
    from_mean = x[~usable] - mean_x[:, np.newaxis]
    covariance = counts @ (x * y) - mean_x * total_y
    covariance = covariance + np.sum(left * np.minimum(from_mean * low, from_mean * high), axis=1)
    most_y = greatest_spread(
        cases=cases,
        total=total_y,
        squares=squares_y,
        open_counts=left,
        lowest=np.full(left.shape[1], low),
        width=high - low,
    )
    largest_y = squares_y + max(low**2, high**2) * left.sum(axis=1)
    away = mean_x + center_x - center_y  # the reference's mean, as the predictions are measured
    least_from_x = squares_y - 2 * away * total_y + used * away**2
    return Moments(
        cases,
        beyond_rounding(squares_x - mean_x * total_x, squares_x),
        beyond_rounding(covariance, np.sqrt(squares_x * largest_y)),
        beyond_rounding(squares_y - np.where(used > 0, ratio(total_y**2, used), 0.0), squares_y),
        beyond_rounding(most_y, largest_y),
        least_from_x,
        least_from_x + np.maximum(high - away, away - low) ** 2 * left.sum(axis=1),
    )


def greatest_spread(
    *, cases: FloatArray, total: FloatArray, squares: FloatArray, open_counts: FloatArray, lowest: FloatArray, width: float
) -> FloatArray:
    """The largest sum of squared distances from the mean, over all values of the open cases.

    The largest has every open case at an end of its interval, those whose intervals lie highest at the upper end; a case
    that stands several times may be split between both.

    Args:
        cases: How many, open ones included, shape (resamples,).
        total: Sum of the values that are known, same shape.
        squares: Sum of their squares, same shape.
        open_counts: How often each open case is held, shape (resamples, open).
        lowest: The lower end of each one's interval, shape (open,).
        width: Of every interval.
    """
    order = np.argsort(-lowest, kind="stable")
    held, start = open_counts[:, order], lowest[order]
    total, squares = total + held @ start, squares + held @ start**2
    best = squares - np.where(cases > 0, ratio(total**2, cases), 0.0)
    raised = np.cumsum(held, axis=1) - held
    gained = np.cumsum(held * start, axis=1) - held * start
    at_mean = (start + width / 2) * cases[:, np.newaxis]  # raising pays until the mean is the interval's middle
    split = np.clip((at_mean - total[:, np.newaxis]) / width - raised, 0, held) if width > 0 else held
    sums = total[:, np.newaxis] + width * (raised + split)
    powers = squares[:, np.newaxis] + width**2 * (raised + split) + 2 * width * (gained + split * start)
    spreads = powers - np.where(cases[:, np.newaxis] > 0, sums**2 / np.maximum(cases[:, np.newaxis], 1.0), 0.0)
    return np.asarray(np.maximum(best, spreads.max(axis=1, initial=0.0)))


def lowest_correlation(covariance: FloatArray, spread: FloatArray, *, least: FloatArray, most: FloatArray) -> FloatArray:
    """The lowest correlation for a (lowest) covariance, where the second spread is known to lie between two values.

    Args:
        covariance: Sums of products, shape (resamples,).
        spread: The reference's sum of squares, same shape.
        least, most: Bounds of the other sum of squares, same shape.

    Returns:
        Shape (resamples,), in [-1, 1]; NaN where the reference has no spread; 0 where the other has none and need not.
    """
    other = np.where(covariance < 0, np.maximum(least, 0.0), most)
    product = np.sqrt(spread * other)
    value = np.divide(covariance, product, out=np.sign(np.minimum(covariance, 0.0)), where=product > 0)
    return np.where(spread > 0, np.clip(value, -1.0, 1.0), np.nan)


def beyond_rounding(found: FloatArray, scale: FloatArray) -> FloatArray:
    """0 where a sum of squares or products is no more than rounding."""
    return np.where(np.abs(found) > NOTHING * scale, found, 0.0)


def _mean(values: FloatArray) -> float:
    return float(values.mean()) if len(values) else 0.0
