"""What a report for the public holds back: figures of centers and roles with fewer cases than the smallest subgroup may have."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from sonobench_eval.evaluation import CenterScore, MetricScore, TaskScore
from sonobench_eval.ranking.entries import Entry
from sonobench_eval.ranking.leaderboard import Leaderboard, TaskColumn
from sonobench_eval.statistics.subgroups import too_few

Part = TypeVar("Part", TaskScore, TaskColumn)


def public_board(board: Leaderboard, *, fewest_cases: int) -> Leaderboard:
    """The board without figures of roles that are too small; those are named with their number of cases.

    Args:
        board: of the whole ranking.
        fewest_cases: that a role must have.
    """
    rows = tuple(
        row.model_copy(update={"tasks": tuple(_by_role(task, fewest_cases) for task in row.tasks)}) for row in board.rows
    )
    return board.model_copy(update={"rows": rows})


def public_entry(entry: Entry, *, fewest_cases: int) -> Entry:
    """The entry without figures of centers and roles that are too small; see `public_board`."""
    tasks = tuple(_by_center(_by_role(task, fewest_cases), fewest_cases) for task in entry.evaluation.tasks)
    return replace(entry, evaluation=entry.evaluation.model_copy(update={"tasks": tasks}))


def is_held_back(score: MetricScore | None) -> bool:
    """Whether a figure is missing because it is of too few cases."""
    return score is not None and (score.undefined or "").startswith("too few")


def _by_role(task: Part, fewest_cases: int) -> Part:
    """A gap and one of its roles would tell the other role: it goes with either."""
    roles = tuple(_part(role, fewest_cases) for role in task.roles)
    held_back = {score.name for role in roles for score in role.metrics if is_held_back(score)}
    gaps = tuple(gap for gap in task.gaps if gap.metric not in held_back)
    return task.model_copy(update={"roles": roles, "gaps": gaps})


def _by_center(task: TaskScore, fewest_cases: int) -> TaskScore:
    return task.model_copy(update={"centers": tuple(_part(center, fewest_cases) for center in task.centers)})


def _part(part: CenterScore, fewest_cases: int) -> CenterScore:
    return part.model_copy(update={"metrics": tuple(_held_back(score, fewest_cases) for score in part.metrics)})


def _held_back(score: MetricScore, fewest_cases: int) -> MetricScore:
    few = too_few(score.n, fewest_cases)
    nothing = {"value": None, "ci_low": None, "ci_high": None, "undefined_resamples": 0}
    return score if few is None else score.model_copy(update={**nothing, "undefined": few})
