"""Small multiples by task: every team's first metric with its interval, a panel for each task."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from sonobench_eval.evaluation import MetricScore
from sonobench_eval.ranking.leaderboard import Leaderboard, TaskColumn
from sonobench_eval.report.charts.chart import TABLE, Chart, Spec, table_data
from sonobench_eval.report.charts.labels import labels_of, plain, shortened
from sonobench_eval.report.charts.style import BLUE, INK, number_axis, sheet, team_axis
from sonobench_eval.report.figures import metric_label

PANEL_PX, ROW_PX = 170, 16
MOST_COLUMNS = 3
_Values = dict[str, str | float | None]


class _Panel(NamedTuple):
    """A task and the metric that is drawn of it."""

    task: str
    title: str
    metric: MetricScore


def task_dots(board: Leaderboard) -> Chart | None:
    """A panel for each task: teams in the order of the board, a dot at the score, a line over its confidence interval.

    Every panel has an axis of its own, because metrics differ. What is drawn is the first metric that a task declares.

    Returns:
        None for fewer than two teams, or where no task has a score.
    """
    found = _panels(board)
    rows = [row for panel in found for row in _rows(board, panel)]
    if len(board.rows) < 2 or not any(row["value"] is not None for row in rows):
        return None
    columns = ["team", "task", "metric", "value", "ci_low", "ci_high"]
    table = pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(columns[3:], np.float64))
    table = table.dropna(subset=["value"]).reset_index(drop=True)
    shown = [panel for panel in found if panel.task in set(table["task"])]
    labels = labels_of([row.team for row in board.rows], 22)
    title = "Every task by itself"
    takeaway = _takeaway(table, shown)
    width = min(len(shown), MOST_COLUMNS) * (PANEL_PX + 20) + 170
    spec = sheet(title, takeaway, _view(table, shown, labels), width_px=width)
    return Chart("task-scores", title, takeaway, spec, table)


def _panels(board: Leaderboard) -> list[_Panel]:
    found: dict[str, _Panel] = {}
    for task in (task for row in board.rows for task in row.tasks if task.metrics):
        found.setdefault(task.id, _Panel(task.id, plain(task.title), task.metrics[0]))
    return list(found.values())


def _rows(board: Leaderboard, panel: _Panel) -> list[_Values]:
    return [_row(row.team, task, panel) for row in board.rows for task in row.tasks if task.id == panel.task]


def _row(team: str, task: TaskColumn, panel: _Panel) -> _Values:
    score = next((each for each in task.metrics if each.definition == panel.metric.definition), None)
    about: _Values = {"team": team, "task": panel.task, "metric": panel.metric.name}
    if score is None:
        return {**about, "value": None, "ci_low": None, "ci_high": None}
    return {**about, "value": score.value, "ci_low": score.ci_low, "ci_high": score.ci_high}


def _view(table: pd.DataFrame, found: Sequence[_Panel], labels: dict[str, str]) -> Spec:
    data = table_data(table, labels)
    parts = [_part(table, panel, list(labels.values()), shown=at % MOST_COLUMNS == 0) for at, panel in enumerate(found)]
    return {"data": data | {"name": TABLE}, "concat": parts, "columns": MOST_COLUMNS, "spacing": {"row": 22, "column": 16}}


def _part(table: pd.DataFrame, panel: _Panel, teams: Sequence[str], *, shown: bool) -> Spec:
    y = team_axis(teams, shown=shown)
    own = table[table["task"] == panel.task]
    ends = own[["value", "ci_low", "ci_high"]].to_numpy(dtype=np.float64)
    low, high = float(np.nanmin(ends)), float(np.nanmax(ends))
    room = 0.06 * (high - low) or 0.05
    unit = f", {plain(panel.metric.unit)}" if panel.metric.unit else ""
    worse = "" if panel.metric.higher_is_better else " (lower is better)"
    x = number_axis("value", f"{metric_label(panel.metric.name)}{unit}{worse}", domain=[low - room, high + room])
    x["axis"] = {"tickCount": 4, "format": "~g", "labelOverlap": True}
    interval: Spec = {
        "transform": [{"filter": "isValid(datum.ci_low)"}],
        "mark": {"type": "rule", "color": INK, "strokeWidth": 1.1},
        "encoding": {"y": y, "x": {**x, "field": "ci_low"}, "x2": {"field": "ci_high"}},
    }
    dot: Spec = {
        "mark": {"type": "point", "filled": True, "size": 36, "color": BLUE, "opacity": 1},
        "encoding": {"y": y, "x": x},
    }
    return {
        "title": {"text": shortened(panel.title, 30), "fontSize": 11.5, "offset": 6},
        "transform": [{"filter": {"field": "task", "equal": panel.task}}],
        "width": PANEL_PX,
        "height": {"step": ROW_PX},
        "layer": [interval, dot],
    }


def _takeaway(table: pd.DataFrame, found: Sequence[_Panel]) -> str:
    spans = {panel: _span(table, panel) for panel in found if not panel.metric.unit}
    if not spans:
        return "Dot: the score; line: its confidence interval. Every panel has an axis of its own."
    widest = max(spans, key=lambda panel: spans[panel][1] - spans[panel][0])
    closest = min(spans, key=lambda panel: spans[panel][1] - spans[panel][0])
    told = f"Teams lie furthest apart in {_told(widest, spans[widest])}"
    if closest is not widest:
        told += f", closest together in {_told(closest, spans[closest])}"
    return f"{told}. Dot: the score; line: its confidence interval; every panel has an axis of its own."


def _span(table: pd.DataFrame, panel: _Panel) -> tuple[float, float]:
    values = table[table["task"] == panel.task]["value"]
    return float(values.min()), float(values.max())


def _told(panel: _Panel, span: tuple[float, float]) -> str:
    return f"{shortened(panel.title, 40)} ({metric_label(panel.metric.name)} {span[0]:.2f} to {span[1]:.2f})"
