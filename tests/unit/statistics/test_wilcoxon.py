"""Wilcoxon's signed-rank test, one pair at a time and over resamples."""

from __future__ import annotations

import numpy as np
import pytest

from sonobench_eval.statistics import signed_ranks as scan
from sonobench_eval.statistics.signed_ranks import signed_ranks, wilcoxon_over_resamples
from sonobench_eval.statistics.wilcoxon import wilcoxon_test, wilcoxon_tests


def units(cases: int) -> list[str]:
    return [f"{n:03d}" for n in range(cases)]


class TestWilcoxonTest:
    def test_few_without_ties_are_exact(self) -> None:
        # Ranks for the first 1 + 2 + 3 + 5 = 11 of 15. As many or more: the subsets against it sum to at most 4:
        # {}, 1, 2, 3, 4, 12, 13: 7 of 32.
        found = wilcoxon_test(np.array([1.0, 2.0, 3.0, -4.0, 5.0]), units(5), alternative="greater")
        assert (found.statistic, found.p) == (11.0, pytest.approx(7 / 32))
        assert found.method == "Wilcoxon signed-rank, exact, 5 cases, 5 of them differing"

    def test_zeros_are_left_out(self) -> None:
        found = wilcoxon_test(np.array([0.0, 1.0, 2.0, 0.0, 3.0]), units(5))
        assert (found.p, found.statistic) == (2 / 8, 6.0)
        assert found.method == "Wilcoxon signed-rank, exact, 5 cases, 3 of them differing"

    def test_ties_are_approximated_with_corrections(self) -> None:
        # Distances 1 1 2 3: ranks 1.5 1.5 3 4, for the first 8.5; 5 expected; variance 4*5*9/24 - (8 - 2)/48 = 7.375.
        found = wilcoxon_test(np.array([1.0, -1.0, 2.0, 3.0]), units(4))
        z = (8.5 - 5 - 0.5) / 7.375**0.5
        assert (found.statistic, found.p) == (8.5, pytest.approx(0.26930, abs=1e-5))  # 2 Phi(-1.10469)
        assert z == pytest.approx(1.10469, abs=1e-5)
        assert "normal approximation" in found.method

    def test_a_subject_counts_once(self) -> None:
        found = wilcoxon_test(np.array([1.0, 3.0, 5.0, -1.0]), ["x", "x", "y", "z"])
        assert (found.difference, found.statistic) == (2.0, 5.0)  # means 2, 5, -1: ranks 2, 3, 1
        assert found.method == "Wilcoxon signed-rank, exact, 3 subjects, 3 of them differing"

    def test_nothing_differs(self) -> None:
        found = wilcoxon_test(np.zeros(4), units(4))
        assert (found.p, found.statistic, found.difference) == (1.0, 0.0, 0.0)

    def test_of_several_pairs_are_those_of_each(self) -> None:
        differences = np.random.default_rng(1).normal(size=(3, 20))
        assert wilcoxon_tests(differences, units(20)) == tuple(wilcoxon_test(row, units(20)) for row in differences)


class TestSignedRanks:
    def test_a_case_that_comes_twice_is_a_tie(self) -> None:
        # 1, -2, -2, 3: ranks 1, 2.5, 2.5, 4, for the first 5; 5 expected; 4*5*9/24 - 6/48 = 7.375.
        found = signed_ranks(np.array([[1.0, -2.0, 3.0]]), np.array([[1.0, 2.0, 1.0]]))
        assert found.excess.tolist() == [[0.0]]
        assert found.spread == pytest.approx(np.array([[7.375**0.5]]))
        assert found.differing.tolist() == [[4.0]]

    def test_a_case_that_is_not_drawn_says_nothing(self) -> None:
        with_it = signed_ranks(np.array([[1.0, -2.0, 3.0]]), np.array([[1.0, 0.0, 1.0]]))
        without = signed_ranks(np.array([[1.0, 3.0]]), np.array([[1.0, 1.0]]))
        assert (with_it.excess, with_it.spread) == (without.excess, without.spread)

    def test_blocks_change_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        rng = np.random.default_rng(1)
        differences, counts = rng.normal(size=(3, 12)), rng.integers(0, 3, size=(50, 12)).astype(float)
        whole = signed_ranks(differences, counts)
        monkeypatch.setattr(scan, "RESAMPLES_AT_ONCE", 7)
        np.testing.assert_array_equal(signed_ranks(differences, counts).excess, whole.excess)

    def test_refuse_what_is_no_number(self) -> None:
        with pytest.raises(ValueError, match="finite"):
            signed_ranks(np.array([[np.nan]]), np.ones((1, 1)))


class TestWilcoxonOverResamples:
    def test_says_one_where_no_case_of_a_resample_differs(self) -> None:
        assert wilcoxon_over_resamples(np.array([[0.0, 1.0]]), np.array([[2.0, 0.0], [0.0, 2.0]]))[0, 0] == 1.0

    def test_has_a_row_for_each_resample_and_a_column_for_each_pair(self) -> None:
        assert wilcoxon_over_resamples(np.zeros((3, 4)), np.ones((5, 4))).shape == (5, 3)
        assert wilcoxon_over_resamples(np.zeros((3, 4)), np.ones((0, 4))).shape == (0, 3)
        assert wilcoxon_over_resamples(np.zeros((0, 4)), np.ones((5, 4))).shape == (5, 0)

    def test_asks_whether_the_first_is_higher(self) -> None:
        differences = np.arange(1.0, 11.0)[np.newaxis]
        greater = wilcoxon_over_resamples(differences, np.ones((1, 10)))[0, 0]
        less = wilcoxon_over_resamples(differences, np.ones((1, 10)), alternative="less")[0, 0]
        assert greater < 0.01
        assert less > 0.99
