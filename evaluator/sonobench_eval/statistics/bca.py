"""Bias-corrected and accelerated (BCa) bootstrap intervals.

The percentile interval with its two ends moved: by how far the replicates lie to one side of the value (bias), and by
how fast the standard error changes with it (acceleration, from the jackknife over the units that the bootstrap draws).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from sonobench_eval.statistics.bootstrap import Interval, percentile_interval

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]

NO_JACKKNIFE = "no BCa: without one of its units the metric has no value"
NO_INFLUENCE = "no BCa: leaving out any one unit changes nothing"
ONE_SIDED = "no BCa: all resamples lie on one side of the value"
TOO_FAST = "no BCa: the standard error changes too fast"


def acceleration(without_one: FloatArray, stratum_of_unit: IntArray | None = None) -> float | None:
    """A sixth of the skewness of the units' influence on the value.

    Args:
        without_one: The metric without each unit in turn, shape (units,); NaN where it then has no value.
        stratum_of_unit: Which units are drawn among themselves, shape (units,); None where all are.

    Returns:
        The acceleration; NaN where a needed value is NaN; None where no unit has any influence.
        A stratum of one unit is never drawn otherwise, and so has none.

    Source: Efron, Better Bootstrap Confidence Intervals, JASA 1987, eq. 6.6 with the jackknife; for several strata
    Davison and Hinkley, Bootstrap Methods and their Application, eq. 5.31. As `scipy.stats.bootstrap`.
    """
    strata = np.zeros(len(without_one), dtype=np.intp) if stratum_of_unit is None else stratum_of_unit
    squares = cubes = 0.0
    for number in np.unique(strata):
        here = without_one[strata == number]
        if here.size > 1:
            influence = (here.size - 1) / here.size * (here.mean() - here)
            squares += float(np.sum(influence**2))
            cubes += float(np.sum(influence**3))
    # A spread that is only rounding is none: the same sum in another order would have another skewness.
    rounding = len(without_one) * (8 * np.finfo(float).eps * float(np.max(np.abs(without_one), initial=0))) ** 2
    return cubes / (6 * squares**1.5) if not squares <= rounding else None


def bca_interval(replicates: FloatArray, value: float, accelerated: float | None, *, confidence: float) -> Interval | None:
    """The BCa interval, or the percentile interval with the reason where there is none.

    Args:
        replicates: One value per resample, shape (resamples,), NaN where there is none.
        value: The metric of the sample itself.
        accelerated: What `acceleration` found.
        confidence: In (0.5, 1).

    Returns:
        The interval, or None where no resample has a value. Its quantiles interpolate linearly, and replicates that equal
        the value count half on either side.

    Source: Efron and Tibshirani, An Introduction to the Bootstrap, eq. 14.10. As `scipy.stats.bootstrap`.
    """
    plain = percentile_interval(replicates, confidence=confidence)
    if plain is None:
        return None
    if accelerated is None or np.isnan(accelerated):
        return replace(plain, instead_because=NO_INFLUENCE if accelerated is None else NO_JACKKNIFE)
    defined = replicates[~np.isnan(replicates)]
    below = (np.mean(defined < value) + np.mean(defined <= value)) / 2
    if not 0 < below < 1:
        return replace(plain, instead_because=ONE_SIDED)
    shares = _shifted(float(ndtri(below)), accelerated, confidence)
    if shares is None:
        return replace(plain, instead_because=TOO_FAST)
    low, high = np.quantile(defined, shares)
    return Interval(float(low), float(high), plain.undefined, kind="bca")


def _shifted(bias: float, accelerated: float, confidence: float) -> FloatArray | None:
    """Which quantiles of the replicates bound the interval, shape (2,)."""
    tail = (1 - confidence) / 2
    reached = bias + ndtri(np.array([tail, 1 - tail]))
    slowed = 1 - accelerated * reached
    if (slowed <= 0).any():
        return None
    return np.asarray(ndtr(bias + reached / slowed))
