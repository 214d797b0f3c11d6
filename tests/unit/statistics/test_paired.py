"""Differences of two algorithms: their bootstrap, how large they are, and every pair of several."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from sonobench_eval.statistics.interval import Sample
from sonobench_eval.statistics.paired import PairedTest, effect_size, mid_ranks, p_of_z, paired_difference, unit_sums
from sonobench_eval.statistics.pairs import adjusted_p, ordered_pairs, pairwise_tests, unordered_pairs
from sonobench_eval.statistics.permutation import Draws, sign_flip_tests
from sonobench_eval.statistics.resampled import CountsMeasure
from sonobench_eval.statistics.resampling import Resampling
from sonobench_eval.statistics.wilcoxon import wilcoxon_tests

UNITS = [f"{n:02d}" for n in range(20)]


def mean_of(scores: np.ndarray) -> CountsMeasure:
    return lambda counts: counts @ scores / counts.sum(axis=1)


class TestPairedDifference:
    @pytest.mark.parametrize("kind", ["percentile", "bca"])
    def test_a_constant_lead_has_no_spread_however_far_cases_lie_apart(self, kind: str) -> None:
        scores = np.linspace(0, 1, 20)
        plan = Resampling(UNITS, resamples=200, seed=1, task_id="T")
        found = paired_difference(mean_of(scores + 0.25), mean_of(scores), plan, confidence=0.95, kind=kind)
        assert (found.value, found.low, found.high) == (pytest.approx(0.25), pytest.approx(0.25), pytest.approx(0.25))

    def test_counts_resamples_in_which_either_has_no_value(self) -> None:
        plan = Resampling(UNITS, resamples=200, seed=1, task_id="T")
        found = paired_difference(
            mean_of(np.ones(20)), lambda counts: np.where(counts[:, 0] > 0, 0.0, np.nan), plan, confidence=0.95
        )
        assert found.undefined == np.sum(plan.counts()[:, 0] == 0) > 0


class TestEffectSize:
    def test_of_four_cases(self) -> None:
        # Mean 1; deviations -2, -1, 0, 3: variance 14/3.
        found = effect_size(np.array([-1.0, 0.0, 1.0, 4.0]))
        assert (found.mean, found.standardized) == (1.0, pytest.approx(1 / (14 / 3) ** 0.5))
        assert found.rank_biserial == pytest.approx((1.5 + 3 - 1.5) / 6)  # distances 1, 1, 4: ranks 1.5, 1.5, 3
        assert found.share_better == (2 + 0.5) / 4

    def test_of_no_difference(self) -> None:
        found = effect_size(np.zeros(3))
        assert (found.mean, found.standardized, found.rank_biserial, found.share_better) == (0.0, None, None, 0.5)

    def test_of_one_case(self) -> None:
        assert effect_size(np.array([2.0])).standardized is None


class TestUnitSums:
    def test_adds_up_each_subject_in_the_order_of_names(self) -> None:
        sums, each = unit_sums(np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), ["y", "x", "y"])
        assert (sums.tolist(), each.tolist()) == ([[2.0, 4.0], [5.0, 10.0]], [1, 2])


class TestMidRanks:
    def test_equal_values_share_the_mean_of_their_places(self) -> None:
        assert mid_ranks(np.array([5.0, 1.0, 5.0, 7.0])).tolist() == [2.5, 1.0, 2.5, 4.0]


class TestPOfZ:
    def test_of_nothing(self) -> None:
        assert [p_of_z(0.0, side) for side in ("two-sided", "greater", "less")] == [1.0, 0.5, 0.5]

    def test_of_a_lead(self) -> None:
        assert [p_of_z(1.959964, side) for side in ("two-sided", "greater", "less")] == pytest.approx([0.05, 0.025, 0.975])


class TestPairwiseTests:
    SCORES = np.stack([np.linspace(0.5, 0.9, 20), np.linspace(0.5, 0.9, 20) - 0.1 * np.linspace(0.1, 1, 20), np.full(20, 0.7)])

    def test_pairs_are_counted_once_or_both_ways(self) -> None:
        assert [each.tolist() for each in unordered_pairs(3)] == [[0, 0, 1], [1, 2, 2]]
        assert [each.tolist() for each in ordered_pairs(3)] == [[0, 0, 1, 1, 2, 2], [1, 2, 0, 2, 0, 1]]
        assert len(unordered_pairs(15).first) == 105

    def test_the_matrix_of_a_two_sided_test_is_symmetric(self) -> None:
        found = pairwise_tests(self.SCORES, UNITS, wilcoxon_tests)
        matrix = found.matrix(3)
        np.testing.assert_array_equal(matrix, matrix.T)
        assert np.isnan(np.diagonal(matrix)).all()
        assert matrix[0, 1] == pytest.approx(3 * 2 / 2**20)  # the first is ahead on all of 20 cases; Holm over three pairs

    def test_one_sided_tests_fill_both_halves(self) -> None:
        test = partial(sign_flip_tests, draws=Draws(1, "T", 999))
        found = pairwise_tests(self.SCORES, UNITS, test, alternative="greater", adjustment="none")
        matrix = found.matrix(3)
        assert matrix[0, 1] == 1 / 1000
        assert matrix[1, 0] == 1.0

    def test_what_has_no_p_is_not_counted_among_the_tests(self) -> None:
        sample = Sample(2, 2, "2 cases")
        tests = [PairedTest("t", 0.0, None, p, "two-sided", sample) for p in (0.01, None, 0.02)]
        np.testing.assert_allclose(adjusted_p(tests, "holm"), [0.02, np.nan, 0.02])
