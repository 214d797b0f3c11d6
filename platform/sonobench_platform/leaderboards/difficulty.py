"""Difficulty tiers of a closed board: how many cases all, most, few or none of its algorithms solve, by task and centers' role.

Of classification a case is solved by the right answer, of segmentation by a DSC that reaches a threshold. Only counts leave this
file: no case is named, and which cases a tier holds is not kept. Groups of too few cases are held back from the public, and with
them the others of their task that would tell them by subtraction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sonobench_eval.challenge.kinds import TaskKind
from sonobench_eval.challenge.model import Challenge
from sonobench_eval.evaluation import Evaluation
from sonobench_eval.statistics.difficulty import difficulty_tiers, solved_at_least

FloatArray = NDArray[np.float64]
Role = Literal["all", "internal", "external"]
RIGHT_ANSWER = "acc"
OVERLAP = "dsc"


class Tiers(NamedTuple):
    """Cases by how many algorithms solve them: all, more than half, at least one, none."""

    all: int
    most: int
    few: int
    none: int

    @property
    def cases(self) -> int:
        return sum(self)


@dataclass(frozen=True, slots=True)
class Group:
    """The cases of a task at all centers or at those of a role. `tiers` is None where they are held back as too few."""

    role: Role
    cases: int
    tiers: Tiers | None


@dataclass(frozen=True, slots=True)
class TaskDifficulty:
    """One task. `by_overlap`: solved is a DSC at or above the threshold, not the right answer."""

    task: str
    title: str
    by_overlap: bool
    groups: tuple[Group, ...]


@dataclass(frozen=True, slots=True)
class Difficulty:
    """Every task whose cases can be solved. `left_out` are titles of those that know no right or wrong."""

    teams: int
    threshold: float
    tasks: tuple[TaskDifficulty, ...]
    left_out: tuple[str, ...]

    @property
    def whole(self) -> Tiers:
        """Over all tasks that are shown."""
        tiers = [group.tiers for task in self.tasks for group in task.groups if group.role == "all" and group.tiers is not None]
        return Tiers(*(sum(each) for each in zip(*tiers, strict=True))) if tiers else Tiers(0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class CaseScores:
    """One task's scores case by case, shape (teams, cases), NaN without a usable result; `external` says where each case is."""

    task: str
    title: str
    by_overlap: bool
    scores: FloatArray
    external: NDArray[np.bool_]


class Gathered(NamedTuple):
    tasks: tuple[CaseScores, ...]
    left_out: tuple[str, ...]


def difficulty_of(gathered: Gathered, *, threshold: float, fewest_cases: int) -> Difficulty:
    """The tiers, as they may be shown.

    Args:
        gathered: of `case_scores`.
        threshold: the DSC from which a segmentation is solved, in (0, 1].
        fewest_cases: that a group must have; 1 holds nothing back.
    """
    tasks = tuple(_task(each, threshold=threshold, fewest_cases=fewest_cases) for each in gathered.tasks)
    teams = max((len(each.scores) for each in gathered.tasks), default=0)
    return Difficulty(teams, threshold, tasks, gathered.left_out)


def case_scores(challenge: Challenge, evaluations: Sequence[Evaluation]) -> Gathered:
    """What makes a case solved or not, for every task that knows it.

    Args:
        challenge: with or without references.
        evaluations: of its algorithms, each with every case.
    """
    external = {center.id for center in challenge.centers if center.role == "external"}
    found: list[CaseScores] = []
    left_out: list[str] = []
    for task in challenge.tasks:
        title = task.title or task.id
        cases = challenge.cases_of(task.id)
        key = _key(task.kind)
        scores = None if key is None else _scores([case.id for case in cases], key, evaluations)
        if scores is None or not scores.size:
            left_out.append(title)
            continue
        abroad = np.array([case.center in external for case in cases])
        found.append(CaseScores(task.id, title, key == OVERLAP, scores, abroad))
    return Gathered(tuple(found), tuple(left_out))


def _key(kind: TaskKind) -> str | None:
    return {"segmentation": OVERLAP, "binary": RIGHT_ANSWER, "multiclass": RIGHT_ANSWER}.get(kind)


def _scores(ids: Sequence[str], key: str, evaluations: Sequence[Evaluation]) -> FloatArray | None:
    """None where no case has such a score."""
    rows = []
    for evaluation in evaluations:
        by_id = {case.id: case.scores for case in evaluation.cases}
        rows.append([by_id.get(each, {}).get(key, np.nan) for each in ids])
    found = np.array(rows, dtype=np.float64)
    return None if np.isnan(found).all() else found


def _task(each: CaseScores, *, threshold: float, fewest_cases: int) -> TaskDifficulty:
    solved = solved_at_least(each.scores, threshold if each.by_overlap else 1.0)
    everywhere = np.ones(len(each.external), dtype=bool)
    masks: dict[Role, NDArray[np.bool_]] = {"all": everywhere, "internal": ~each.external, "external": each.external}
    both = each.external.any() and not each.external.all()
    counted = {role: int(mask.sum()) for role, mask in masks.items() if both or role == "all"}
    # One role and the whole would tell the other role: both go.
    held_back = any(cases < fewest_cases for cases in counted.values())
    groups = tuple(
        Group(role, cases, None if _is_held_back(role, cases, held_back, fewest_cases) else _tiers(solved[:, masks[role]]))
        for role, cases in counted.items()
    )
    return TaskDifficulty(each.task, each.title, each.by_overlap, groups)


def _is_held_back(role: Role, cases: int, some_is: bool, fewest_cases: int) -> bool:
    return cases < fewest_cases if role == "all" else some_is


def _tiers(solved: NDArray[np.bool_]) -> Tiers:
    found = {tier.name: tier.n for tier in difficulty_tiers(solved)}
    return Tiers(found["all"], found["most"], found["few"], found["none"])
