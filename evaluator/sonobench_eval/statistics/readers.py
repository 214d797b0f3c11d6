"""Human readers: how far they agree beyond chance, and one answer from two of them and an arbitrator.

Agreement functions take ratings and counts, shape (resamples, n): how often each resample holds each case, as metrics do, so
that any of them can have a bootstrap interval. They return shape (resamples,), at most 1 (agreement throughout), 0 for
what chance gives, NaN where all ratings are one category and chance alone agrees throughout.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]
Distance = Literal["nominal", "linear", "quadratic"]
"""How far two categories lie apart: all alike, by steps, or by squared steps."""

NOT_RATED = -1


@dataclass(frozen=True, slots=True)
class Arbitration:
    """One answer for each case, shape (n,), -1 where there is none; and how it came about, in cases.

    `agreed`: both readers say the same. `arbitrated`: they differ, and the arbitrator's word holds, even where it is a third
    one. `open`: they differ and the arbitrator says nothing, or one of the two says nothing.
    """

    answers: IntArray
    agreed: int
    arbitrated: int
    open: int


def arbitrate(first: IntArray, second: IntArray, arbitrator: IntArray) -> Arbitration:
    """Two readers, and a third who decides where they differ or where one of them gave no answer.

    Args:
        first: Categories, whole numbers from 0, -1 where not rated; shape (n,).
        second: Likewise.
        arbitrator: Likewise; asked only where needed.
    """
    agree = (first == second) & (first != NOT_RATED)
    decided = ~agree & (arbitrator != NOT_RATED)
    answers = np.where(agree, first, arbitrator).astype(np.intp)
    settled = int(agree.sum()) + int(decided.sum())
    return Arbitration(answers, int(agree.sum()), int(decided.sum()), len(answers) - settled)


def cohen_kappa(
    first: IntArray, second: IntArray, counts: FloatArray, *, categories: int, distance: Distance = "nominal"
) -> FloatArray:
    """Agreement of two readers who both rated every case.

    Args:
        first: Categories in [0, categories), shape (n,).
        second: Likewise.
        counts: Shape (resamples, n).
        categories: How many there are, whether or not they occur.
        distance: `quadratic` for grades.

    Source: Cohen 1960 and 1968; as `sklearn.metrics.cohen_kappa_score`.
    """
    one, other = _all_rated(first, categories), _all_rated(second, categories)
    apart = _apart(categories, distance)
    observed = counts @ apart[first, second]
    expected = np.einsum("bi,ij,bj->b", counts @ one, apart, counts @ other)
    return _chance_corrected(observed * counts.sum(axis=1), expected)


def fleiss_kappa(ratings: IntArray, counts: FloatArray, *, categories: int) -> FloatArray:
    """Agreement of several readers, who need not be the same for each case, as many for each.

    Args:
        ratings: Categories in [0, categories), shape (readers, n), at least two readers.
        counts: Shape (resamples, n).
        categories: How many there are.

    Source: Fleiss, Measuring Nominal Scale Agreement among Many Raters, 1971.
    """
    votes, readers = np.asarray(sum(_all_rated(row, categories) for row in ratings)), len(ratings)
    disagreeing = 1 - ((votes * votes).sum(axis=1) - readers) / (readers * (readers - 1))
    total = counts.sum(axis=1)
    shares = _divided(counts @ votes, (total * readers)[:, np.newaxis])
    return _chance_corrected(counts @ disagreeing, total * (1 - (shares * shares).sum(axis=1)))


def krippendorff_alpha(ratings: IntArray, counts: FloatArray, *, categories: int, distance: Distance = "nominal") -> FloatArray:
    """Agreement of several readers, of whom some may not have rated some cases.

    Args:
        ratings: Categories in [0, categories), -1 where not rated; shape (readers, n). Cases with one rating say nothing.
        counts: Shape (resamples, n).
        categories: How many there are.
        distance: `quadratic` is Krippendorff's interval metric.

    Source: Krippendorff, Computing Krippendorff's Alpha-Reliability, 2011.
    """
    votes, apart = np.asarray(sum(_one_hot(row, categories) for row in ratings)), _apart(categories, distance)
    rated = votes.sum(axis=1)
    pairable = np.where(rated > 1, votes.T, 0.0).T
    # Each ordered pair of ratings of a case counts 1 / (ratings of the case - 1), so that each rating counts once.
    disagreeing = _divided(np.einsum("ni,ij,nj->n", pairable, apart, pairable), rated - 1)
    sums = counts @ pairable
    values = sums.sum(axis=1)
    expected = np.einsum("bi,ij,bj->b", sums, apart, sums)
    return _chance_corrected((counts @ disagreeing) * (values - 1), expected)


def _chance_corrected(observed: FloatArray, expected: FloatArray) -> FloatArray:
    """1 - observed / expected disagreement."""
    return np.asarray(1 - np.divide(observed, expected, out=np.full(len(observed), np.nan), where=expected > _ROUNDING))


_ROUNDING = 1e-12


def _apart(categories: int, distance: Distance) -> FloatArray:
    steps = np.abs(np.subtract.outer(np.arange(categories), np.arange(categories))).astype(np.float64)
    return np.minimum(steps, 1) if distance == "nominal" else steps if distance == "linear" else steps**2


def _one_hot(ratings: IntArray, categories: int) -> FloatArray:
    """Shape (n, categories); nothing where not rated."""
    if ratings.size and not (ratings.min() >= NOT_RATED and ratings.max() < categories):
        raise ValueError(f"ratings are whole numbers from 0 to {categories - 1}, and -1 where there is none")
    return np.asarray(ratings[:, np.newaxis] == np.arange(categories), dtype=np.float64)


def _all_rated(ratings: IntArray, categories: int) -> FloatArray:
    if (ratings == NOT_RATED).any():
        raise ValueError("kappa needs every case rated by every reader: leave the others out, and say how many; or take alpha")
    return _one_hot(ratings, categories)


def _divided(above: FloatArray, below: FloatArray) -> FloatArray:
    return np.asarray(np.divide(above, below, out=np.zeros(np.shape(above)), where=below > 0))
