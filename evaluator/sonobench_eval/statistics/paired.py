"""Two algorithms on the same cases: the record of a test, the bootstrap of their difference, and how large it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from sonobench_eval.statistics.bootstrap import IntervalKind
from sonobench_eval.statistics.interval import ConfidenceInterval, Sample
from sonobench_eval.statistics.resampled import CountsMeasure, bootstrap_interval
from sonobench_eval.statistics.resampling import Resampling

FloatArray = NDArray[np.float64]
Alternative = Literal["two-sided", "greater", "less"]
"""What speaks against "no difference": any, that the first is higher, or that it is lower."""


@dataclass(frozen=True, slots=True)
class PairedTest:
    """`difference` is first minus second; `p` in [0, 1], None where there is no test, and `why_none` then says why.

    `method` is a sentence that also names what was compared. `draws` random ones, under `seed`, or 0 where none were needed.
    """

    method: str
    difference: float
    statistic: float | None
    p: float | None
    alternative: Alternative
    sample: Sample
    draws: int = 0
    seed: int | None = None
    why_none: str = ""


@dataclass(frozen=True, slots=True)
class EffectSize:
    """How far two algorithms lie apart, whatever the number of cases; 0 (or a half for `share_better`) is no difference.

    mean: mean difference, first minus second, in the score's own unit.
    standardized: mean over the standard deviation (n - 1) of the differences (Cohen's d_z); None where these are all alike.
    rank_biserial: signed ranks for the first less those against it, over all, in [-1, 1]; None where nothing differs.
    share_better: share of cases on which the first is higher, equal ones counting half, in [0, 1].
    """

    mean: float
    standardized: float | None
    rank_biserial: float | None
    share_better: float


def paired_difference(
    first: CountsMeasure, second: CountsMeasure, resampling: Resampling, *, confidence: float, kind: IntervalKind = "percentile"
) -> ConfidenceInterval:
    """First minus second with its bootstrap interval; both meet the same resamples.

    A resample in which either has no value has no difference, and is counted.
    """

    def difference(counts: FloatArray) -> FloatArray:
        return np.asarray(first(counts) - second(counts))

    return bootstrap_interval(difference, resampling, confidence=confidence, kind=kind)


def effect_size(differences: FloatArray) -> EffectSize:
    """How large paired differences are.

    Args:
        differences: First minus second, one for each case, finite, shape (n,), at least one.

    Source: Cohen, Statistical Power Analysis, 1988 (d_z); Kerby, The Simple Difference Formula, 2014 (rank-biserial).
    """
    spread = float(np.std(differences, ddof=1)) if len(differences) > 1 else 0.0
    mean = float(np.mean(differences))
    ranks = mid_ranks(np.abs(differences[differences != 0]))
    signs = np.sign(differences[differences != 0])
    return EffectSize(
        mean=mean,
        standardized=mean / spread if spread > 0 else None,
        rank_biserial=float(np.sum(signs * ranks) / np.sum(ranks)) if ranks.size else None,
        share_better=float(np.mean(differences > 0) + np.mean(differences == 0) / 2),
    )


def unit_sums(differences: FloatArray, unit_of_case: Sequence[str]) -> tuple[FloatArray, NDArray[np.intp]]:
    """Sum of the differences of each unit's cases, and how many it has; shapes (units,), or (rows, units) for several rows."""
    _, index = np.unique(np.asarray(unit_of_case, dtype=object), return_inverse=True)
    each = np.bincount(index)
    starts = np.cumsum(each) - each
    # Within a unit nearest first, so that the sum is the same to the last digit however the cases are ordered.
    order = np.lexsort((differences, np.abs(differences), np.broadcast_to(index, differences.shape)), axis=-1)
    return np.add.reduceat(np.take_along_axis(differences, order, axis=-1), starts, axis=-1), each


def mid_ranks(values: FloatArray) -> FloatArray:
    """Ranks from 1, equal values sharing the mean of their places."""
    ascending = np.sort(values)
    places = np.searchsorted(ascending, values, side="left") + np.searchsorted(ascending, values, side="right")
    return np.asarray((places + 1) / 2)


def p_of_z(z: float, alternative: Alternative) -> float:
    """Of a standard normal statistic that is positive where the first is higher."""
    if alternative == "two-sided":
        return float(min(1.0, 2 * ndtr(-abs(z))))
    return float(ndtr(-z) if alternative == "greater" else ndtr(z))
