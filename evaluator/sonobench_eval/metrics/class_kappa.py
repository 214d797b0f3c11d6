"""Agreement beyond chance, from what a confusion matrix has at its edges: Cohen's kappa and the MCC, worst cases included.

Neither needs the matrix itself: kappa is one minus the cost of the decisions over the cost expected by chance, and both
chance and covariance follow from how often each class is held and decided for.

A case without a decision takes the class that lowers the value most. For kappa it is found exactly: the value is a
ratio of two sums, whose largest is where Dinkelbach's iteration stands still. For the MCC of more than two classes a
bound is told that no choice of classes falls below.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from sonobench_eval.metrics.class_answers import FloatArray, IntArray, membership, ratio
from sonobench_eval.metrics.regression_bounds import lowest_correlation

Weights = Literal["none", "linear", "quadratic"]
MOST_ITERATIONS = 100
"""Dinkelbach's iteration ends when no class changes, after three or four rounds."""


class Marginals(NamedTuple):
    """What is counted in each resample, for each of k classes.

    held: Cases of the reference, shape (resamples, k).
    decided: Cases decided for, same shape.
    open: Cases of the reference without a decision, same shape.
    cost: Of all decisions together, shape (resamples,).
    """

    held: FloatArray
    decided: FloatArray
    open: FloatArray
    cost: FloatArray


def disagreement(classes: int, weights: Weights) -> FloatArray:
    """What it costs to take one class for another, shape (k, k): 1, their distance, or its square."""
    distance = np.abs(np.subtract.outer(np.arange(classes), np.arange(classes))).astype(np.float64)
    return {"none": (distance > 0).astype(np.float64), "linear": distance, "quadratic": distance**2}[weights]


def marginals(labels: IntArray, decisions: IntArray, counts: FloatArray, *, costs: FloatArray) -> Marginals:
    """Counted in every resample.

    Args:
        labels: Reference, in [0, k), shape (n,).
        decisions: Negative where there is none, shape (n,).
        counts: Shape (resamples, n).
        costs: Of each confusion, shape (k, k).
    """
    number = len(costs)
    held, is_open = membership(labels, number), decisions < 0
    cost = np.where(is_open, 0.0, costs[labels, np.maximum(decisions, 0)])
    return Marginals(
        counts @ held, counts @ membership(decisions, number), counts @ (held * is_open[:, np.newaxis]), counts @ cost
    )


def kappa_of(edges: Marginals, costs: FloatArray) -> FloatArray:
    """Cohen's kappa: 1 - observed cost / cost expected by chance.

    Returns:
        Shape (resamples,), in [-1, 1], higher is better; NaN where the reference of a resample holds a single class,
        whatever was decided (scikit-learn gives 0 there where decisions differ).
    """
    by_class = edges.held @ costs
    chance = np.sum(by_class * edges.decided, axis=1)
    share = _largest_ratio(edges, costs, by_class, chance) if edges.open.any() else ratio(edges.cost * _cases(edges), chance)
    several = np.sum(edges.held > 0, axis=1) > 1
    return np.where(several, 1 - share, np.nan)


def mcc_of(edges: Marginals) -> FloatArray:
    """Matthews correlation coefficient of k classes, from marginals whose cost is 1 for every mistake.

    Returns:
        Shape (resamples,), in [-1, 1], higher is better; 0 where all decisions are for one class; NaN where the reference
        of a resample holds a single class.
    """
    cases = _cases(edges)
    by_worst = _decided_at_worst(edges)
    covariance = cases * (cases - edges.cost - edges.open.sum(axis=1)) - np.sum(edges.held * by_worst, axis=1)
    spread = cases**2 - np.sum(edges.held**2, axis=1)
    if edges.held.shape[1] == 2 or not edges.open.any():
        least = most = cases**2 - np.sum(by_worst**2, axis=1)
    else:
        least, most = _least_spread(edges), _most_spread(edges)
    return lowest_correlation(covariance, spread, least=least, most=most)


def _cases(edges: Marginals) -> FloatArray:
    return np.asarray(edges.held.sum(axis=1))


def _largest_ratio(edges: Marginals, costs: FloatArray, by_class: FloatArray, chance: FloatArray) -> FloatArray:
    """The largest cost over chance that open cases can bring about.

    Source: Dinkelbach, Management Science 1967: the largest of a ratio N/D is where the largest of N - share * D is 0.
    """
    cases = _cases(edges)
    share = np.zeros(len(cases))
    for _ in range(MOST_ITERATIONS):
        cost, expected = edges.cost * cases, chance.copy()
        for label in np.flatnonzero(edges.open.any(axis=0)):
            gain = costs[label] * cases[:, np.newaxis] - share[:, np.newaxis] * by_class
            chosen = np.argmax(gain, axis=1)
            cost += edges.open[:, label] * costs[label, chosen] * cases
            expected += edges.open[:, label] * np.take_along_axis(by_class, chosen[:, np.newaxis], axis=1)[:, 0]
        larger = np.divide(cost, expected, out=np.zeros_like(cost), where=expected > 0)
        if np.all(larger <= share):
            break
        share = np.maximum(larger, share)
    return share


def _decided_at_worst(edges: Marginals) -> FloatArray:
    """Decisions with each open case given to the class that the reference holds most, its own excepted: the least covariance."""
    decided = edges.decided.copy()
    resamples = np.arange(len(decided))
    for label in np.flatnonzero(edges.open.any(axis=0)):
        others = edges.held.copy()
        others[:, label] = -1.0
        decided[resamples, np.argmax(others, axis=1)] += edges.open[:, label]
    return decided


def _least_spread(edges: Marginals) -> FloatArray:
    """All open cases given to the class that is decided for most."""
    decided = edges.decided.copy()
    decided[np.arange(len(decided)), np.argmax(decided, axis=1)] += edges.open.sum(axis=1)
    return np.asarray(_cases(edges) ** 2 - np.sum(decided**2, axis=1))


def _most_spread(edges: Marginals) -> FloatArray:
    """Open cases poured, as water would be, over the classes that are decided for least."""
    rising = np.sort(edges.decided, axis=1)
    levels = (edges.open.sum(axis=1, keepdims=True) + np.cumsum(rising, axis=1)) / np.arange(1, rising.shape[1] + 1)
    filled = np.maximum(edges.decided, levels.min(axis=1, keepdims=True))
    return np.asarray(_cases(edges) ** 2 - np.sum(filled**2, axis=1))
