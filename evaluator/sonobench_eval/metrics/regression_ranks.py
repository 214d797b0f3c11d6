"""Rank correlation in every resample, without ranking any: how many cases lie below and above follows from counts of values.

The rank of a case, measured from the middle, is half of (cases below minus cases above). Sums of products of ranks are
thus sums over pairs of cases, of which each that a missing answer belongs to is taken at its worst. All are exact in
double precision, being quarters and eighths of whole numbers.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sonobench_eval.metrics.regression_answers import FloatArray, IntArray, ValueAnswers


class RankMoments(NamedTuple):
    """Sums over the ranks of each resample, shape (resamples,): squared distances of the reference's ranks from their mean,
    the lowest sum of products, and bounds of the squared distances of the predictions' ranks."""

    spread_x: FloatArray
    covariance: FloatArray
    least_y: FloatArray
    most_y: FloatArray


class _Values(NamedTuple):
    """Of the different values among some cases, in rising order: where each case's is, shape (n,), and how many cases of a
    resample have each (`held`), shape (resamples, values)."""

    of_case: IntArray
    held: FloatArray

    @property
    def lead(self) -> FloatArray:
        """Cases below minus cases above each value, shape (resamples, values)."""
        until = np.cumsum(self.held, axis=1)
        return np.asarray(2 * until - self.held - self.held.sum(axis=1, keepdims=True))

    @property
    def cubes(self) -> FloatArray:
        return np.asarray(np.sum(self.held**3, axis=1))


def rank_moments(answers: ValueAnswers, counts: FloatArray) -> RankMoments:
    """Of the ranks of reference and predictions within each resample.

    Args:
        answers: The n cases.
        counts: Shape (resamples, n); whole numbers below 2^17 together, for all sums to be exact.
    """
    usable = np.flatnonzero(answers.usable)
    missing = np.flatnonzero(~answers.usable)
    x, y = _values(answers.reference, counts), _values(answers.predicted[usable], counts[:, usable])
    lead_x, lead_y = x.lead, y.lead
    products = np.sum(counts[:, usable] * lead_x[:, x.of_case[usable]] * lead_y[:, y.of_case], axis=1) / 4
    spread_x = np.sum(x.held * lead_x**2, axis=1) / 4
    cases, left = counts.sum(axis=1), counts[:, missing].sum(axis=1)
    largest = y.held.max(axis=1, initial=0.0)
    most = (cases**3 - y.cubes - left) / 12
    least = (cases**3 - y.cubes + largest**3 - (largest + left) ** 3) / 12
    lost = _disagreements(x, lead_x, counts, missing) if len(missing) else np.zeros(len(counts))
    return RankMoments(spread_x, products - lost, least, most)


def _values(values: FloatArray, counts: FloatArray) -> _Values:
    different, of_case = np.unique(values, return_inverse=True)
    return _Values(of_case, _summed(of_case, counts, len(different)))


def _summed(of_case: IntArray, counts: FloatArray, number: int) -> FloatArray:
    """Counts of the cases of each value, shape (resamples, values)."""
    if not len(of_case):
        return np.zeros((len(counts), number))
    order = np.argsort(of_case, kind="stable")
    starts = np.searchsorted(of_case[order], np.arange(number))
    return np.asarray(np.add.reduceat(counts[:, order], starts, axis=1))


def _disagreements(x: _Values, lead: FloatArray, counts: FloatArray, missing: IntArray) -> FloatArray:
    """What pairs with a missing answer cost, each as if ordered against the reference.

    A pair of cases at distance d in `lead` costs d / 4. Pairs of a missing with any case are summed, and those of two
    missing ones, which were counted from both ends, taken off once.
    """
    left = _summed_at(x, counts, missing)
    among_all = np.sum(left * _distances(x.held, lead), axis=1)
    among_missing = np.sum(left * _distances(left, lead), axis=1)
    return np.asarray((among_all - among_missing / 2) / 4)


def _summed_at(x: _Values, counts: FloatArray, cases: IntArray) -> FloatArray:
    """Counts of some cases only, by the reference's values, shape (resamples, values)."""
    kept = np.zeros(counts.shape[1])
    kept[cases] = 1.0
    return _summed(x.of_case, counts * kept, x.held.shape[1])


def _distances(held: FloatArray, lead: FloatArray) -> FloatArray:
    """Of each value the summed distance in `lead` to all cases held, shape (resamples, values)."""
    until, reached = np.cumsum(held, axis=1), np.cumsum(held * lead, axis=1)
    return np.asarray(lead * (2 * until - until[:, -1:]) + reached[:, -1:] - 2 * reached)
