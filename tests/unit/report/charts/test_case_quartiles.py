"""Boxes for readers who may not see a single case."""

from __future__ import annotations

import json

import numpy as np
import pytest
from chart_world import ChartWorld, make_chart_world

from sonobench_eval.report.charts.case_quartiles import case_quartiles


@pytest.fixture(scope="module")
def world() -> ChartWorld:
    return make_chart_world(["A", "B", "C"], cases=36)


def scores(world: ChartWorld, team: str) -> list[float]:
    return [case.scores["dsc"] for case in world.evaluations[team].cases if case.task == "Head"]


class TestCaseQuartiles:
    def test_a_box_ends_at_the_quartiles(self, world: ChartWorld) -> None:
        chart = case_quartiles(world.evaluations, "Head", "dsc", fewest_cases=10)

        assert chart is not None
        row = chart.table[chart.table["team"] == "B"].iloc[0]
        assert (row["q1"], row["median"], row["q3"]) == tuple(np.quantile(scores(world, "B"), [0.25, 0.5, 0.75]))

    def test_no_score_of_a_single_case_is_in_it(self, world: ChartWorld) -> None:
        # 36 cases: the quartiles lie at 8.75, 17.5 and 26.25, between two cases each.
        chart = case_quartiles(world.evaluations, "Head", "dsc", fewest_cases=10)

        assert chart is not None
        told = json.dumps(chart.spec) + chart.table.to_csv()
        assert [score for team in world.evaluations for score in scores(world, team) if repr(score) in told] == []

    def test_a_team_with_too_few_cases_has_no_box(self, world: ChartWorld) -> None:
        few = world.evaluations["A"].model_copy(update={"cases": world.evaluations["A"].cases[:9]})
        chart = case_quartiles({**world.evaluations, "A": few}, "Head", "dsc", fewest_cases=10)

        assert chart is not None
        assert sorted(chart.table["team"]) == ["B", "C"]

    def test_where_all_have_too_few_there_is_none(self, world: ChartWorld) -> None:
        assert case_quartiles(world.evaluations, "Head", "dsc", fewest_cases=37) is None

    def test_tells_the_best_median(self, world: ChartWorld) -> None:
        chart = case_quartiles(world.evaluations, "Head", "dsc", fewest_cases=10)
        medians = {team: float(np.median(scores(world, team))) for team in world.evaluations}
        best = max(medians, key=lambda team: medians[team])

        assert chart is not None
        assert chart.takeaway.startswith(f"{best} has the best median DSC, {medians[best]:.3f} ")
