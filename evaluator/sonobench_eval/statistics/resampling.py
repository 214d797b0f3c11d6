"""Bootstrap resamples as counts: how often each case is in each resample.

Subjects are drawn with replacement, and a subject brings all its cases; a case without a known subject is drawn
alone. The draws of a task come from a generator named by the declared seed and the task's id, and depend on nothing
else but the set of its subjects: every algorithm meets the same resamples, so differences between algorithms are paired.

Counts have the shape (resamples, cases) and lie in memory case by case (Fortran order): metrics sort and sum cases.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]
NUMBERS_AT_ONCE = 4_000_000
"""How many counts are held at a time (32 MB), however large the test set and however many resamples."""
ROWS_IN_CACHE = 256
"""How many resamples are counted at a time: as many as fit the processor's cache, which is twice as fast as all at once."""


class Stratum(NamedTuple):
    """Units that are drawn among themselves, by position among all units, ascending."""

    name: str
    units: IntArray


@dataclass(frozen=True, slots=True)
class Resampling:
    """How to resample the cases of one task.

    `unit_of_case` names for each case, in order, what it is drawn with (its subject, or itself). With
    `stratum_of_case` (its center, its class, or both: `crossed`) every resample holds as many units of each stratum as there
    are. A unit whose cases lie in several strata (a patient with a benign and a malignant lesion) is drawn among those
    that span the same ones. A stratum of one unit always comes back as it is, and so adds nothing to any spread: `alone`
    counts them.

    Without strata the draws are those of the first release; each stratum has a generator of its own, so that cases
    added to one center do not change what is drawn at another.
    """

    unit_of_case: Sequence[str]
    resamples: int
    seed: int
    task_id: str
    stratum_of_case: Sequence[str] | None = None
    unit_index: IntArray = field(init=False)
    """For each case, the position of its unit among the units, which stand in the order of their names."""
    units: int = field(init=False)
    strata: tuple[Stratum, ...] = field(init=False)
    """In the order of their names; one that is named "" where nothing is stratified."""

    def __post_init__(self) -> None:
        names, index = np.unique(np.asarray(self.unit_of_case, dtype=object), return_inverse=True)
        object.__setattr__(self, "unit_index", index.astype(np.intp))
        object.__setattr__(self, "units", len(names))
        object.__setattr__(self, "strata", self._stratify())

    @property
    def cases(self) -> int:
        return len(self.unit_index)

    @property
    def alone(self) -> int:
        """How many strata have one unit only, beside others."""
        return sum(len(stratum.units) == 1 for stratum in self.strata) if len(self.strata) > 1 else 0

    @property
    def stratum_of_unit(self) -> IntArray:
        """For each unit, the position of its stratum, shape (units,)."""
        found = np.zeros(self.units, dtype=np.intp)
        for number, stratum in enumerate(self.strata):
            found[stratum.units] = number
        return found

    def counts(self) -> FloatArray:
        """All resamples at once, shape (resamples, cases), Fortran order; float64 whole numbers, ready for products."""
        return self._by_case(self._draw(self._generators(), self.resamples))

    def blocks(self) -> Iterator[FloatArray]:
        """The same, block after block of some resamples, so that little is held at a time."""
        generators = self._generators()
        for rows in self._portions(self.resamples):
            yield self._by_case(self._draw(generators, len(rows)))

    def without_one(self) -> Iterator[FloatArray]:
        """The jackknife's samples in the same form, (units, cases) together: row u lacks the cases of unit u.

        As many rows as units: a jackknife costs about what as many resamples do.
        """
        for rows in self._portions(self.units):
            kept = self.unit_index[:, np.newaxis] != np.arange(rows.start, rows.stop)
            yield kept.astype(np.float64).T

    def _portions(self, rows: int) -> Iterator[range]:
        at_once = max(1, NUMBERS_AT_ONCE // max(1, self.cases))
        for start in range(0, rows, at_once):
            yield range(start, min(start + at_once, rows))

    def _generators(self) -> list[np.random.Generator]:
        if self.stratum_of_case is None:
            return [named_generator(self.seed, self.task_id)]
        return [named_generator(self.seed, f"{self.task_id}\0{stratum.name}") for stratum in self.strata]

    def _draw(self, generators: list[np.random.Generator], rows: int) -> FloatArray:
        """How often each unit is drawn, shape (units, rows)."""
        if len(self.strata) == 1:
            return _drawn(generators[0], self.units, rows)
        counts = np.empty((self.units, rows))
        for generator, stratum in zip(generators, self.strata, strict=True):
            counts[stratum.units] = _drawn(generator, len(stratum.units), rows)
        return counts

    def _by_case(self, by_unit: FloatArray) -> FloatArray:
        if self.units == self.cases and bool((self.unit_index == np.arange(self.units)).all()):
            return by_unit.T
        return by_unit.take(self.unit_index, axis=0).T

    def _stratify(self) -> tuple[Stratum, ...]:
        if self.stratum_of_case is None:
            return (Stratum("", np.arange(self.units)),)
        touched: list[set[str]] = [set() for _ in range(self.units)]
        for unit, stratum in zip(self.unit_index, self.stratum_of_case, strict=True):
            touched[unit].add(stratum)
        names = [" + ".join(sorted(strata)) for strata in touched]
        return tuple(Stratum(name, np.flatnonzero([each == name for each in names])) for name in sorted(set(names)))


def crossed(*labels: Sequence[str]) -> list[str]:
    """Strata of several things at once: `crossed(centers, classes)` gives `Lyon, malignant` for a case of both."""
    return [", ".join(each) for each in zip(*labels, strict=True)]


def named_generator(seed: int, name: str) -> np.random.Generator:
    """A generator of its own for each name under one seed; the same on every machine."""
    digest = hashlib.sha256(name.encode()).digest()
    words = [int.from_bytes(digest[i : i + 4], "big") for i in range(0, 16, 4)]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, *words])))


def _drawn(generator: np.random.Generator, units: int, rows: int) -> FloatArray:
    """How often each of so many units comes among as many draws, shape (units, rows)."""
    counts = np.empty((units, rows))
    offsets = np.arange(min(rows, ROWS_IN_CACHE))[:, np.newaxis] * units
    for start in range(0, rows, ROWS_IN_CACHE):
        width = min(ROWS_IN_CACHE, rows - start)
        drawn = generator.integers(units, size=(width, units)) if units else np.empty((width, 0), dtype=np.int64)
        drawn += offsets[:width]
        counts[:, start : start + width] = np.bincount(drawn.ravel(), minlength=width * units).reshape(width, units).T
    return counts
