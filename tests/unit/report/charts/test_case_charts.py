"""Charts of case scores and of centers, on cases worked by hand; and where names of points stand."""

from __future__ import annotations

import numpy as np
import pytest
from chart_world import score

from sonobench_eval.evaluation import CaseScore, CenterScore, Evaluation, GeneralisationGap, MetricScore, Provenance, TaskScore
from sonobench_eval.report.charts.case_scores import MOST_DOTS, case_scores
from sonobench_eval.report.charts.centers import center_heatmap
from sonobench_eval.report.charts.label_places import Spot, places


def evaluation(
    values: list[float | None],
    *,
    name: str = "dsc",
    higher_is_better: bool = True,
    centers: dict[str, float | None] | None = None,
    gap: tuple[float, float, float] | None = None,
) -> Evaluation:
    cases = tuple(
        CaseScore(id=str(number), task="T", center="N", scores={} if value is None else {name: value})
        for number, value in enumerate(values)
    )

    def told(value: float | None) -> MetricScore:
        return score(name, value, n=len(cases), higher_is_better=higher_is_better)

    roles = {"N": "internal", "F": "external"}
    found = tuple(
        CenterScore.model_validate({"id": center, "role": roles[center], "metrics": (told(value),)})
        for center, value in (centers or {}).items()
    )
    gaps = () if gap is None else (GeneralisationGap(metric=name, value=gap[0], ci_low=gap[1], ci_high=gap[2]),)
    task = TaskScore(
        id="T", title="Fetal head", kind="segmentation", n=len(cases), centers=found, gaps=gaps,
        metrics=(told(0.5),),
    )  # fmt: skip
    made_from = Provenance(
        challenge="demo",
        challenge_hash="c",
        dataset_hash="d",
        evaluator_version="0",
        engine="fast",
        resamples=0,
        confidence=0.95,
        seed=1,
    )
    return Evaluation(made_from=made_from, tasks=(task,), cases=cases)


class TestCaseScores:
    def test_boxes_are_quartiles_and_whiskers_reach_the_furthest_case_within_reach(self) -> None:
        # 0.1 | 0.5 0.6 0.7 0.8 0.9: quartiles of six at 1.25, 2.5 and 3.75 steps: 0.525, 0.65, 0.775; reach 0.375 below 0.525 is
        # 0.15, so that 0.1 lies outside.
        chart = case_scores({"A": evaluation([0.1, 0.5, 0.6, 0.7, 0.8, 0.9])}, "T", "dsc")

        assert chart is not None
        box = chart.table.iloc[0]
        assert [box["q1"], box["median"], box["q3"]] == pytest.approx([0.525, 0.65, 0.775])
        assert (box["whisker_low"], box["whisker_high"], box["least"]) == (0.5, 0.9, 0.1)

    def test_the_best_median_comes_first(self) -> None:
        chart = case_scores({"A": evaluation([0.1, 0.2, 0.3]), "B": evaluation([0.7, 0.8, 0.9])}, "T", "dsc")

        assert chart is not None
        told = "B has the best median DSC, 0.800 (half of its cases lie between 0.750 and 0.850); next is A with 0.200; 3 cases."
        assert chart.takeaway.startswith(told)

    def test_of_an_error_the_smallest_median_comes_first(self) -> None:
        teams = {"A": [3.0, 4.0], "B": [1.0, 2.0]}

        chart = case_scores(
            {team: evaluation(v, name="error", higher_is_better=False) for team, v in teams.items()}, "T", "error"
        )

        assert chart is not None
        assert chart.table["team"].tolist() == ["B", "A"]

    def test_cases_without_a_score_are_counted(self) -> None:
        chart = case_scores({"A": evaluation([0.5, None, 0.7])}, "T", "dsc")

        assert chart is not None
        assert chart.table[["n", "without"]].iloc[0].tolist() == [2, 1]

    def test_of_very_many_cases_some_are_drawn_the_extremes_among_them(self) -> None:
        chart = case_scores({"A": evaluation(np.linspace(0, 1, 3000).tolist())}, "T", "dsc")

        assert chart is not None
        dots = [dot["score"] for dot in chart.spec["layer"][0]["data"]["values"]]
        assert len(dots) == MOST_DOTS
        assert (min(dots), max(dots)) == (0, 1)

    def test_a_score_that_no_case_has_is_not_drawn(self) -> None:
        assert case_scores({"A": evaluation([0.5])}, "T", "nsd") is None


class TestCenterHeatmap:
    def test_internal_centers_stand_first(self) -> None:
        chart = center_heatmap({"A": evaluation([0.5], centers={"F": 0.6, "N": 0.8})}, "T", "dsc")

        assert chart is not None
        assert chart.table["center"].tolist() == ["N", "F"]

    def test_tells_the_hardest_center_and_whose_gap_is_beyond_doubt(self) -> None:
        teams = {
            "A": evaluation([0.5], centers={"N": 0.8, "F": 0.6}, gap=(-0.2, -0.3, -0.1)),
            "B": evaluation([0.5], centers={"N": 0.7, "F": 0.6}, gap=(-0.1, -0.2, 0.1)),
        }

        chart = center_heatmap(teams, "T", "dsc")

        assert chart is not None
        assert chart.takeaway == (
            "Hardest is F, with a mean DSC of 0.60 over teams; 1 of 2 teams are worse on external centers with an interval that "
            "leaves out 0; the largest loss is that of A (−0.20)."
        )

    def test_of_an_error_the_center_with_the_largest_is_the_hardest(self) -> None:
        one = evaluation([5.0], name="error", higher_is_better=False, centers={"N": 2.0, "F": 4.0}, gap=(2.0, 1.0, 3.0))

        chart = center_heatmap({"A": one}, "T", "error")

        assert chart is not None
        assert chart.takeaway.startswith("Hardest is F")
        assert "1 of 1 teams are worse" in chart.takeaway

    def test_without_a_gap_there_is_only_the_heatmap(self) -> None:
        chart = center_heatmap({"A": evaluation([0.5], centers={"N": 0.8})}, "T", "dsc")

        assert chart is not None
        assert len(chart.spec["hconcat"]) == 1

    def test_a_center_held_back_from_the_public_is_named_without_a_figure(self) -> None:
        one = evaluation([0.5], centers={"N": 0.8, "F": 0.6})
        few = score("dsc", None, n=6).model_copy(update={"undefined": "too few: 6 cases, fewer than 10"})
        near, far = one.tasks[0].centers
        task = one.tasks[0].model_copy(update={"centers": (near, far.model_copy(update={"metrics": (few,)}))})

        chart = center_heatmap({"A": one.model_copy(update={"tasks": (task,)})}, "T", "dsc")

        assert chart is not None
        assert chart.table["shown"].tolist() == ["0.80", "too few"]
        assert chart.table["value"].isna().tolist() == [False, True]
        assert "Hardest is N" in chart.takeaway

    def test_without_centers_there_is_none(self) -> None:
        assert center_heatmap({"A": evaluation([0.5])}, "T", "dsc") is None


class TestPlaces:
    def test_a_lonely_name_stands_to_the_right(self) -> None:
        assert places([Spot("A", 100, 100, 5)], width_px=200, height_px=200)[0].align == "left"

    def test_at_the_right_edge_it_stands_to_the_left(self) -> None:
        assert places([Spot("A long name", 195, 100, 5)], width_px=200, height_px=200)[0].align == "right"

    def test_names_of_neighbors_do_not_cover_each_other(self) -> None:
        spots = [Spot(f"team {number}", 100 + 6 * number, 100, 5) for number in range(4)]

        found = places(spots, width_px=400, height_px=200)

        assert len({(spot.x_px + place.dx_px, spot.y_px + place.dy_px) for spot, place in zip(spots, found, strict=True)}) == 4
        assert len({place.dy_px for place in found}) > 1

    def test_a_name_keeps_off_a_line(self) -> None:
        found = places([Spot("A", 100, 100, 5)], width_px=200, height_px=200, lines=[((100, 100), (200, 100))])

        assert found[0].align != "left"
