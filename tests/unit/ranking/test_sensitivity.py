from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from sonobench_eval.ranking.sensitivity import weight_sensitivity


class TestWeightSensitivity:
    def test_the_exact_weight_at_which_the_winner_changes(self) -> None:
        # A: w * 1 + (1 - w) * 0. B: w * 0.5 + (1 - w) * 1. They meet where w = 1 - 0.5 w: two thirds.
        found = weight_sensitivity(["A", "B"], np.array([1.0, 0.5]), np.array([0.0, 1.0]), declared=0.7)
        (crossing,) = found.crossings
        assert (crossing.weight, crossing.above, crossing.below, crossing.changes_winner) == (
            pytest.approx(2 / 3),
            "A",
            "B",
            True,
        )
        assert [(span.teams, span.low, span.high) for span in found.winners] == [
            (("B",), 0, pytest.approx(2 / 3)),
            (("A",), pytest.approx(2 / 3), 1),
        ]
        assert found.same_winner == found.same_order == (pytest.approx(2 / 3), 1)

    def test_a_crossing_further_down_leaves_the_winner(self) -> None:
        found = weight_sensitivity(["A", "B", "C"], np.array([1.0, 0.4, 0.2]), np.array([1.0, 0.2, 0.4]), declared=0.7)
        assert [(each.weight, each.changes_winner) for each in found.crossings] == [(pytest.approx(0.5), False)]
        assert (found.same_winner, found.same_order) == ((0, 1), (pytest.approx(0.5), 1))

    def test_teams_that_tie_throughout_are_first_together(self) -> None:
        found = weight_sensitivity(["A", "B"], np.array([0.5, 0.5]), np.array([0.3, 0.3]), declared=0.5)
        assert (found.crossings, found.winners[0].teams, found.same_order) == ((), ("A", "B"), (0, 1))

    def test_three_lines_through_one_point_change_the_winner_once(self) -> None:
        found = weight_sensitivity(["A", "B", "C"], np.array([1.0, 0.5, 0.0]), np.array([0.0, 0.5, 1.0]), declared=0.7)
        assert [span.teams for span in found.winners] == [("C",), ("A",)]
        assert [each.changes_winner for each in found.crossings if each.above == "A"] == [True, True]
        assert [each.changes_winner for each in found.crossings if each.above == "B"] == [False]

    def test_one_team_wins_at_every_weight(self) -> None:
        found = weight_sensitivity(["A"], np.array([0.2]), np.array([0.9]), declared=0.7)
        assert (found.crossings, found.same_winner) == ((), (0, 1))

    @pytest.mark.parametrize(("declared", "span"), [(0.0, (0, 2 / 3)), (1.0, (2 / 3, 1)), (2 / 3, (2 / 3, 2 / 3))])
    def test_the_declared_weight_can_lie_at_an_end_or_on_a_crossing(self, declared: float, span: tuple[float, float]) -> None:
        found = weight_sensitivity(["A", "B"], np.array([1.0, 0.5]), np.array([0.0, 1.0]), declared=declared)
        assert found.same_order == pytest.approx(span)

    def test_between_crossings_no_order_changes(self) -> None:
        rng = np.random.default_rng(2)
        performance, efficiency = rng.random(8), rng.random(8)
        names = [f"t{number}" for number in range(8)]
        ends = [0.0, *(each.weight for each in weight_sensitivity(names, performance, efficiency, declared=0.7).crossings), 1.0]
        for low, high in pairwise(ends):
            orders = {tuple(np.argsort(w * performance + (1 - w) * efficiency)) for w in np.linspace(low, high, 9)[1:-1]}
            assert len(orders) <= 1 or high - low < 1e-9
