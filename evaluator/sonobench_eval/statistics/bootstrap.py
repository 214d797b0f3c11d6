"""Intervals from bootstrap replicates, percentile and BCa, and the sentence that says how they were made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntervalKind = Literal["percentile", "bca"]
_TITLES: dict[IntervalKind, str] = {"percentile": "percentile", "bca": "BCa"}


@dataclass(frozen=True, slots=True)
class Interval:
    """An interval; `undefined` counts the resamples in which the metric had no value (they are left out).

    `kind` is what was made, and `instead_because` why it is not the kind that was asked for.
    """

    low: float
    high: float
    undefined: int
    kind: IntervalKind = "percentile"
    instead_because: str = ""


def percentile_interval(replicates: FloatArray, *, confidence: float) -> Interval | None:
    """The middle share of the replicates.

    Args:
        replicates: One value per resample, shape (resamples,), NaN where there is none.
        confidence: The share, in (0.5, 1).

    Returns:
        The interval, or None where no resample has a value.

    Source: Efron and Tibshirani, An Introduction to the Bootstrap, ch. 13 (percentile interval, linear quantiles).
    """
    defined = replicates[~np.isnan(replicates)]
    if defined.size == 0:
        return None
    tail = (1 - confidence) / 2
    low, high = np.quantile(defined, [tail, 1 - tail])
    return Interval(float(low), float(high), int(replicates.size - defined.size))


def standard_error(replicates: FloatArray) -> float | None:
    """The standard deviation (n - 1) of the replicates that have a value; None with fewer than two.

    Source: Efron and Tibshirani, An Introduction to the Bootstrap, eq. 6.6.
    """
    defined = replicates[~np.isnan(replicates)]
    return float(np.std(defined, ddof=1)) if defined.size > 1 else None


def method(resamples: int, drawn: str, kind: IntervalKind = "percentile", instead_because: str = "") -> str:
    """`percentile bootstrap, 1000 resamples of 87 subjects`, with the reason where another kind was asked for."""
    instead = f" ({instead_because})" if instead_because else ""
    return f"{_TITLES[kind]} bootstrap{instead}, {resamples} resamples of {drawn}"


def describe_units(*, subjects: int, single_cases: int) -> str:
    """What is drawn: `87 subjects`, `120 cases`, or `40 subjects and 12 cases without one`."""
    if not subjects:
        return _counted(single_cases, "case")
    if not single_cases:
        return _counted(subjects, "subject")
    return f"{_counted(subjects, 'subject')} and {_counted(single_cases, 'case')} without one"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
