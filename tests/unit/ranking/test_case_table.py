from __future__ import annotations

import numpy as np
import pytest
from ranking_world import BREAST, HEAD, SUBTYPE, World, make_world
from sklearn.metrics import roc_auc_score

from sonobench_eval.ranking.case_table import CaseTable, TaskTable, case_table

SKILLS = {"A": 1.5, "B": 1.0, "C": 0.0}


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(SKILLS, tasks=(HEAD, BREAST, SUBTYPE))


def table_of(world: World) -> CaseTable:
    return case_table(world.challenge, list(SKILLS), [entry.evaluation for entry in world.entries])


def one_metric(scores: list[list[float]], *, lower: bool = False) -> TaskTable:
    cases = tuple(f"case {number}" for number in range(len(scores[0])))
    return TaskTable("t", cases, cases, {"m": np.array(scores)}, lower=frozenset({"m"} if lower else ()))


class TestCaseTable:
    def test_gives_the_values_of_the_evaluations(self, world: World) -> None:
        values = table_of(world).values()
        for number, entry in enumerate(world.entries):
            for task in entry.evaluation.tasks:
                for metric in task.metrics:
                    if metric.name != "f1":  # the ranking does not count it
                        assert values[f"{task.id}.{metric.name}"][number] == pytest.approx(metric.value, abs=1e-12)

    def test_areas_over_several_classes_are_scikit_learns(self, world: World) -> None:
        labels = [case.label for case in world.challenge.cases_of("Subtype")]
        cases = [case for case in world.entries[1].evaluation.cases if case.task == "Subtype"]
        given = [[case.scores[f"p_{number}"] for number in range(3)] for case in cases]
        expected = roc_auc_score(labels, given, multi_class="ovr", average="macro")
        assert table_of(world).values()["Subtype.auc"][1] == pytest.approx(expected, abs=1e-12)

    def test_teams_meet_the_same_resamples(self, world: World) -> None:
        # A resample is the mean over the cases it holds; the counts say which.
        table = table_of(world)
        drawn = table.resampled(resamples=7, seed=5)
        counts = table.tasks[0].resampling(resamples=7, seed=5).counts()
        scores = table.tasks[0].by_case["dsc"]
        expected = [[np.average(row, weights=each) for row in scores] for each in counts]
        assert drawn["Head.dsc"] == pytest.approx(np.array(expected))

    def test_without_a_center_only_the_other_cases_count(self, world: World) -> None:
        kept = [case.scores["dsc"] for case in world.entries[0].evaluation.cases if case.task == "Head" and case.center != "Far"]
        assert table_of(world).without_center("Far")["Head.dsc"][0] == pytest.approx(np.mean(kept))

    def test_without_its_only_center_a_task_has_no_value(self) -> None:
        table = CaseTable(("A", "B"), (TaskTable("t", ("1", "2"), ("X", "X"), {"m": np.ones((2, 2))}),))
        assert np.isnan(table.without_center("X")["t.m"]).all()

    def test_without_references_areas_are_said_to_be_unavailable(self, world: World) -> None:
        public = world.challenge.without_references()
        table = case_table(public, list(SKILLS), [entry.evaluation for entry in world.entries])
        assert table.unavailable == ("Breast.auc", "Subtype.auc")

    def test_a_value_that_is_not_the_mean_of_its_cases_is_no_metric_of_single_cases(self, world: World) -> None:
        first = world.entries[0].evaluation
        task = first.tasks[0]
        other = task.model_copy(update={"metrics": (task.metrics[0].model_copy(update={"value": 0.1}), task.metrics[1])})
        changed = first.model_copy(update={"tasks": (other, *first.tasks[1:])})
        table = case_table(world.challenge, ["A", "B"], [changed, world.entries[1].evaluation])
        assert table.unavailable == ("Head.dsc",)

    @pytest.mark.parametrize(
        ("stratify", "task", "strata"), [("center", "Head", {"Near", "Next", "Far"}), ("class", "Breast", {"0", "1"})]
    )
    def test_strata_are_those_of_the_evaluations(self, world: World, stratify: str, task: str, strata: set[str]) -> None:
        bootstrap = world.challenge.bootstrap.model_copy(update={"stratify": stratify})
        challenge = world.challenge.model_copy(update={"bootstrap": bootstrap})
        table = case_table(challenge, list(SKILLS), [entry.evaluation for entry in world.entries])
        found = next(each for each in table.tasks if each.id == task).stratum_of_case
        assert set(found or ()) == strata


class TestOverCases:
    def over(self, how: str, table: TaskTable) -> list[float]:
        found = CaseTable(("A", "B", "C"), (table,)).over_cases(f"t.m@{how}")
        assert found is not None
        return found.tolist()

    def test_the_median_is_the_mean_of_the_two_middle_ones(self) -> None:
        assert self.over("median", one_metric([[1, 9, 3, 2], [5, 5, 5, 5], [0, 1, 2, 3]])) == [2.5, 5, 1.5]

    def test_rank_then_mean(self) -> None:
        # Places on each case: A first, B second, C last on cases 1 to 3, the reverse on case 4.
        table = one_metric([[9, 9, 9, 0], [5, 5, 5, 5], [1, 1, 1, 9]])
        assert self.over("rank-mean", table) == [0.75, 0.5, 0.25]
        assert self.over("rank-median", table) == [1, 0.5, 0]

    def test_where_less_is_better_the_least_is_first(self) -> None:
        assert self.over("rank-mean", one_metric([[9], [5], [1]], lower=True)) == [0, 0.5, 1]

    def test_ties_on_a_case_share_the_better_place(self) -> None:
        assert self.over("rank-mean", one_metric([[1, 1], [1, 1], [0, 0]])) == [1, 1, 0]

    def test_wins_count_teams_that_are_significantly_worse(self) -> None:
        rng = np.random.default_rng(0)
        noise = rng.normal(0, 0.1, (3, 40))
        assert self.over("tests", one_metric((noise + np.array([[1.0], [1.0], [0.0]])).tolist())) == [1, 1, 0]

    @pytest.mark.parametrize("figure", ["t.m@mode", "t.other@median", "u.m@median", "t.m"])
    def test_what_it_does_not_know_is_none(self, figure: str) -> None:
        assert CaseTable(("A", "B"), (one_metric([[1], [2]]),)).over_cases(figure) is None

    def test_weighted_medians_are_those_of_the_repeated_cases(self) -> None:
        rng = np.random.default_rng(4)
        table = one_metric(rng.integers(0, 6, (3, 9)).astype(float).tolist())
        counts = rng.integers(0, 4, (25, 9)).astype(float)
        counts[0] = 0
        found = table.figure_over_cases("m", "median", counts)
        assert np.isnan(found[0]).all()
        for row, each in zip(found[1:], counts[1:], strict=True):
            repeated = np.repeat(table.by_case["m"], each.astype(int), axis=1)
            assert row.tolist() == np.median(repeated, axis=1).tolist()
