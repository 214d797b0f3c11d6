from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest
from ranking_world import BREAST, HEAD, SUBTYPE, World, make_world

from sonobench_eval.challenge.model import Task
from sonobench_eval.report.challenger_csv import case_scores_csv, challenger_files


@pytest.fixture
def world() -> World:
    return make_world({"good": 2.0, "=cmd()": 0.0}, tasks=(HEAD, BREAST, SUBTYPE), cases=12)


def parsed(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


class TestChallengerFiles:
    def test_there_is_one_for_each_metric_that_single_cases_have(self, world: World) -> None:
        files = challenger_files(world.challenge, world.entries)
        assert [(each.metric, each.small_better, each.tasks) for each in files] == [
            ("dsc", False, ("Head",)),
            ("nsd", False, ("Head",)),
            ("acc", False, ("Breast", "Subtype")),
        ]

    def test_a_line_for_each_task_case_and_algorithm_under_the_names_of_the_vignettes(self, world: World) -> None:
        accuracy = challenger_files(world.challenge, world.entries)[2]
        lines = parsed(accuracy.text)
        assert list(lines[0]) == ["Task", "TestCase", "Algorithm", "MetricValue"]
        assert len({(each["Task"], each["TestCase"], each["Algorithm"]) for each in lines}) == len(lines) == 2 * 12 * 2

    def test_its_mean_is_the_score_of_the_board(self, world: World) -> None:
        lines = [each for each in parsed(challenger_files(world.challenge, world.entries)[0].text) if each["Algorithm"] == "good"]
        mean = sum(float(each["MetricValue"]) for each in lines) / len(lines)
        assert mean == pytest.approx(world.entries[0].evaluation.task("Head").metrics[0].value, abs=1e-12)

    def test_a_name_that_begins_like_a_formula_is_guarded(self, world: World) -> None:
        assert {each["Algorithm"] for each in parsed(challenger_files(world.challenge, world.entries)[0].text)} == {
            "good",
            "'=cmd()",
        }

    def test_a_metric_whose_value_is_not_the_mean_of_its_cases_is_left_out(self, world: World) -> None:
        first, second = world.entries
        head = first.evaluation.tasks[0]
        other = head.model_copy(update={"metrics": (head.metrics[0].model_copy(update={"value": 0.001}), head.metrics[1])})
        changed = first.evaluation.model_copy(update={"tasks": (other, *first.evaluation.tasks[1:])})
        files = challenger_files(world.challenge, [replace(first, evaluation=changed), second])
        assert [each.metric for each in files] == ["nsd", "acc"]

    def test_of_distances_small_is_better(self) -> None:
        distance = {"name": "hd95", "convention": "pixel", "unit": "px"}
        task = Task.model_validate({**HEAD.model_dump(), "metrics": [{"name": "dsc"}, distance]})
        world = make_world({"good": 2.0}, tasks=(HEAD,), cases=4)
        challenge = world.challenge.model_copy(update={"tasks": (task,)})
        evaluation = world.entries[0].evaluation
        cases = tuple(each.model_copy(update={"scores": {**each.scores, "hd95": 3.0}}) for each in evaluation.cases)
        head = evaluation.tasks[0]
        hd95 = head.metrics[1].model_copy(update={"name": "hd95", "value": 3.0, "higher_is_better": False})
        scored = evaluation.model_copy(
            update={"cases": cases, "tasks": (head.model_copy(update={"metrics": (head.metrics[0], hd95)}),)}
        )
        files = challenger_files(challenge, [replace(world.entries[0], evaluation=scored)])
        assert [(each.metric, each.small_better) for each in files] == [("dsc", False), ("hd95", True)]


class TestCaseScoresCsv:
    def test_has_a_line_for_each_team_and_case_with_all_its_scores(self, world: World) -> None:
        lines = parsed(case_scores_csv(world.challenge, world.entries))
        assert len(lines) == 2 * 36
        assert (lines[0]["team"], lines[0]["task"], lines[0]["case"], lines[0]["center"]) == (
            "good",
            "Head",
            "Head/0.png",
            "Near",
        )
        assert float(lines[0]["dsc"]) == world.entries[0].evaluation.cases[0].scores["dsc"]
        assert (lines[0]["acc"], lines[12]["dsc"]) == ("", "")
        assert lines[-1]["team"] == "'=cmd()"
