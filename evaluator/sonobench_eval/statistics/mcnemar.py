"""McNemar's test: do two algorithms err equally often, judged by the cases on which only one of them is right?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr, gammaln

from sonobench_eval.statistics.interval import refuse_clusters, sample_of
from sonobench_eval.statistics.paired import PairedTest

BoolArray = NDArray[np.bool_]


def mcnemar_exact(first: BoolArray, second: BoolArray, unit_of_case: Sequence[str]) -> PairedTest:
    """Two-sided, from the binomial distribution: never more false findings than claimed.

    Args:
        first: Whether the first algorithm is right, shape (n,).
        second: Likewise.
        unit_of_case: What each case belongs to; every case must be its own.

    Returns:
        The difference of the shares that are right; the statistic is the number of cases which only the first has right.

    Raises:
        ClusteredCasesError: a subject has several cases; `sign_flip_test` takes them together.

    Source: McNemar, Psychometrika 1947; exact form as `scipy.stats.binomtest(b, b + c)`.
    """
    only_first, only_second = _discordant(first, second)
    return _test("McNemar, exact binomial", first, second, unit_of_case, _both_tails(only_first, only_second, 0.0))


def mcnemar_mid_p(first: BoolArray, second: BoolArray, unit_of_case: Sequence[str]) -> PairedTest:
    """Two-sided mid-p: the outcome itself counts half, which makes up for the exact test's caution.

    Args and returns as `mcnemar_exact`.

    Source: Fagerland, Lydersen and Laake, The McNemar Test for Binary Matched-Pairs Data, BMC Med. Res. Methodol. 2013.
    """
    only_first, only_second = _discordant(first, second)
    return _test("McNemar, mid-p", first, second, unit_of_case, _both_tails(only_first, only_second, 1.0))


def _discordant(first: BoolArray, second: BoolArray) -> tuple[int, int]:
    return int(np.count_nonzero(first & ~second)), int(np.count_nonzero(second & ~first))


def _both_tails(only_first: int, only_second: int, given_back: float) -> float:
    fewer, together = min(only_first, only_second), only_first + only_second
    both = 2 * float(bdtr(fewer, together, 0.5)) - given_back * _probability(fewer, together)
    return min(1.0, both)


def _probability(hits: int, trials: int) -> float:
    logarithm = gammaln(trials + 1) - gammaln(hits + 1) - gammaln(trials - hits + 1) - trials * np.log(2)
    return float(np.exp(logarithm))


def _test(name: str, first: BoolArray, second: BoolArray, unit_of_case: Sequence[str], p: float) -> PairedTest:
    sample = sample_of(unit_of_case)
    refuse_clusters(sample, "McNemar's test")
    only_first, only_second = _discordant(first, second)
    difference = (only_first - only_second) / len(first)
    method = f"{name}, {sample.drawn}, {only_first + only_second} of them right for one algorithm only"
    return PairedTest(method, difference, float(only_first), p, "two-sided", sample)
