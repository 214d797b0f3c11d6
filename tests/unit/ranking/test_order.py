from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from sonobench_eval.ranking.order import shared_ranks, tau_b


class TestSharedRanks:
    @pytest.mark.parametrize("teams", [1, 2, 15, 60])
    def test_counting_and_sorting_give_what_scipy_gives(self, teams: int) -> None:
        values = np.random.default_rng(teams).integers(0, 8, size=(50, teams)).astype(float)
        assert (shared_ranks(values, higher_is_better=False) == stats.rankdata(values, method="min", axis=1)).all()

    def test_two_teams_without_a_value_share_the_last_rank(self) -> None:
        assert shared_ranks(np.array([np.nan, 3.0, np.nan]), higher_is_better=True).tolist() == [2, 1, 2]

    def test_one_team_is_first_even_without_a_value(self) -> None:
        assert shared_ranks(np.array([[np.nan], [2.0]]), higher_is_better=False).tolist() == [[1], [1]]

    def test_all_teams_equal_are_all_first(self) -> None:
        assert shared_ranks(np.full(4, 0.3), higher_is_better=True).tolist() == [1, 1, 1, 1]


class TestTauB:
    def test_is_scipys_for_every_resample_ties_included(self) -> None:
        rng = np.random.default_rng(3)
        reference, ranks = rng.integers(1, 6, 7).astype(float), rng.integers(1, 6, (20, 7)).astype(float)
        expected = [stats.kendalltau(row, reference).statistic for row in ranks]
        assert tau_b(ranks, reference) == pytest.approx(expected, abs=1e-12)

    def test_the_reverse_order_is_minus_1(self) -> None:
        assert tau_b(np.array([3.0, 2.0, 1.0]), np.array([1.0, 2.0, 3.0])) == -1

    def test_has_no_value_where_all_teams_are_tied(self) -> None:
        assert np.isnan(tau_b(np.array([1.0, 1.0]), np.array([1.0, 2.0])))
        assert np.isnan(tau_b(np.array([1.0]), np.array([1.0])))
