"""Intervals of a share of independent cases: Wilson's, and the exact one of Clopper and Pearson."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, ndtri

from sonobench_eval.statistics.interval import ConfidenceInterval, refuse_clusters, sample_of

ProportionKind = Literal["wilson", "exact"]
NO_CASES = "there are no cases"
_TITLES: dict[ProportionKind, str] = {"wilson": "Wilson", "exact": "Clopper-Pearson (exact)"}


def proportion_interval(
    right: NDArray[np.bool_], unit_of_case: Sequence[str], *, confidence: float, kind: ProportionKind = "wilson"
) -> ConfidenceInterval:
    """The share of cases that are right (accuracy; sensitivity, where only positive cases are given).

    Args:
        right: Shape (n,).
        unit_of_case: What each case belongs to (its subject, or itself), length n.
        confidence: In (0.5, 1).
        kind: `wilson` covers `confidence` on average; `exact` never less, and so is wider.

    Raises:
        ClusteredCasesError: a subject has several cases, which are not independent.
    """
    sample = sample_of(unit_of_case)
    refuse_clusters(sample, f"{_TITLES[kind]}'s interval" if kind == "wilson" else "the exact interval")
    method = f"{_TITLES[kind]}, {sample.drawn}"
    if len(right) == 0:
        return ConfidenceInterval(None, None, None, confidence, method, sample, why_none=NO_CASES)
    hits, cases = int(np.count_nonzero(right)), len(right)
    low, high = wilson(hits, cases, confidence=confidence) if kind == "wilson" else exact(hits, cases, confidence=confidence)
    return ConfidenceInterval(hits / cases, low, high, confidence, method, sample)


def wilson(hits: int, cases: int, *, confidence: float) -> tuple[float, float]:
    """The shares that a score test does not reject, without continuity correction.

    Source: Wilson, Probable Inference, JASA 1927.
    """
    z = float(ndtri((1 + confidence) / 2))
    share = hits / cases
    center = share + z * z / (2 * cases)
    reach = z * sqrt(share * (1 - share) / cases + z * z / (4 * cases * cases))
    below = 1 + z * z / cases
    low, high = (center - reach) / below, (center + reach) / below
    return (0.0 if hits == 0 else low), (1.0 if hits == cases else high)  # exactly, where rounding would leave 1e-17


def exact(hits: int, cases: int, *, confidence: float) -> tuple[float, float]:
    """The shares under which neither tail of the binomial distribution is improbable.

    Source: Clopper and Pearson, The Use of Confidence or Fiducial Limits, Biometrika 1934, by quantiles of the beta distribution.
    """
    tail = (1 - confidence) / 2
    low = 0.0 if hits == 0 else float(betaincinv(hits, cases - hits + 1, tail))
    high = 1.0 if hits == cases else float(betaincinv(hits + 1, cases - hits, 1 - tail))
    return low, high
