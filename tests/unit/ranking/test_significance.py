from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from sonobench_eval.ranking.case_table import TaskTable
from sonobench_eval.ranking.significance import score_map, task_maps
from sonobench_eval.ranking.stability_report import SignificanceMap
from sonobench_eval.statistics.delong import delong_test
from sonobench_eval.statistics.multiplicity import holm

RNG = np.random.default_rng(11)


def table(scores: np.ndarray, *, lower: bool = False, units: list[str] | None = None) -> TaskTable:
    names = units or [f"case {number}" for number in range(scores.shape[1])]
    return TaskTable("t", tuple(names), tuple(names), {"m": scores}, lower=frozenset({"m"} if lower else ()))


def only_map(task: TaskTable) -> SignificanceMap:
    (found,) = task_maps(task, level=0.05)
    return found


def off_diagonal(teams: int) -> list[tuple[int, int]]:
    return [(i, j) for i in range(teams) for j in range(teams) if i != j]


class TestTaskMaps:
    @pytest.mark.parametrize(("cases", "method"), [(30, "exact"), (80, "asymptotic")])
    def test_are_scipys_one_sided_tests_with_holm(self, cases: int, method: str) -> None:
        scores = RNG.normal(size=(3, cases)) + np.array([[0.7], [0.4], [0.0]])
        found = only_map(table(scores))
        p = [
            stats.wilcoxon(scores[i] - scores[j], alternative="greater", correction=True, method=method).pvalue
            for i, j in off_diagonal(3)
        ]
        assert [found.p[i][j] for i, j in off_diagonal(3)] == pytest.approx(holm(p).tolist(), abs=1e-12)
        assert [found.p[i][i] for i in range(3)] == [1, 1, 1]
        assert found.better[0][2] is (found.p[0][2] <= 0.05)

    def test_where_less_is_better_the_lower_team_wins(self) -> None:
        scores = np.stack([np.zeros(60), np.ones(60)]) + RNG.normal(0, 0.1, (2, 60))
        assert only_map(table(scores, lower=True)).better == ((False, True), (False, False))

    def test_a_subject_counts_once(self) -> None:
        scores = np.repeat(RNG.normal(size=(2, 12)) + np.array([[1.0], [0.0]]), 10, axis=1)
        units = [str(number // 10) for number in range(120)]
        found = only_map(table(scores, units=units))
        assert found.units == 12
        single = only_map(table(scores[:, ::10]))
        assert found.p == single.p

    def test_equal_teams_are_not_told_apart(self) -> None:
        assert only_map(table(np.tile(RNG.random(60), (2, 1)))).p == ((1, 1), (1, 1))

    @pytest.mark.parametrize("shape", [(1, 60), (3, 1)])
    def test_one_team_or_one_case_has_no_map(self, shape: tuple[int, int]) -> None:
        assert list(task_maps(table(np.ones(shape)), level=0.05)) == []

    def test_areas_of_a_binary_task_are_tested_by_delong(self) -> None:
        labels = np.arange(80) % 2
        given = RNG.random((3, 80)) + labels * np.array([[0.9], [0.5], [0.0]])
        probabilities = np.stack([1 - given, given], axis=2)
        names = tuple(map(str, range(80)))
        task = TaskTable("t", names, names, {}, areas=("auc",), labels=labels, probabilities=probabilities)
        found = only_map(task)
        p = [delong_test(labels == 1, given[[i, j]], names, alternative="greater").p for i, j in off_diagonal(3)]
        assert [found.p[i][j] for i, j in off_diagonal(3)] == pytest.approx(holm(p).tolist(), abs=1e-12)  # type: ignore[arg-type]
        assert (found.scope, found.test) == ("t.auc", "DeLong, one-sided")

    @pytest.mark.parametrize("labels", [np.zeros(6, dtype=int), np.array([1, 0, 0, 0, 0, 0])])
    def test_a_class_that_is_missing_or_alone_has_no_map(self, labels: np.ndarray) -> None:
        names = tuple(map(str, range(6)))
        probabilities = RNG.random((2, 6, 2))
        task = TaskTable("t", names, names, {}, areas=("auc",), labels=labels, probabilities=probabilities)
        assert list(task_maps(task, level=0.05)) == []


class TestScoreMap:
    def test_carries_what_it_was_made_from(self) -> None:
        found = score_map(np.array([[1, 0.04], [0.9, 1]]), level=0.05, units=7)
        assert (found.scope, found.better, found.wins, found.units) == ("score", ((False, True), (False, False)), (1, 0), 7)
        assert "Romano-Wolf" in found.correction
