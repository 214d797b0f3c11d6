from __future__ import annotations

import numpy as np
import pytest

from sonobench_eval.ranking.confidence_sets import RankSets
from sonobench_eval.ranking.rank_distribution import rank_distribution, rank_shares, tau_summary
from sonobench_eval.ranking.stability import BootstrapRanks


def bootstrapped(ranks: list[list[int]], resamples: int | None = None) -> BootstrapRanks:
    array = np.array(ranks, dtype=float)
    return BootstrapRanks(-array, array, resamples or len(array))


class TestRankDistribution:
    def test_by_hand(self) -> None:
        # A: ranks 1 1 1 2. B: 2 2 2 1. C: 3 3 3 3.
        found = rank_distribution(
            "score",
            ["A", "B", "C"],
            np.array([1.0, 2.0, 3.0]),
            bootstrapped([[1, 2, 3], [1, 2, 3], [1, 2, 3], [2, 1, 3]]),
            confidence=0.95,
            sets=RankSets(np.array([1, 1, 3]), np.array([2, 2, 3])),
        )
        assert found is not None
        first, second, third = found.teams
        assert (first.shares, first.p_first, first.p_top3, first.mean, first.median) == ((0.75, 0.25, 0), 0.75, 1, 1.25, 1)
        assert [(team.low, team.high) for team in found.teams] == [(1, 2), (1, 2), (3, 3)]
        assert (second.set_low, second.set_high, third.set_low, third.set_high) == (1, 2, 3, 3)
        # One swap of three pairs: tau 1/3.
        assert found.tau.values == (pytest.approx(1 / 3, abs=1e-6), 1, 1, 1)
        assert found.tau.mean == pytest.approx((3 + 1 / 3) / 4)

    def test_ties_share_the_better_rank_in_every_resample(self) -> None:
        found = rank_distribution("score", ["A", "B"], np.array([1.0, 1.0]), bootstrapped([[1, 1], [1, 2]]), confidence=0.95)
        assert found is not None
        assert [team.p_first for team in found.teams] == [1, 0.5]
        assert found.tau.mean is None

    def test_one_team_is_certain_and_has_no_tau(self) -> None:
        found = rank_distribution("score", ["A"], np.array([1.0]), bootstrapped([[1], [1]]), confidence=0.95)
        assert found is not None
        assert (found.teams[0].p_first, found.teams[0].p_top3, found.tau.values) == (1, 1, ())

    def test_says_how_many_resamples_it_rests_on(self) -> None:
        found = rank_distribution("head", ["A"], np.array([1.0]), bootstrapped([[1]], resamples=5), confidence=0.9)
        assert found is not None
        assert (found.scope, found.used, found.resamples) == ("head", 1, 5)

    def test_is_none_where_no_resample_could_be_ranked(self) -> None:
        empty = BootstrapRanks(np.empty((0, 2)), np.empty((0, 2)), 10)
        assert rank_distribution("score", ["A", "B"], np.array([1.0, 2.0]), empty, confidence=0.95) is None


class TestRankShares:
    def test_rows_sum_to_1(self) -> None:
        ranks = np.random.default_rng(1).integers(1, 6, size=(200, 5)).astype(float)
        shares = rank_shares(ranks)
        assert shares.sum(axis=1) == pytest.approx(np.ones(5))
        assert shares[2, 3] == (ranks[:, 2] == 4).mean()


class TestTauSummary:
    def test_the_middle_share(self) -> None:
        found = tau_summary(np.linspace(-1, 1, 101), confidence=0.9)
        assert (found.low, found.median, found.high) == (pytest.approx(-0.9), pytest.approx(0), pytest.approx(0.9))
