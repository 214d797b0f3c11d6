"""Areas under ROC curves with their covariance: DeLong's, and Obuchowski's where subjects have several cases.

With one case for each subject the two are the same numbers. Scores are compared by rank: sorting, not all pairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit, ndtri

from sonobench_eval.statistics.interval import ConfidenceInterval, Sample, sample_of
from sonobench_eval.statistics.paired import Alternative, PairedTest, p_of_z

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

ONE_CLASS = "there are no positive or no negative cases"
TOO_FEW = "there is a single unit of a class, which says nothing about the spread between units"
NO_SPREAD = "the variance is 0: the scores separate the classes without a slip, or are all wrong, or all alike"


class Placements(NamedTuple):
    """Of `k` algorithms: `auc` (k,); for each positive case the share of negatives it beats, `wins` (k, positives); for each
    negative case the share of positives that beat it, `losses` (k, negatives). Ties count half."""

    auc: FloatArray
    wins: FloatArray
    losses: FloatArray


@dataclass(frozen=True, slots=True)
class AucCovariance:
    """Areas of k algorithms on the same cases, shape (k,), in [0, 1], and their covariance, shape (k, k)."""

    auc: FloatArray
    covariance: FloatArray
    sample: Sample

    @property
    def method(self) -> str:
        name = "Obuchowski's clustered form of DeLong" if self.sample.is_clustered else "DeLong"
        return f"{name}, {self.sample.drawn}"


class NoAucError(ValueError):
    """An area or its variance does not exist for these cases; the message is a reason that can be shown."""


def placements(positive: BoolArray, scores: FloatArray) -> Placements:
    """Where each case stands among those of the other class.

    Args:
        positive: Reference, shape (n,).
        scores: One row for each algorithm, shape (k, n), finite, higher for positive.

    Raises:
        NoAucError: one of the classes is empty.
        ValueError: a score is NaN or infinite.

    Source: Sun and Xu, Fast Implementation of DeLong's Algorithm, IEEE Signal Processing Letters 2014; we take ranks among the
    other class by binary search, where they subtract mid-ranks within the class from those among all.
    """
    if not np.isfinite(scores).all():
        raise ValueError("scores must be finite numbers: give a case without a usable answer the worst one")
    if positive.all() or not positive.any():
        raise NoAucError(ONE_CLASS)
    wins = np.stack([_share_below(row[~positive], row[positive]) for row in scores])
    losses = np.stack([1 - _share_below(row[positive], row[~positive]) for row in scores])
    return Placements(wins.mean(axis=1), wins, losses)


def auc_covariance(positive: BoolArray, scores: FloatArray, unit_of_case: Sequence[str]) -> AucCovariance:
    """Areas under the curves of several algorithms, and how they vary together over samples of units.

    Args:
        positive: Reference, shape (n,).
        scores: One row for each algorithm, shape (k, n), finite, higher for positive.
        unit_of_case: What each case belongs to (its subject, or itself), length n.

    Raises:
        NoAucError: a class is empty or has a single unit.

    Source: DeLong, DeLong and Clarke-Pearson, Biometrics 1988; Obuchowski, Nonparametric Analysis of Clustered ROC Curve
    Data, Biometrics 1997. A clustered variance can come out below 0 in tiny samples; it is then taken as 0, for which
    nothing below gives an interval.
    """
    found = placements(positive, scores)
    _, index = np.unique(np.asarray(unit_of_case, dtype=object), return_inverse=True)
    wins = _Sums.over(index[positive], found.wins, found.auc, int(index.max()) + 1)
    losses = _Sums.over(index[~positive], found.losses, found.auc, int(index.max()) + 1)
    if min(wins.touched, losses.touched) < 2:
        raise NoAucError(TOO_FEW)
    # A unit adds to this part only where it has cases of both classes.
    crossing = _scaled(wins.off @ losses.off.T, len(wins.off.T)) / (wins.cases * losses.cases)
    covariance = wins.covariance() + losses.covariance() + crossing + crossing.T
    np.fill_diagonal(covariance, np.maximum(np.diagonal(covariance), 0))
    return AucCovariance(found.auc, covariance, sample_of(unit_of_case))


def auc_interval(
    positive: BoolArray,
    scores: FloatArray,
    unit_of_case: Sequence[str],
    *,
    confidence: float,
    scale: Literal["logit", "plain"] = "logit",
) -> ConfidenceInterval:
    """The area under one curve with DeLong's interval.

    Args:
        positive: Reference, shape (n,).
        scores: Shape (n,), finite, higher for positive.
        unit_of_case: What each case belongs to (its subject, or itself).
        confidence: In (0.5, 1).
        scale: `logit` makes the interval on the log odds of the area, so that it stays in [0, 1] and covers better near 1;
            `plain` is the area with a multiple of its standard error on either side, cut off at 0 and 1.

    Source: DeLong 1988, Obuchowski 1997 for clusters; logit: Pepe, The Statistical Evaluation of Medical Tests, 2003, sec. 5.2.
    """
    sample = sample_of(unit_of_case)
    try:
        found = auc_covariance(positive, scores[np.newaxis], unit_of_case)
    except NoAucError as error:
        value = float(placements(positive, scores[np.newaxis]).auc[0]) if str(error) == TOO_FEW else None
        return ConfidenceInterval(value, None, None, confidence, f"DeLong, {sample.drawn}", sample, why_none=str(error))
    value, error_size = float(found.auc[0]), float(np.sqrt(found.covariance[0, 0]))
    method = f"{found.method}, {'on the logit scale' if scale == 'logit' else 'cut off at 0 and 1'}"
    if error_size == 0:
        return ConfidenceInterval(value, None, None, confidence, method, sample, standard_error=0.0, why_none=NO_SPREAD)
    low, high = _bounds(value, error_size * float(ndtri((1 + confidence) / 2)), scale)
    return ConfidenceInterval(value, low, high, confidence, method, sample, standard_error=error_size)


def delong_test(
    positive: BoolArray,
    scores: FloatArray,
    unit_of_case: Sequence[str],
    *,
    alternative: Alternative = "two-sided",
) -> PairedTest:
    """Whether two algorithms' areas on the same cases differ.

    Args:
        positive: Reference, shape (n,).
        scores: The first algorithm's and the second's, shape (2, n), finite, higher for positive.
        unit_of_case: What each case belongs to (its subject, or itself).
        alternative: `greater` asks whether the first is better.

    Returns:
        The difference of areas, first minus second, and z. Where the two rank all pairs alike nothing speaks against
        their being equal: p is 1. Where they differ without any variance there is no test.

    Raises:
        NoAucError: a class is empty or has a single unit.

    Source: DeLong, DeLong and Clarke-Pearson 1988; Obuchowski 1997 for clusters.
    """
    found = auc_covariance(positive, scores, unit_of_case)
    difference = float(found.auc[0] - found.auc[1])
    variance = float(found.covariance[0, 0] + found.covariance[1, 1] - 2 * found.covariance[0, 1])
    if variance <= _ROUNDING * float(np.trace(found.covariance)) or variance == 0:
        alike = abs(difference) < _ROUNDING
        return PairedTest(
            found.method, difference, None, 1.0 if alike else None, alternative, found.sample, why_none="" if alike else NO_SPREAD
        )
    z = difference / float(np.sqrt(variance))
    return PairedTest(found.method, difference, z, p_of_z(z, alternative), alternative, found.sample)


_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class _Sums:
    """Placements of one class summed by unit, less what the area alone would give: `off` (k, units)."""

    off: FloatArray
    cases: int
    touched: int

    @classmethod
    def over(cls, index: NDArray[np.intp], placed: FloatArray, auc: FloatArray, units: int) -> _Sums:
        each = np.bincount(index, minlength=units)
        sums = np.stack([np.bincount(index, weights=row, minlength=units) for row in placed])
        return cls(sums - auc[:, np.newaxis] * each, len(index), int(np.count_nonzero(each)))

    def covariance(self) -> FloatArray:
        return _scaled(self.off @ self.off.T, self.touched) / self.cases**2


def _scaled(products: FloatArray, units: int) -> FloatArray:
    return products * (units / (units - 1))


def _share_below(others: FloatArray, scores: FloatArray) -> FloatArray:
    """For each score the share of the others below it, those equal to it counting half."""
    ascending = np.sort(others)
    below = np.searchsorted(ascending, scores, side="left") + np.searchsorted(ascending, scores, side="right")
    return below / (2 * len(others))


def _bounds(value: float, reach: float, scale: Literal["logit", "plain"]) -> tuple[float, float]:
    if scale == "plain" or not 0 < value < 1:
        return max(0.0, value - reach), min(1.0, value + reach)
    center, wide = logit(value), reach / (value * (1 - value))
    return float(expit(center - wide)), float(expit(center + wide))
