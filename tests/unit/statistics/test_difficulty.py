"""Difficulty tiers of four cases under three algorithms: solved by 3, 2, 1 and 0 of them."""

from __future__ import annotations

import numpy as np
import pytest

from sonobench_eval.statistics.difficulty import (
    TIERS,
    difficulty_tiers,
    own_tiers,
    solved_at_least,
    solved_at_most,
    tier_of_cases,
)

SOLVED = np.array([[True, True, True, False], [True, True, False, False], [True, False, False, False]])


class TestSolved:
    def test_reaching_the_threshold_is_enough(self) -> None:
        assert solved_at_least(np.array([0.69, 0.7, np.nan]), 0.7).tolist() == [False, True, False]

    def test_an_error_may_be_as_large_as_the_threshold(self) -> None:
        assert solved_at_most(np.array([2.0, 2.1, np.nan]), 2.0).tolist() == [True, False, False]


class TestTierOfCases:
    def test_goes_by_how_many_solve_a_case(self) -> None:
        assert [TIERS[tier] for tier in tier_of_cases(SOLVED)] == ["all", "most", "few", "none"]

    def test_half_is_not_most(self) -> None:
        assert [TIERS[tier] for tier in tier_of_cases(np.array([[True], [False]]))] == ["few"]

    def test_one_algorithm_makes_two_tiers(self) -> None:
        assert [TIERS[tier] for tier in tier_of_cases(np.array([[True, False]]))] == ["all", "none"]

    def test_no_algorithm_makes_none(self) -> None:
        with pytest.raises(ValueError, match="no algorithm"):
            tier_of_cases(np.zeros((0, 3), dtype=bool))


class TestDifficultyTiers:
    def test_have_their_cases_and_each_algorithms_share(self) -> None:
        found = difficulty_tiers(SOLVED[:, [0, 1, 2, 3, 1]])
        assert [(tier.name, tier.n, tier.positions.tolist()) for tier in found] == [
            ("all", 1, [0]),
            ("most", 2, [1, 4]),
            ("few", 1, [2]),
            ("none", 1, [3]),
        ]
        assert [tier.accuracy.tolist() for tier in found] == [[1, 1, 1], [1, 1, 0], [1, 0, 0], [0, 0, 0]]

    def test_a_tier_without_cases_is_shown_without_accuracy(self) -> None:
        found = difficulty_tiers(SOLVED[:, :1])
        assert [tier.n for tier in found] == [1, 0, 0, 0]
        assert np.isnan(found[1].accuracy).all()


class TestOwnTiers:
    def test_are_made_by_the_others(self) -> None:
        # For the first: the others solve case 0 both, case 1 one of two (few), cases 2 and 3 none. It solves 0, 1 and 2.
        first, _, third = own_tiers(SOLVED)
        assert (first.cases.tolist(), first.solved.tolist()) == ([1, 0, 1, 2], [1, 0, 1, 1])
        assert first.accuracy.tolist() == pytest.approx([1.0, np.nan, 1.0, 0.5], nan_ok=True)
        # For the third: the others solve 0 and 1 both, 2 one of two, 3 none. It solves 0 alone.
        assert (third.cases.tolist(), third.solved.tolist()) == ([2, 0, 1, 1], [1, 0, 0, 0])

    def test_need_others(self) -> None:
        with pytest.raises(ValueError, match="at least two"):
            own_tiers(SOLVED[:1])
