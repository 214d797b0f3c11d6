from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from ranking_world import BREAST, HEAD, SUBTYPE, World, make_world

from sonobench_eval.challenge.model import Bootstrap, Case, Center, Challenge, Metric, Task
from sonobench_eval.evaluation import CaseScore
from sonobench_eval.ranking.build import build_leaderboard
from sonobench_eval.ranking.entries import Entry
from sonobench_eval.ranking.stability_analysis import stability_report
from sonobench_eval.report.chart_choice import Chosen, board_charts, evaluation_charts, stability_charts

LENGTH = Task(
    id="Length",
    kind="regression",
    dataset_name="Femur",
    organ="Femur",
    range=(0, 100),
    value_unit="mm",
    metrics=(Metric(name="mae"),),
)


@pytest.fixture(scope="module")
def world() -> World:
    return make_world({"good": 2.0, "poor": 0.0}, tasks=(HEAD, BREAST, SUBTYPE), cases=24)


def names(chosen: list[Chosen]) -> list[str]:
    return [each.chart.name for each in chosen]


class TestEvaluationCharts:
    def test_each_kind_of_task_has_its_own(self, world: World) -> None:
        assert names(list(evaluation_charts(world.challenge, world.entries))) == [
            "cases-head-dsc",
            "cases-head-nsd",
            "difficulty-breast",
            "roc-breast-malignant",
            "reliability-breast",
            "confusion-breast-good",
            "difficulty-subtype",
            "roc-subtype-a",
            "roc-subtype-b",
            "roc-subtype-c",
            "reliability-subtype",
            "confusion-subtype-good",
        ]

    def test_those_that_show_single_cases_are_marked(self, world: World) -> None:
        chosen = list(evaluation_charts(world.challenge, world.entries))
        assert names([each for each in chosen if each.of_cases]) == ["cases-head-dsc", "cases-head-nsd"]

    def test_the_public_is_shown_quartiles_in_their_place(self, world: World) -> None:
        chosen = list(evaluation_charts(world.challenge, world.entries, fewest_cases=10))
        shown = [each.for_public.name for each in chosen if each.of_cases and each.for_public is not None]
        assert shown == ["quartiles-head-dsc", "quartiles-head-nsd"]

    def test_a_task_of_too_few_cases_has_no_chart_at_all(self, world: World) -> None:
        assert names(list(evaluation_charts(world.challenge, world.entries, fewest_cases=25))) == []

    def test_there_are_no_curves_without_resamples(self, world: World) -> None:
        challenge = world.challenge.model_copy(update={"bootstrap": Bootstrap(resamples=0)})
        assert not [each for each in names(list(evaluation_charts(challenge, world.entries))) if each.startswith("roc")]

    def test_a_measurement_has_its_agreement_which_shows_single_cases(self, world: World) -> None:
        cases = tuple(Case(id=f"{number}.png", task="Length", center="Near", value=number * 5.0) for number in range(1, 9))
        challenge = Challenge(
            sonobench=1, name="w", title="W", centers=(Center(id="Near", role="internal"),), tasks=(LENGTH,), cases=cases
        )
        errors = [1.0, -2.0, 0.5, 3.0, -1.0, 2.0, 0.0, 1.5]
        scored = tuple(
            CaseScore(
                id=case.id, task="Length", center="Near", scores={"value": (case.value or 0.0) + error, "abs_error": abs(error)}
            )
            for case, error in zip(cases, errors, strict=True)
        )
        mae = sum(map(abs, errors)) / len(errors)
        task = world.entries[0].evaluation.tasks[0]
        metric = task.metrics[0].model_copy(update={"name": "mae", "definition": "mae", "value": mae})
        length = task.model_copy(update={"id": "Length", "kind": "regression", "metrics": (metric,)})
        evaluation = world.entries[0].evaluation.model_copy(update={"tasks": (length,), "cases": scored})
        chosen = list(evaluation_charts(challenge, [replace(world.entries[0], evaluation=evaluation)]))
        assert [(each.chart.name, each.of_cases) for each in chosen] == [("bland-altman-length-good", True)]


class TestStabilityCharts:
    def test_ranks_tests_and_weights(self, world: World) -> None:
        report = stability_report(world.challenge, world.entries)
        found = names(list(stability_charts(report, {"Head": "Fetal head"})))
        assert found[:6] == ["blob-score", "rank-heatmap-score", "tau", "weights", "scheme-ranks", "ranks-without"]
        assert "significance-head-dsc" in found


class TestBoardCharts:
    def test_time_is_drawn_only_where_somebody_was_timed(self, world: World) -> None:
        made = datetime(2026, 1, 2, tzinfo=UTC)

        def of(entries: tuple[Entry, ...]) -> list[str]:
            board = build_leaderboard(world.challenge, entries, dataset_hash="sha256:data", generated_at=made)
            return names(list(board_charts(board)))

        untimed = tuple(replace(each, time_s=None, gpu_memory_bytes=None) for each in world.entries)
        assert (of(world.entries), of(untimed)) == (["efficiency", "radar", "task-scores"], ["radar", "task-scores"])
