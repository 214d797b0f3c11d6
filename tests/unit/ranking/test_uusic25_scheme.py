from __future__ import annotations

import numpy as np
import pytest

from sonobench_eval.challenge.ranking_rules import Leaf
from sonobench_eval.ranking.leaderboard import DroppedDimension
from sonobench_eval.ranking.order import shared_ranks
from sonobench_eval.ranking.records import RankingResult, TeamFigures, Weights
from sonobench_eval.ranking.tree import scores
from sonobench_eval.ranking.uusic25 import part_of_ranks, rank_table

WEIGHTS = Weights(0.7, 0.3)


def team(
    name: str, seg: float | None = 1, cls: float | None = 1, time: float | None = 10, memory: float | None = 5
) -> TeamFigures:
    return TeamFigures(name, seg, cls, time, memory)


def places(result: RankingResult) -> list[tuple[int | None, str]]:
    return [(row.rank, row.team) for row in result.rows]


class TestSharedRanks:
    def test_ties_share_the_smaller_rank(self) -> None:
        assert shared_ranks(np.array([0.9, 0.7, 0.9, 0.1]), higher_is_better=True).tolist() == [1, 3, 1, 4]

    def test_lower_can_be_better(self) -> None:
        assert shared_ranks(np.array([3.0, 1.0, 2.0]), higher_is_better=False).tolist() == [3, 1, 2]

    def test_no_value_ranks_behind_everything(self) -> None:
        assert shared_ranks(np.array([np.nan, 0.0, 1.0]), higher_is_better=True).tolist() == [3, 2, 1]

    def test_rounding_errors_do_not_break_ties(self) -> None:
        assert shared_ranks(np.array([0.1 + 0.2, 0.3]), higher_is_better=True).tolist() == [1, 1]

    def test_each_row_is_ranked_on_its_own(self) -> None:
        assert shared_ranks(np.array([[1.0, 2.0], [2.0, 1.0]]), higher_is_better=True).tolist() == [[2, 1], [1, 2]]


class TestPartOfRanks:
    def test_is_the_rank_of_the_mean_of_ranks(self) -> None:
        # Task 1, DSC ranks 1 2 3 and NSD ranks 2 1 3: means 1.5 1.5 3. Task 2, DSC ranks 2 3 1.
        # Over tasks: 1.75, 2.25, 2. Their ranks: 1, 3, 2.
        values = {"a.dsc": [0.9, 0.8, 0.7], "a.nsd": [0.5, 0.6, 0.4], "b.dsc": [0.5, 0.4, 0.6]}
        part = part_of_ranks("segmentation", [[Leaf(of="a.dsc"), Leaf(of="a.nsd")], [Leaf(of="b.dsc")]])
        found = scores(part, {name: np.array(row) for name, row in values.items()}).score
        assert shared_ranks(found, higher_is_better=True).tolist() == [1, 3, 2]
        assert found.tolist() == [1, 0, 0.5]


class TestRankTable:
    def test_weighs_performance_and_efficiency(self) -> None:
        # A: performance 1 - (mean(1, 2) - 1) / 2 = 0.75; time least: 1, memory most: 0, efficiency 0.5.
        # B: mean(2, 1): 0.75; time halfway: 0.5, memory least: 1, efficiency 0.75.   C: mean(3, 3): 0; 0 and 0.5: 0.25.
        result = rank_table([team("A", 1, 2, 10, 8), team("B", 2, 1, 20, 4), team("C", 3, 3, 30, 6)], WEIGHTS)
        assert places(result) == [(1, "B"), (2, "A"), (3, "C")]
        assert [row.score for row in result.rows] == [pytest.approx(0.75), pytest.approx(0.675), pytest.approx(0.075)]
        assert [row.efficiency for row in result.rows] == [0.75, 0.5, 0.25]
        assert (result.weights, result.dropped, result.notes) == (WEIGHTS, (), ())

    def test_one_team_scores_1(self) -> None:
        (row,) = rank_table([team("A", 1, 1, 99, 99)], WEIGHTS).rows
        assert (row.rank, row.score, row.performance, row.efficiency) == (1, 1.0, 1.0, 1.0)

    def test_no_team_is_an_empty_ranking(self) -> None:
        assert rank_table([], WEIGHTS).rows == ()

    def test_ties_share_a_rank_in_the_order_of_their_names(self) -> None:
        result = rank_table([team("b", 1, 1), team("A", 1, 1), team("c", 3, 3)], WEIGHTS)
        assert places(result) == [(1, "A"), (1, "b"), (3, "c")]

    def test_a_dimension_without_spread_counts_1_for_all(self) -> None:
        result = rank_table([team("A", 1, 1, 10, 5), team("B", 2, 2, 20, 5)], WEIGHTS)
        assert [row.efficiency for row in result.rows] == [1.0, 0.5]

    def test_zero_bytes_are_a_measurement(self) -> None:
        result = rank_table([team("A", 1, 1, 10, 0), team("B", 2, 2, 10, 5)], WEIGHTS)
        assert [row.efficiency for row in result.rows] == [1.0, 0.5]

    def test_a_dimension_measured_for_nobody_is_dropped_and_said_so(self) -> None:
        result = rank_table([team("A", 1, 1, 30, None), team("B", 2, 2, 10, None)], WEIGHTS)
        assert [row.efficiency for row in result.rows] == [0.0, 1.0]
        assert result.weights == WEIGHTS
        assert result.dropped == (DroppedDimension(dimension="GPU memory", reason="it was measured for no team"),)
        assert result.notes == ("GPU memory does not count: it was measured for no team, so efficiency is time alone.",)

    def test_without_any_measurement_performance_takes_the_whole_weight(self) -> None:
        result = rank_table([team("A", 1, 1, None, None), team("B", 2, 2, None, None)], WEIGHTS)
        assert [(row.score, row.efficiency) for row in result.rows] == [(1.0, None), (0.0, None)]
        assert result.weights == Weights(1.0, 0.0)
        assert [each.dimension for each in result.dropped] == ["time", "GPU memory"]
        assert "the ranking is by performance alone" in result.notes[0]

    def test_measured_for_some_only_makes_no_ranking_and_says_why(self) -> None:
        result = rank_table([team("b", 1, 1), team("C", 2, 2, memory=None), team("A", 3, 3)], WEIGHTS)
        assert places(result) == [(None, "A"), (None, "b"), (None, "C")]
        assert {(row.score, row.efficiency) for row in result.rows} == {(None, None)}
        assert [row.performance for row in result.rows] == [0.0, 1.0, 0.5]
        assert result.notes == ("There is no ranking: GPU memory was not measured for C, but for other teams it was.",)

    def test_a_measurement_that_weighs_nothing_may_be_missing(self) -> None:
        result = rank_table([team("A", 1, 1, memory=None), team("B", 2, 2)], Weights(1.0, 0.0))
        assert places(result) == [(1, "A"), (2, "B")]
        assert (result.dropped, result.notes) == ((), ())

    def test_with_one_kind_of_task_the_other_is_left_out(self) -> None:
        result = rank_table([team("A", 2, None), team("B", 1, None)], WEIGHTS)
        assert [(row.team, row.performance) for row in result.rows] == [("B", 1.0), ("A", 0.0)]
        assert result.notes == ()

    def test_without_any_ranked_metric_there_is_no_ranking(self) -> None:
        result = rank_table([team("A", None, None)], WEIGHTS)
        assert places(result) == [(None, "A")]
        assert result.notes == ("There is no ranking: no task has a metric that the ranking counts.",)

    def test_efficiency_alone_needs_a_measurement(self) -> None:
        result = rank_table([team("A", time=None, memory=None)], Weights(0.0, 1.0))
        assert places(result) == [(None, "A")]
        assert "measured for no team" in result.notes[0]

    def test_a_part_known_for_some_teams_only_is_refused(self) -> None:
        with pytest.raises(ValueError, match="classification rank is known for some teams only"):
            rank_table([team("A", 1, 1), team("B", 2, None)], WEIGHTS)

    def test_many_missing_teams_are_not_all_named(self) -> None:
        rows = [team("ok"), *(team(f"t{number}", memory=None) for number in range(8))]
        assert "t0, t1, t2, t3, t4 and 3 more" in rank_table(rows, WEIGHTS).notes[0]
