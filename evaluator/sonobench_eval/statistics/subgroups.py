"""Scores by subgroup (center, device, trimester, ...): each with its interval, small ones named but not scored; how they differ.

All subgroups are cut from the same resamples of the whole task, so that differences between them are paired where a
subject has cases in both. A resample may hold more or fewer cases of a subgroup than there are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

from sonobench_eval.statistics.bootstrap import IntervalKind, describe_units
from sonobench_eval.statistics.interval import ConfidenceInterval, Sample, sample_of
from sonobench_eval.statistics.resampled import CountsMeasure, bootstrap_interval, interval_of, replicate
from sonobench_eval.statistics.resampling import Resampling

FloatArray = NDArray[np.float64]
Positions = NDArray[np.intp]
Measure = Callable[[Positions, FloatArray], FloatArray]
"""(positions of some cases, counts of shape (resamples, those cases)) -> one value per resample, NaN where none."""

NOT_STATED = "not stated"
"""The subgroup of the cases that say nothing: they are shown as well, for what is left out may be the hard ones."""


@dataclass(frozen=True, slots=True)
class Subgroup:
    """Some cases of a task. Exactly one of `score` and `too_few` is None."""

    name: str
    positions: Positions
    score: ConfidenceInterval | None
    too_few: str | None


@dataclass(frozen=True, slots=True)
class Heterogeneity:
    """How far subgroups lie apart.

    `range` is best minus worst: it grows with the number of groups and the noise in small ones, so `q` asks whether it is
    more than noise, with p on `degrees` of freedom, and `i_squared` is the share of the spread that is not noise, in
    [0, 1]. `left_out` names the groups without a value, or without any spread of their own.
    """

    lowest: str
    highest: str
    range: float
    q: float
    degrees: int
    p: float
    i_squared: float
    left_out: tuple[str, ...]


def by_subgroup(
    measure: Measure,
    group_of_case: Sequence[str | None],
    resampling: Resampling,
    *,
    confidence: float,
    fewest_cases: int,
    kind: IntervalKind = "percentile",
) -> tuple[Subgroup, ...]:
    """Every subgroup, in the order of their names, the unnamed last.

    Args:
        measure: The metric.
        group_of_case: The subgroup of each case, None where nobody stated it; length n.
        resampling: Of all n cases.
        confidence: In (0.5, 1).
        fewest_cases: A subgroup of fewer is named with their number, and has no score.
        kind: Of interval.
    """
    stated = [NOT_STATED if group is None else group for group in group_of_case]
    names = sorted(set(stated), key=lambda name: (name == NOT_STATED, name))
    found = []
    for name in names:
        here = np.flatnonzero([group == name for group in stated])
        few = too_few(len(here), fewest_cases)
        score = None if few else subgroup_interval(measure, here, resampling, confidence=confidence, kind=kind)
        found.append(Subgroup(name, here, score, few))
    return tuple(found)


def too_few(cases: int, fewest_cases: int) -> str | None:
    """Why a subgroup is not scored: `too few: 7 cases, fewer than 10`; None where it is."""
    if cases >= fewest_cases:
        return None
    return f"too few: {describe_units(subjects=0, single_cases=cases)}, fewer than {fewest_cases}"


def subgroup_interval(
    measure: Measure, positions: Positions, resampling: Resampling, *, confidence: float, kind: IntervalKind = "percentile"
) -> ConfidenceInterval:
    """Some cases of a task, from the task's resamples; the jackknife leaves out only units that have cases there."""
    found = replicate(restricted(measure, positions), resampling, kind=kind)
    if found.without_one.size:
        units = np.unique(resampling.unit_index[positions])
        found = found._replace(without_one=found.without_one[units], stratum_of_unit=found.stratum_of_unit[units])
    return interval_of(found, resampling, confidence=confidence, kind=kind, sample=_sample(positions, resampling))


def generalisation_gap(
    measure: Measure,
    *,
    internal: Positions,
    external: Positions,
    resampling: Resampling,
    confidence: float,
    kind: IntervalKind = "percentile",
) -> ConfidenceInterval:
    """External minus internal, as the published table has it: where higher is better, negative means worse on centers never seen.

    Args:
        measure: The metric.
        internal: Positions of the cases of centers that were seen in training.
        external: Positions of the others'.
        resampling: Of all cases.
        confidence: In (0.5, 1).
        kind: Of interval.

    Returns:
        The gap; no interval where one of the two sides has a single unit.
    """
    inside, outside = restricted(measure, internal), restricted(measure, external)

    def gap(counts: FloatArray) -> FloatArray:
        return np.asarray(outside(counts) - inside(counts))

    sides = [_sample(positions, resampling) for positions in (internal, external)]
    both = np.concatenate([internal, external])
    # The smaller side decides whether there is any spread to speak of.
    sample = Sample(len(both), min(side.units for side in sides), _sample(both, resampling).drawn)
    return bootstrap_interval(gap, resampling, confidence=confidence, kind=kind, sample=sample)


def heterogeneity(subgroups: Sequence[Subgroup]) -> Heterogeneity | None:
    """How far the subgroups lie apart; None where fewer than two have a value and a standard error.

    Groups are taken as independent of each other, which they are where no subject has cases in several.

    Source: Cochran, The Combination of Estimates from Different Experiments, 1954 (Q, weights of one over the squared
    bootstrap standard error); Higgins and Thompson, Statistics in Medicine 2002 (I squared).
    """
    known = {each.name: each.score for each in subgroups if each.score is not None and each.score.standard_error}
    values = np.array([score.value for score in known.values()], dtype=np.float64)
    if len(values) < 2:
        return None
    weights = np.array([score.standard_error for score in known.values()], dtype=np.float64) ** -2
    q = float(np.sum(weights * (values - np.average(values, weights=weights)) ** 2))
    names, degrees = list(known), len(values) - 1
    return Heterogeneity(
        lowest=names[int(np.argmin(values))],
        highest=names[int(np.argmax(values))],
        range=float(np.ptp(values)),
        q=q,
        degrees=degrees,
        p=float(chdtrc(degrees, q)),
        i_squared=max(0.0, (q - degrees) / q) if q > 0 else 0.0,
        left_out=tuple(each.name for each in subgroups if each.name not in known),
    )


def restricted(measure: Measure, positions: Positions) -> CountsMeasure:
    """The measure of some cases, as a function of the counts of all."""

    def of_counts(counts: FloatArray) -> FloatArray:
        return measure(positions, counts.T.take(positions, axis=0).T)

    return of_counts


def _sample(positions: Positions, resampling: Resampling) -> Sample:
    whole = sample_of(resampling.unit_of_case)
    here = sample_of([resampling.unit_of_case[position] for position in positions])
    if here.cases == whole.cases:
        return whole
    return Sample(here.cases, here.units, f"the task's {whole.drawn}, restricted to the {here.drawn} here")
