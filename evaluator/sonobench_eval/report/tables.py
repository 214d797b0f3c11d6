"""Boards and evaluations as CSV, for spreadsheets and for scripts. Every number stands with all its digits.

A spreadsheet runs a cell that begins like a formula, and team names are chosen by strangers, so such a text gets an
apostrophe in front (OWASP, "CSV Injection"), behind a semicolon in it too: where a comma is the decimal sign, spreadsheets
split lines there. Numbers, negative ones too, stay numbers. Lines end as RFC 4180 says,
with CR LF; that also has every cell quoted that holds either, so no name can begin a line of its own.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from sonobench_eval.evaluation import CenterScore, Evaluation, MetricScore, TaskScore
from sonobench_eval.ranking.leaderboard import Leaderboard, Row

Cell = str | int | float | None
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_INNER = re.compile(r"(;[\s\"]*)(?=[=+\-@])")


def leaderboard_csv(board: Leaderboard) -> str:
    """One line per team in the order of the board: places, means, tasks (`<task>.<metric>`), measurements.

    Each score has its interval in `<name>_low` and `<name>_high`. Empty cells were not measured or have no value.
    """
    return csv_text([_team(row) for row in board.rows], [] if board.rows else list(_team(_NOBODY)))


def evaluation_csv(evaluation: Evaluation) -> str:
    """One line per number: overall, per center, per role, the gap between roles, and the means over tasks."""
    lines = [line for task in evaluation.tasks for line in _task(task)]
    means = [_score("mean", "", "", mean) for mean in evaluation.means]
    return csv_text([*lines, *means], _SCORE_COLUMNS)


_NOBODY = Row(rank=None, team="", score=None, performance=None, efficiency=None)
_SCORE_COLUMNS = [
    "scope",
    "task",
    "group",
    "metric",
    "definition",
    "value",
    "ci_low",
    "ci_high",
    "n",
    "units",
    "ci_method",
    "undefined",
    "undefined_resamples",
]


def _team(row: Row) -> dict[str, Cell]:
    places = row.model_dump(include=set(_PLACES))
    used = row.model_dump(include=set(_USED))
    scores = dict(_with_intervals(_mean_columns(row.means)))
    for task in row.tasks:
        scores |= _with_intervals((f"{task.id}.{metric.name}", metric) for metric in task.metrics)
    if used["time_relative"] is None:  # a column for challenges that rank by it
        del used["time_relative"]
    return {name: places[name] for name in _PLACES} | scores | {name: used[name] for name in _USED if name in used}


_PLACES = (
    "rank",
    "rank_low",
    "rank_high",
    "team",
    "score",
    "performance",
    "efficiency",
    "segmentation_rank",
    "classification_rank",
)
_USED = ("time_s", "time_relative", "gpu_memory_bytes", "host_memory_bytes", "problems", "submission", "image_digest")


def _mean_columns(means: Sequence[MetricScore]) -> Iterator[tuple[str, MetricScore]]:
    """`mean_dsc`; with the definition where one metric has several means."""
    names = [mean.name for mean in means]
    for mean in means:
        name = mean.name if names.count(mean.name) == 1 else mean.definition.replace(" ", "_")
        yield f"mean_{name}", mean


def _with_intervals(scores: Iterable[tuple[str, MetricScore]]) -> dict[str, Cell]:
    return {
        column: value
        for name, score in scores
        for column, value in ((name, score.value), (f"{name}_low", score.ci_low), (f"{name}_high", score.ci_high))
    }


def _task(task: TaskScore) -> Iterator[dict[str, Cell]]:
    yield from (_score("task", task.id, "", metric) for metric in task.metrics)
    yield from _parts("center", task.id, task.centers)
    yield from _parts("role", task.id, task.roles)
    for gap in task.gaps:
        numbers: dict[str, Cell] = {"value": gap.value, "ci_low": gap.ci_low, "ci_high": gap.ci_high}
        yield {"scope": "gap", "task": task.id, "group": "external minus internal", "metric": gap.metric, **numbers}


def _parts(scope: str, task_id: str, parts: Sequence[CenterScore]) -> Iterator[dict[str, Cell]]:
    for part in parts:
        yield from (_score(scope, task_id, part.id, metric) for metric in part.metrics)


def _score(scope: str, task_id: str, group: str, score: MetricScore) -> dict[str, Cell]:
    return {"scope": scope, "task": task_id, "group": group, "metric": score.name, **score.model_dump(exclude={"name"})}


def csv_text(lines: Sequence[Mapping[str, Cell]], first_columns: Sequence[str] = ()) -> str:
    """One line for each mapping, the first columns first; texts that begin like a formula are guarded."""
    columns = list(dict.fromkeys([*first_columns, *(name for line in lines for name in line)]))
    cells = [[_guarded(line.get(name)) for name in columns] for line in lines]
    import pandas as pd  # seconds that whoever writes no CSV should not wait for

    table = pd.DataFrame(cells, columns=[_guarded(name) for name in columns], dtype=object)
    return table.to_csv(index=False, lineterminator="\r\n")


def _guarded(cell: Cell) -> Cell:
    if not isinstance(cell, str) or _is_number(cell):
        return cell
    within = _INNER.sub(r"\1'", cell)
    return f"'{within}" if cell.startswith(_FORMULA_STARTS) else within


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text)) and text == text.strip()
    except ValueError:
        return False
