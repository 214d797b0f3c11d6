"""McNemar's test, by hand: one case only the first has right, five only the second."""

from __future__ import annotations

import numpy as np
import pytest

from sonobench_eval.statistics.interval import ClusteredCasesError
from sonobench_eval.statistics.mcnemar import mcnemar_exact, mcnemar_mid_p

FIRST = np.array([True] * 5 + [False] * 5)
SECOND = np.array([True] * 4 + [False] + [True] * 5)
ALONE = [str(n) for n in range(10)]


class TestMcnemarExact:
    def test_adds_up_both_tails(self) -> None:
        found = mcnemar_exact(FIRST, SECOND, ALONE)
        assert found.p == pytest.approx(2 * (1 + 6) / 64)  # 0 or 1 of 6 heads
        assert (found.difference, found.statistic) == (pytest.approx(-0.4), 1.0)
        assert found.method == "McNemar, exact binomial, 10 cases, 6 of them right for one algorithm only"

    def test_an_even_split_speaks_for_nothing(self) -> None:
        assert mcnemar_exact(np.array([True, False]), np.array([False, True]), ["a", "b"]).p == 1.0

    def test_no_disagreement_speaks_for_nothing(self) -> None:
        assert mcnemar_exact(FIRST, FIRST, ALONE).p == 1.0

    def test_refuses_subjects_with_several_cases(self) -> None:
        with pytest.raises(ClusteredCasesError, match="McNemar's test needs independent cases"):
            mcnemar_exact(FIRST, SECOND, ["a"] * 10)


class TestMcnemarMidP:
    def test_gives_back_half_of_the_outcome_itself_in_each_tail(self) -> None:
        assert mcnemar_mid_p(FIRST, SECOND, ALONE).p == pytest.approx(2 * 7 / 64 - 6 / 64)

    def test_an_even_split_is_one(self) -> None:
        assert mcnemar_mid_p(np.array([True, False]), np.array([False, True]), ["a", "b"]).p == pytest.approx(1.0)

    def test_no_disagreement_is_one(self) -> None:
        assert mcnemar_mid_p(FIRST, FIRST, ALONE).p == pytest.approx(1.0)
