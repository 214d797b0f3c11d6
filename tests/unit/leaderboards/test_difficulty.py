"""Tiers of difficulty: counts by hand, and groups that would tell of one another held back together."""

from __future__ import annotations

import numpy as np
import pytest
from ranking_world import BREAST, HEAD, make_world

from sonobench_eval.challenge.model import Task
from sonobench_platform.leaderboards.difficulty import CaseScores, Gathered, Group, Tiers, case_scores, difficulty_of

NAN = float("nan")


def gathered(external: int, internal: int) -> Gathered:
    """Three algorithms: the first solves all, the second the internal cases, the third none."""
    cases = external + internal
    abroad = np.array([True] * external + [False] * internal)
    scores = np.stack([np.ones(cases), np.where(abroad, 0.0, 1.0), np.full(cases, NAN)])
    return Gathered((CaseScores("head", "Head", True, scores, abroad),), ())


def groups(external: int, internal: int, fewest: int) -> dict[str, Group]:
    (task,) = difficulty_of(gathered(external, internal), threshold=0.8, fewest_cases=fewest).tasks
    return {group.role: group for group in task.groups}


class TestTiers:
    def test_counts_by_hand(self) -> None:
        found = groups(external=12, internal=20, fewest=10)
        assert found["all"].tiers == Tiers(all=0, most=20, few=12, none=0)
        assert found["internal"].tiers == Tiers(all=0, most=20, few=0, none=0)
        assert found["external"].tiers == Tiers(all=0, most=0, few=12, none=0)

    def test_a_score_that_reaches_the_threshold_solves_and_a_missing_result_does_not(self) -> None:
        scores = np.array([[0.8, 0.79, NAN]])
        one = Gathered((CaseScores("head", "Head", True, scores, np.zeros(3, dtype=bool)),), ())
        (task,) = difficulty_of(one, threshold=0.8, fewest_cases=1).tasks
        assert task.groups == (Group("all", 3, Tiers(all=1, most=0, few=0, none=2)),)

    def test_the_whole_is_over_the_tasks_that_are_shown(self) -> None:
        many, few = gathered(12, 20).tasks[0], gathered(2, 2).tasks[0]
        found = difficulty_of(Gathered((many, few), ()), threshold=0.8, fewest_cases=10)
        assert found.whole == Tiers(all=0, most=20, few=12, none=0)
        assert difficulty_of(Gathered((few,), ()), threshold=0.8, fewest_cases=10).whole.cases == 0


class TestSmallGroups:
    @pytest.mark.parametrize(("external", "internal"), [(9, 20), (20, 9), (9, 9)])
    def test_one_small_role_takes_the_other_with_it(self, external: int, internal: int) -> None:
        found = groups(external, internal, fewest=10)
        assert (found["internal"].tiers, found["external"].tiers) == (None, None)
        assert found["all"].tiers is not None

    def test_a_task_that_is_small_as_a_whole_tells_nothing(self) -> None:
        found = groups(4, 5, fewest=10)
        assert [group.tiers for group in found.values()] == [None, None, None]

    def test_where_there_is_one_role_there_is_the_whole_alone(self) -> None:
        assert list(groups(0, 12, fewest=10)) == ["all"]


class TestCaseScores:
    def test_overlaps_of_segmentation_right_answers_of_classes_and_nothing_of_other_kinds(self) -> None:
        world = make_world({"Ada": 1.0, "Bo": 0.2}, tasks=(HEAD, BREAST))
        age = Task.model_validate(
            {
                "id": "Age",
                "kind": "regression",
                "title": "Age",
                "dataset_name": "A",
                "organ": "A",
                "range": (0, 90),
                "metrics": [{"name": "mae"}],
            }
        )
        challenge = world.challenge.model_copy(update={"tasks": (*world.challenge.tasks, age)})
        found = case_scores(challenge, [entry.evaluation for entry in world.entries])
        assert [(each.task, each.by_overlap, each.scores.shape) for each in found.tasks] == [
            ("Head", True, (2, 60)),
            ("Breast", False, (2, 60)),
        ]
        assert found.left_out == ("Age",)
        assert found.tasks[0].external.sum() == 12
