"""Wilcoxon's signed-rank test of two algorithms on the same cases."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sonobench_eval.statistics.interval import sample_of
from sonobench_eval.statistics.paired import Alternative, PairedTest, unit_sums
from sonobench_eval.statistics.signed_ranks import signed_ranks

FloatArray = NDArray[np.float64]
EXACT_BELOW = 50
"""With so many differing units or more, or with ties among them, the normal approximation serves, as in R."""


def wilcoxon_test(differences: FloatArray, unit_of_case: Sequence[str], *, alternative: Alternative = "two-sided") -> PairedTest:
    """Whether the differences lie symmetrically around 0.

    Args:
        differences: First algorithm minus second, one for each case, finite, shape (n,), at least one.
        unit_of_case: What each case belongs to. A subject with several cases counts once, with the mean of its differences.
        alternative: `greater` asks whether the first is higher.

    Returns:
        The mean difference of the units, the sum of the ranks for the first, and p: exact with fewer than 50 differing units and
        no ties, else by the normal approximation with tie and continuity corrections. Where nothing differs p is 1.

    Source: Wilcoxon 1945, zeros left out; as R's `wilcox.test(paired=TRUE)`. The exact distribution is SciPy's.
    """
    sample = sample_of(unit_of_case)
    sums, each = unit_sums(differences, unit_of_case)
    by_unit = sums / each
    found = signed_ranks(by_unit[np.newaxis], np.ones((1, len(by_unit))))
    differing = int(found.differing[0, 0])
    ranks_for = float(found.excess[0, 0]) + differing * (differing + 1) / 4
    apart = np.abs(by_unit[by_unit != 0])
    is_exact = 0 < differing < EXACT_BELOW and len(np.unique(apart)) == differing
    p = _exact_p(by_unit[by_unit != 0], alternative) if is_exact else float(found.p(alternative)[0, 0])
    how = "exact" if is_exact else "normal approximation"
    method = f"Wilcoxon signed-rank, {how}, {sample.drawn}, {differing} of them differing"
    return PairedTest(method, float(np.mean(by_unit)), ranks_for, p, alternative, sample)


def wilcoxon_tests(
    differences: FloatArray, unit_of_case: Sequence[str], *, alternative: Alternative = "two-sided"
) -> tuple[PairedTest, ...]:
    """The same for several pairs of algorithms, shape (pairs, n)."""
    return tuple(wilcoxon_test(row, unit_of_case, alternative=alternative) for row in differences)


def _exact_p(differences: FloatArray, alternative: Alternative) -> float:
    from scipy.stats import wilcoxon

    return float(wilcoxon(differences, alternative=alternative, method="exact").pvalue)
