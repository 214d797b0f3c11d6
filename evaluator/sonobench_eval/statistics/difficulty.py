"""Difficulty tiers: cases by how many algorithms solve them.

What "solved" means is the metric's: the right answer, or a case score that reaches a threshold. A case that an algorithm gave no
usable result for is not solved by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.intp]

TierName = Literal["all", "most", "few", "none"]
TIERS: tuple[TierName, ...] = ("all", "most", "few", "none")
"""Solved by all algorithms; by more than half of them; by at least one; by none. Easiest first."""


@dataclass(frozen=True, slots=True)
class Tier:
    """The cases of one tier, and the share of them that each algorithm solves, shape (algorithms,), NaN where it has no cases."""

    name: TierName
    positions: IntArray
    accuracy: FloatArray

    @property
    def n(self) -> int:
        return len(self.positions)


@dataclass(frozen=True, slots=True)
class OwnTiers:
    """How one algorithm does on the tiers that the others make without it: cases and solved ones in the order of TIERS."""

    cases: IntArray
    solved: IntArray

    @property
    def accuracy(self) -> FloatArray:
        """Shape (4,), NaN for a tier without cases."""
        return _share(self.solved, self.cases)


def solved_at_least(scores: FloatArray, threshold: float) -> BoolArray:
    """Solved where a score, higher is better, reaches the threshold; NaN (no usable result) never does. Any shape."""
    return np.asarray(scores >= threshold)


def solved_at_most(scores: FloatArray, threshold: float) -> BoolArray:
    """Solved where an error or a distance is no larger than the threshold; NaN never is. Any shape."""
    return np.asarray(scores <= threshold)


def tier_of_cases(solved: BoolArray) -> IntArray:
    """For each case the position of its tier in TIERS, shape (n,).

    Args:
        solved: Which algorithm solves which case, shape (algorithms, n), at least one algorithm.
    """
    return _tier(solved.sum(axis=0), len(solved))


def difficulty_tiers(solved: BoolArray) -> tuple[Tier, ...]:
    """All four tiers, easiest first, also those without cases.

    Args:
        solved: Which algorithm solves which case, shape (algorithms, n), at least one algorithm.

    Returns:
        Tiers with accuracies. These describe the cases: by definition every algorithm solves all of the first tier and
        none of the last. To compare algorithms take `own_tiers`, where nobody helps to make the tiers it is measured on.

    Source: the consensus idea of the breast-ultrasound benchmark NCT07500428, which sorts cases by the agreement of its
    baseline models; here of whichever algorithms are given.
    """
    tiers = tier_of_cases(solved)
    return tuple(_told(number, np.flatnonzero(tiers == number), solved) for number in range(len(TIERS)))


def own_tiers(solved: BoolArray) -> tuple[OwnTiers, ...]:
    """For each algorithm, its results on the tiers that all others make.

    Args:
        solved: Shape (algorithms, n), at least two algorithms.
    """
    if len(solved) < 2:
        raise ValueError("tiers made by the other algorithms need at least two algorithms")
    others = solved.sum(axis=0) - solved
    found = []
    for own, solvers in zip(solved, others, strict=True):
        tiers = _tier(solvers, len(solved) - 1)
        found.append(OwnTiers(np.bincount(tiers, minlength=len(TIERS)), np.bincount(tiers[own], minlength=len(TIERS))))
    return tuple(found)


def _tier(solvers: IntArray, algorithms: int) -> IntArray:
    if algorithms < 1:
        raise ValueError("there is no algorithm to make tiers with")
    return np.select([solvers == algorithms, 2 * solvers > algorithms, solvers > 0], [0, 1, 2], default=3).astype(np.intp)


def _told(number: int, positions: IntArray, solved: BoolArray) -> Tier:
    hits = np.count_nonzero(solved[:, positions], axis=1)
    return Tier(TIERS[number], positions, _share(hits, np.full(len(solved), len(positions))))


def _share(hits: IntArray, cases: IntArray) -> FloatArray:
    return np.asarray(np.divide(hits, cases, out=np.full(len(hits), np.nan), where=cases > 0))
