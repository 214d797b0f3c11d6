"""Every pair of several algorithms tested on the same cases, with p-values adjusted for their number: a significance map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from sonobench_eval.statistics.multiplicity import ADJUSTMENTS, AdjustmentName
from sonobench_eval.statistics.paired import Alternative, PairedTest

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]


class TestsOfPairs(Protocol):
    """`wilcoxon_tests`, or `sign_flip_tests` with its draws bound: differences (pairs, n) -> one test for each pair."""

    def __call__(
        self, differences: FloatArray, unit_of_case: Sequence[str], /, *, alternative: Alternative
    ) -> tuple[PairedTest, ...]: ...


class Pairs(NamedTuple):
    """Positions of the two algorithms of each pair, shape (pairs,) each."""

    first: IntArray
    second: IntArray


@dataclass(frozen=True, slots=True)
class PairwiseTests:
    """Each pair's test, and its p-value adjusted for their number (NaN where there is no test), shape (pairs,)."""

    pairs: Pairs
    tests: tuple[PairedTest, ...]
    adjusted: FloatArray
    adjustment: AdjustmentName

    def matrix(self, algorithms: int) -> FloatArray:
        """Adjusted p-values, shape (algorithms, algorithms): row against column; NaN where the pair was not tested."""
        square = np.full((algorithms, algorithms), np.nan)
        square[self.pairs.first, self.pairs.second] = self.adjusted
        if all(test.alternative == "two-sided" for test in self.tests):
            square[self.pairs.second, self.pairs.first] = self.adjusted
        return square


def unordered_pairs(algorithms: int) -> Pairs:
    """Each two once: 105 of 15."""
    return Pairs(*np.triu_indices(algorithms, k=1))


def ordered_pairs(algorithms: int) -> Pairs:
    """Each two both ways, for one-sided questions: 210 of 15."""
    return Pairs(*np.nonzero(~np.eye(algorithms, dtype=bool)))


def pair_differences(scores: FloatArray, pairs: Pairs) -> FloatArray:
    """First minus second, case by case: scores (algorithms, n) -> (pairs, n)."""
    return np.asarray(scores[pairs.first] - scores[pairs.second])


def pairwise_tests(
    scores: FloatArray,
    unit_of_case: Sequence[str],
    test: TestsOfPairs,
    *,
    alternative: Alternative = "two-sided",
    adjustment: AdjustmentName = "holm",
) -> PairwiseTests:
    """Test every pair: each two once where the question is two-sided, both ways where it is not.

    Args:
        scores: One row for each algorithm, shape (algorithms, n), finite, higher is better; the worst score there is for a
            case without a usable answer.
        unit_of_case: What each case belongs to (its subject, or itself), length n.
        test: `wilcoxon_tests`, or `partial(sign_flip_tests, draws=...)`.
        alternative: `greater` asks whether the first of a pair is better.
        adjustment: For the number of pairs.
    """
    pairs = (unordered_pairs if alternative == "two-sided" else ordered_pairs)(len(scores))
    tests = test(pair_differences(scores, pairs), unit_of_case, alternative=alternative)
    return PairwiseTests(pairs, tests, adjusted_p(tests, adjustment), adjustment)


def adjusted_p(tests: Sequence[PairedTest], adjustment: AdjustmentName) -> FloatArray:
    """Adjusted for the number of tests there are; NaN for those that have no p."""
    raw = np.array([np.nan if test.p is None else test.p for test in tests], dtype=np.float64)
    tested = ~np.isnan(raw)
    raw[tested] = ADJUSTMENTS[adjustment](raw[tested])
    return raw
