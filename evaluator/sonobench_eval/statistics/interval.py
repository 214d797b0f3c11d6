"""What every interval says of itself: method, confidence, cases, units, seed, resamples; or why there is none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sonobench_eval.statistics.bootstrap import describe_units


@dataclass(frozen=True, slots=True)
class Sample:
    """How many cases there are, of how many independent units, and what these are (`87 subjects`)."""

    cases: int
    units: int
    drawn: str

    @property
    def is_clustered(self) -> bool:
        """Some unit has several cases."""
        return self.units < self.cases


@dataclass(frozen=True, slots=True)
class ConfidenceInterval:
    """A value between `low` and `high`, at `confidence`, by `method` (a sentence that also names what was drawn).

    Exactly one of `low` and `why_none` is None. `undefined` counts the resamples, of `resamples` under `seed`, in which
    there was no value; they are left out of the interval. Methods that draw nothing have no seed and 0 resamples.
    """

    value: float | None
    low: float | None
    high: float | None
    confidence: float
    method: str
    sample: Sample
    standard_error: float | None = None
    resamples: int = 0
    seed: int | None = None
    undefined: int = 0
    why_none: str | None = None


class ClusteredCasesError(ValueError):
    """A method for independent cases was asked about subjects with several. Use the bootstrap, which draws subjects."""


def sample_of(unit_of_case: Sequence[str]) -> Sample:
    """The sample whose units are named case by case; units with several cases are subjects."""
    cases, units = len(unit_of_case), len(set(unit_of_case))
    subjects = units if units < cases else 0
    return Sample(cases, units, describe_units(subjects=subjects, single_cases=units - subjects))


def refuse_clusters(sample: Sample, what: str) -> None:
    """Raise ClusteredCasesError where a subject has several cases."""
    if sample.is_clustered:
        raise ClusteredCasesError(
            f"{what} needs independent cases, and these {sample.cases} are of {sample.drawn}: use the bootstrap"
        )
