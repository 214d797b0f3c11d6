from __future__ import annotations

import numpy as np
import pytest

from sonobench_eval.ranking.confidence_sets import better_p, rank_sets

RNG = np.random.default_rng(5)


class TestBetterP:
    def test_teams_far_apart_are_told_apart(self) -> None:
        scores = np.array([0.9, 0.5, 0.1])
        p = better_p(scores, scores + RNG.normal(0, 0.01, (999, 3)))
        assert p[0, 1] == pytest.approx(1 / 1000)
        assert (np.triu(p, 1)[np.triu_indices(3, 1)] <= 0.05).all()
        assert (np.tril(p, -1)[np.tril_indices(3, -1)] > 0.9).all()

    def test_near_ties_are_not(self) -> None:
        scores = np.array([0.50, 0.501])
        assert better_p(scores, scores + RNG.normal(0, 0.1, (999, 2))).min() > 0.2

    def test_two_teams_by_hand(self) -> None:
        # Difference 2, resampled 1 2 3 2: standard deviation sqrt(1/2), statistic 2.83; centered -1.41 0 1.41 0 for A over B
        # and the reverse. None reaches 2.83 for A over B: (0 + 1) / 5. B over A: statistic -2.83, all do: 5/5.
        p = better_p(np.array([2.0, 0.0]), np.array([[1.0, 0.0], [2.0, 0.0], [3.0, 0.0], [2.0, 0.0]]))
        assert p.tolist() == [[1, 0.2], [1, 1]]

    def test_a_difference_that_never_varies_is_certain_and_equal_scores_are_not(self) -> None:
        p = better_p(np.array([1.0, 0.0, 0.0]), np.tile([1.0, 0.0, 0.0], (99, 1)))
        assert p.tolist() == [[1, 0.01, 0.01], [1, 1, 1], [1, 1, 1]]

    def test_one_team_has_nobody_to_be_better_than(self) -> None:
        assert better_p(np.array([1.0]), np.ones((5, 1))).tolist() == [[1]]

    def test_the_step_down_never_makes_a_smaller_difference_more_certain(self) -> None:
        scores = np.sort(RNG.normal(size=6))[::-1]
        p = better_p(scores, scores + RNG.normal(0, 0.5, (500, 6)))
        statistic = (scores[:, None] - scores[None, :])[~np.eye(6, dtype=bool)]
        assert p.min() >= 1 / 501
        assert np.isfinite(statistic).all()
        assert (np.diff(p[0, 1:]) <= 1e-12 + 0.3).all()

    def test_equal_teams_are_told_apart_no_more_often_than_the_level_says(self) -> None:
        # 200 worlds of 4 equal teams, errors known to the bootstrap: at 0.1, 20 expected; 40 would be 4.7 standard errors off.
        found = 0
        for world in range(200):
            rng = np.random.default_rng(world)
            scores = rng.normal(size=4)
            found += (better_p(scores, scores + rng.normal(size=(199, 4))) <= 0.1).any()
        assert found < 40


class TestRankSets:
    def test_counts_those_that_are_significantly_better_and_worse(self) -> None:
        p = np.array([[1, 0.01, 0.01, 0.01], [1, 1, 0.2, 0.01], [1, 1, 1, 0.04], [1, 1, 1, 1]])
        sets = rank_sets(p, level=0.05)
        assert (sets.low.tolist(), sets.high.tolist()) == ([1, 2, 2, 4], [1, 3, 3, 4])

    def test_is_every_rank_where_nothing_is_significant(self) -> None:
        sets = rank_sets(np.ones((3, 3)), level=0.05)
        assert (sets.low.tolist(), sets.high.tolist()) == ([1, 1, 1], [3, 3, 3])
