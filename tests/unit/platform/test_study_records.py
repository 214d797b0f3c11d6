"""Which charts stand in which section, and whether evaluations are those that a board was made from."""

from __future__ import annotations

from dataclasses import replace

import pytest
from boards import board, column, score
from chart_world import all_charts, make_chart_world

from sonobench_eval.evaluation import Evaluation, Provenance, TaskScore
from sonobench_eval.ranking.leaderboard import Leaderboard, Row
from sonobench_platform.core import Contender
from sonobench_platform.leaderboards.study_charts import section_of
from sonobench_platform.leaderboards.study_making import matching

DSC = score("dsc", "dsc", 0.9, 0.88, 0.92)


def evaluation(**changes: str) -> Evaluation:
    about = {"challenge_hash": "sha256:c", "dataset_hash": "sha256:d", **changes}
    made_from = Provenance(
        challenge="uusic25", evaluator_version="0", engine="fast", resamples=0, confidence=0.95, seed=1, **about
    )
    return Evaluation(
        made_from=made_from, tasks=(TaskScore(id="Head", title="Head", kind="segmentation", n=9, metrics=(DSC,)),), cases=()
    )


def contender(submission: str, **changes: str) -> Contender:
    return Contender("A, as it is called now", evaluation(**changes), 3.0, None, None, None, None, submission, None)


def of_two() -> Leaderboard:
    def row(team: str, submission: str) -> Row:
        tasks = (column("Head", "segmentation", DSC),)
        return Row(rank=1, team=team, score=0.5, performance=0.5, efficiency=0.5, tasks=tasks, submission=submission)

    return board(row("A", "sub-1"), row("B", "sub-2"))


class TestSectionOf:
    def test_every_chart_there_is_has_one(self) -> None:
        charts = all_charts(make_chart_world(["A", "B", "C"]))
        names = {chart.name for kind, chart in charts.items() if kind != "bland-altman"}
        assert {section_of(name) for name in names} >= {
            "efficiency",
            "tasks",
            "centers",
            "cases",
            "curves",
            "stability",
            "weights",
        }

    def test_what_is_not_for_a_page_has_none(self) -> None:
        with pytest.raises(LookupError, match="bland-altman"):
            section_of("bland-altman-length-a")


class TestMatching:
    def test_entries_stand_as_the_rows_do_under_the_names_that_were_published(self) -> None:
        found = matching(of_two(), [contender("sub-2"), contender("sub-1")])
        assert found is not None
        assert [(each.team, each.submission) for each in found] == [("A", "sub-1"), ("B", "sub-2")]

    @pytest.mark.parametrize(
        "submissions", [("sub-1",), ("sub-1", "sub-3"), ("sub-1", "sub-2", "sub-3")], ids=["one left", "another", "one more"]
    )
    def test_other_submissions_are_not_what_it_was_made_from(self, submissions: tuple[str, ...]) -> None:
        assert matching(of_two(), [contender(each) for each in submissions]) is None

    @pytest.mark.parametrize(
        "changes", [{"challenge_hash": "sha256:e"}, {"dataset_hash": "sha256:e"}], ids=["definition", "data"]
    )
    def test_neither_are_scores_of_another_definition_or_other_data(self, changes: dict[str, str]) -> None:
        assert matching(of_two(), [contender("sub-1"), contender("sub-2", **changes)]) is None

    def test_neither_are_other_scores(self) -> None:
        changed = contender("sub-2")
        task = changed.evaluation.tasks[0]
        other = task.model_copy(update={"metrics": (DSC.model_copy(update={"value": 0.8}),)})
        changed = replace(changed, evaluation=changed.evaluation.model_copy(update={"tasks": (other,)}))
        assert matching(of_two(), [contender("sub-1"), changed]) is None
