"""Any metric with its bootstrap interval: the metric is a function of counts, and so are its replicates and its jackknife."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sonobench_eval.statistics.bca import acceleration, bca_interval
from sonobench_eval.statistics.bootstrap import Interval, IntervalKind, method, percentile_interval, standard_error
from sonobench_eval.statistics.interval import ConfidenceInterval, Sample, sample_of
from sonobench_eval.statistics.resampling import Resampling

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]
CountsMeasure = Callable[[FloatArray], FloatArray]
"""Counts of shape (resamples, cases), whole numbers in either memory order -> one value per resample, NaN where none."""

FEWEST_UNITS = 2
"""One unit alone, resampled, is always itself: that says nothing about uncertainty."""
NO_RESAMPLES = "no resamples were drawn"
NO_VALUE = "there is no value"
ONE_UNIT = "a single unit says nothing about the spread between units"
NEVER_DEFINED = "no resample has a value"


class Replicated(NamedTuple):
    """A metric's value; in every resample; and, for BCa, without each unit in turn, with the strata of these units."""

    value: float
    replicates: FloatArray
    without_one: FloatArray
    stratum_of_unit: IntArray


def replicate(measure: CountsMeasure, resampling: Resampling, *, kind: IntervalKind = "percentile") -> Replicated:
    """Measure the sample, its resamples, and for BCa its jackknife; shapes (resamples,) and (units,)."""
    value = float(measure(np.ones((1, resampling.cases)))[0])
    replicates = np.concatenate([np.empty(0), *map(measure, resampling.blocks())])
    jackknife = map(measure, resampling.without_one()) if kind == "bca" else ()
    return Replicated(value, replicates, np.concatenate([np.empty(0), *jackknife]), resampling.stratum_of_unit)


def bootstrap_interval(
    measure: CountsMeasure,
    resampling: Resampling,
    *,
    confidence: float,
    kind: IntervalKind = "percentile",
    sample: Sample | None = None,
) -> ConfidenceInterval:
    """The interval of any metric that is a function of counts.

    Args:
        measure: The metric.
        resampling: Units, strata, resamples and seed.
        confidence: In (0.5, 1).
        kind: `percentile`, or `bca` (which falls back to it where it has no value, and says so in the method).
        sample: What is measured, in numbers and words, where this is not simply all that is resampled.
    """
    found = replicate(measure, resampling, kind=kind)
    return interval_of(found, resampling, confidence=confidence, kind=kind, sample=sample)


def interval_of(
    found: Replicated,
    resampling: Resampling,
    *,
    confidence: float,
    kind: IntervalKind = "percentile",
    sample: Sample | None = None,
) -> ConfidenceInterval:
    """The same from what was measured before."""
    sample = sample or sample_of(resampling.unit_of_case)
    why_none = _why_none(found, sample.units)
    shown = None if why_none else bounds(found, confidence=confidence, kind=kind)
    words = (shown.kind, shown.instead_because) if shown else (kind, "")
    return ConfidenceInterval(
        value=None if np.isnan(found.value) else found.value,
        low=shown.low if shown else None,
        high=shown.high if shown else None,
        confidence=confidence,
        method=method(resampling.resamples, in_strata(sample.drawn, resampling), *words),
        sample=sample,
        standard_error=standard_error(found.replicates) if shown else None,
        resamples=resampling.resamples,
        seed=resampling.seed,
        undefined=int(np.isnan(found.replicates).sum()),
        why_none=why_none,
    )


def bounds(found: Replicated, *, confidence: float, kind: IntervalKind) -> Interval | None:
    """Only the bounds and the kind of interval that they are; None where no resample has a value."""
    if kind == "percentile":
        return percentile_interval(found.replicates, confidence=confidence)
    accelerated = acceleration(found.without_one, found.stratum_of_unit)
    return bca_interval(found.replicates, found.value, accelerated, confidence=confidence)


def in_strata(drawn: str, resampling: Resampling) -> str:
    """`87 subjects in 3 strata`, with how many of the strata have a single unit."""
    if resampling.stratum_of_case is None:
        return drawn
    strata = f"{drawn} in {len(resampling.strata)} {'stratum' if len(resampling.strata) == 1 else 'strata'}"
    return f"{strata}, {resampling.alone} of a single unit" if resampling.alone else strata


def _why_none(found: Replicated, units: int) -> str | None:
    if np.isnan(found.value):
        return NO_VALUE
    if units < FEWEST_UNITS:
        return ONE_UNIT
    if found.replicates.size == 0:
        return NO_RESAMPLES
    return NEVER_DEFINED if np.isnan(found.replicates).all() else None
