from __future__ import annotations

import time

import numpy as np
import pytest

from sonobench_eval.challenge.ranking_rules import Group, IdentityScale, Leaf
from sonobench_eval.ranking.rank import rescore, weights_of
from sonobench_eval.ranking.records import Figures, RankingResult, Scheme

DSC = Leaf(of="a.dsc", scale=IdentityScale())


def ranked(values: dict[str, list[float | None]], *leaves: Leaf | Group, **more: object) -> RankingResult:
    teams = ["A", "B", "C", "D"][: len(next(iter(values.values())))]
    return rescore(Figures.of(teams, values), Scheme("custom", Group(children=leaves)), **more)  # type: ignore[arg-type]


def places(result: RankingResult) -> list[tuple[int | None, str]]:
    return [(row.rank, row.team) for row in result.rows]


class TestRescore:
    def test_a_disqualified_team_is_shown_last_and_changes_nothing_for_the_others(self) -> None:
        scaled = Leaf(of="a.dsc")
        result = ranked({"a.dsc": [0.9, 0.5, 0.7]}, scaled, disqualified={"A"})
        assert places(result) == [(1, "C"), (2, "B"), (None, "A")]
        assert [row.score for row in result.rows] == [1, 0, None]
        assert result.notes == ("Not ranked, disqualified: A. The others are ranked as if it was not there.",)

    def test_a_team_without_a_value_can_be_left_unranked(self) -> None:
        energy = Leaf(of="energy_j", name="energy", missing="unranked")
        result = ranked({"a.dsc": [0.9, 0.5, 0.7], "energy_j": [5, None, 1]}, DSC, energy)
        assert places(result) == [(1, "C"), (2, "A"), (None, "B")]
        assert "Not ranked, without energy: B." in result.notes[0]

    def test_a_team_without_a_value_can_count_as_the_last(self) -> None:
        energy = Leaf(of="energy_j", missing="last")
        assert places(ranked({"energy_j": [None, 5, 1]}, energy)) == [(1, "C"), (2, "B"), (3, "A")]

    def test_an_amount_of_some_teams_only_makes_no_ranking(self) -> None:
        result = ranked({"a.dsc": [0.9, 0.5], "energy_j": [5, None]}, DSC, Leaf(of="energy_j", name="energy"))
        assert places(result) == [(None, "A"), (None, "B")]
        assert result.notes == ("There is no ranking: energy was not measured for B, but for other teams it was.",)

    def test_there_is_no_ranking_when_all_are_disqualified(self) -> None:
        result = ranked({"a.dsc": [0.9]}, DSC, disqualified={"A"})
        assert (places(result), result.notes) == ([(None, "A")], ("There is no ranking: no team can be ranked.",))

    def test_several_parts_that_are_left_share_the_weight_of_one_that_is_not(self) -> None:
        cost = Group(name="cost", children=(Leaf(of="time_s", name="time"), DSC, Leaf(of="energy_j", name="energy")))
        result = ranked({"a.dsc": [0.9, 0.5], "time_s": [1, 2]}, cost)
        assert result.notes == ("Energy does not count: it was measured for no team, so its weight goes to the others.",)

    def test_every_named_part_is_told(self) -> None:
        result = ranked({"a.dsc": [0.9, 0.5]}, Group(name="accuracy", children=(DSC,)))
        assert [dict(row.parts) for row in result.rows] == [{"accuracy": 0.9}, {"accuracy": 0.5}]
        assert (result.rows[0].performance, result.rows[0].efficiency) == (None, None)

    @pytest.mark.parametrize("teams", [1, 2, 4])
    def test_all_teams_equal_are_all_first(self, teams: int) -> None:
        result = ranked({"a.dsc": [0.5] * teams, "time_s": [3] * teams}, Leaf(of="a.dsc"), Leaf(of="time_s"))
        assert [row.rank for row in result.rows] == [1] * teams

    def test_no_teams_make_an_empty_ranking(self) -> None:
        assert rescore(Figures.of([], {}), Scheme("custom", Group(children=(DSC,)))).rows == ()

    def test_is_quick_enough_for_what_if_weights(self) -> None:
        # A hundred times the time it takes, and none of it is what others use: slow machines and busy ones must pass too.
        figures = Figures.of([f"t{n}" for n in range(15)], {"a.dsc": list(np.linspace(0, 1, 15)), "time_s": list(range(15))})
        scheme = Scheme("custom", Group(children=(Leaf(of="a.dsc"), Leaf(of="time_s"))))
        started = time.thread_time()
        assert len(rescore(figures, scheme).rows) == 15
        assert time.thread_time() - started < 0.5


class TestWeightsOf:
    def test_all_that_is_not_efficiency_is_performance(self) -> None:
        tree = Group(
            children=(Group(name="efficiency", weight=1, children=(DSC,)), Leaf(of="b", weight=2), Leaf(of="c", weight=1))
        )
        assert weights_of(tree) == (0.75, 0.25)


class TestFigures:
    def test_a_row_of_another_length_is_refused(self) -> None:
        with pytest.raises(ValueError, match=r"a\.dsc has 1 values for 2 teams"):
            Figures.of(["A", "B"], {"a.dsc": [1.0]})
