from __future__ import annotations

import numpy as np
import pytest

from sonobench_eval.ranking.pareto import dominated, trade_offs, u_score


class TestDominated:
    def test_better_in_one_and_as_good_in_the_others_is_enough(self) -> None:
        values = np.array([[1.0, 1.0], [1.0, 2.0], [0.0, 3.0]])
        assert dominated(values).tolist() == [[False, True, False], [False, False, False], [False, False, False]]

    def test_equal_teams_do_not_dominate_each_other(self) -> None:
        assert not dominated(np.ones((3, 2))).any()


class TestUScore:
    def test_is_the_harmonic_mean(self) -> None:
        # 2 * 0.8 * 0.4 / 1.2 = 8/15
        assert u_score(np.array([0.8, 1.0, 0.9]), np.array([0.4, 1.0, 0.0])).tolist() == [pytest.approx(8 / 15), 1, 0]

    def test_nothing_makes_up_for_a_0_and_two_are_no_division(self) -> None:
        assert u_score(np.array([0.0]), np.array([0.0])).tolist() == [0]


class TestTradeOffs:
    def test_front_over_accuracy_time_and_memory(self) -> None:
        found = trade_offs(
            ["A", "B", "C"],
            np.array([0.9, 0.8, 0.7]),
            np.array([0.2, 0.6, 0.5]),
            time_s=np.array([9.0, 2.0, 3.0]),
            gpu_memory_bytes=np.array([5.0, 5.0, 4.0]),
        )
        assert [each.on_front for each in found] == [True, True, True]
        assert found[0].time_s == 9

    def test_an_amount_that_somebody_lacks_does_not_decide(self) -> None:
        found = trade_offs(["A", "B"], np.array([0.9, 0.8]), None, time_s=np.array([9.0, np.nan]), gpu_memory_bytes=None)
        assert [(each.on_front, each.dominated_by, each.time_s, each.u_score) for each in found] == [
            (True, (), 9, None),
            (False, ("A",), None, None),
        ]
