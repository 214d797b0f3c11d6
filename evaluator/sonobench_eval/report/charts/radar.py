"""Radars: one for each team, with a spoke for each task, against the median of all. In Vega: Vega-Lite has no such axes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from sonobench_eval.ranking.leaderboard import Leaderboard
from sonobench_eval.report.charts.chart import Chart, Spec, table_data
from sonobench_eval.report.charts.labels import labels_of, listed, shortened, slug
from sonobench_eval.report.charts.panels import Grid
from sonobench_eval.report.charts.style import BLUE, CONFIG, GRID, INK, PALE, QUIET, VEGA, heading_of
from sonobench_eval.report.figures import metric_label

RADIUS_PX = 62
CELL_PX = 196
CELL_HEIGHT_PX = 176
FEWEST_SPOKES = 3
SPOKE_LETTERS = 11
ANGLE = "(2 * PI * datum.spoke / datum.spokes - PI / 2)"


def radar(board: Leaderboard, *, metrics: Mapping[str, str] | None = None) -> Chart | None:
    """A radar for each team of a board, in its order, and the median over teams as a dashed line.

    Args:
        board: with scores by task.
        metrics: task id -> the metric of its spoke; without it, of each task its first one that is a share of 1.

    Returns:
        None where fewer than three spokes have a value for anybody. A team without a value has its point at the hub.
    """
    spokes = _spokes(board, metrics)
    if len(spokes) < FEWEST_SPOKES:
        return None
    table = _table(board, spokes)
    low = float(np.floor(max(0.0, table["value"].min()) * 10 - 1e-9) / 10) if table["value"].notna().any() else 0.0
    low = min(max(low, 0.0), 0.9)
    title = "Performance by task"
    takeaway = _takeaway(table, low)
    order = [row.team for row in board.rows]
    labels = labels_of(order, 24)
    grid = Grid.of(len(order))
    spec: Spec = {
        "$schema": VEGA,
        "background": "white",
        "padding": 12,
        "title": {**CONFIG["title"], **heading_of(title, takeaway, width_px=grid.columns * (CELL_PX + 26))},
        "layout": {"columns": grid.columns, "padding": {"row": 18, "column": 22}, "align": "all", "bounds": "full"},
        "data": [table_data(table, labels), {"name": "spokes", "values": _axes(spokes)}],
        "scales": _scales(low),
        "marks": [_cell()],
    }
    return Chart(slug("radar"), title, takeaway, spec, table)


def _spokes(board: Leaderboard, metrics: Mapping[str, str] | None) -> list[tuple[str, str, str]]:
    """Task id, metric and label of each spoke."""
    found: dict[str, tuple[str, str, str]] = {}
    for row in board.rows:
        for task in row.tasks:
            shares = [each.name for each in task.metrics if not each.unit and each.higher_is_better and each.value is not None]
            chosen = shares[:1] if metrics is None else [each for each in shares if each == metrics.get(task.id)]
            for metric in chosen:
                found.setdefault(task.id, (task.id, metric, task.title))
    titles = labels_of([title for _, _, title in found.values()], SPOKE_LETTERS)
    return [(task, metric, f"{titles[title]}\n{metric_label(metric)}") for task, metric, title in found.values()]


def _table(board: Leaderboard, spokes: Sequence[tuple[str, str, str]]) -> pd.DataFrame:
    rows = []
    for row in board.rows:
        tasks = {task.id: {each.name: each.value for each in task.metrics} for task in row.tasks}
        for number, (task, metric, _) in enumerate(spokes):
            rows.append(
                {
                    "team": row.team,
                    "task": task,
                    "metric": metric,
                    "spoke": number,
                    "spokes": len(spokes),
                    "value": tasks.get(task, {}).get(metric),
                }
            )
    table = pd.DataFrame(rows).astype({"value": np.float64})
    table["median"] = table.groupby("spoke")["value"].transform("median")
    return table


def _axes(spokes: Sequence[tuple[str, str, str]]) -> list[dict[str, Any]]:
    return [{"spoke": number, "spokes": len(spokes), "label": label} for number, (_, _, label) in enumerate(spokes)]


def _scales(low: float) -> list[Spec]:
    return [{"name": "radius", "type": "linear", "domain": [low, 1], "range": [0, RADIUS_PX], "zero": False, "clamp": True}]


def _at(value: str) -> Spec:
    """So far from the hub, on the row's spoke; the first points up, the others follow clockwise."""
    return {
        "x": {"signal": f"{CELL_PX / 2} + ({value}) * cos({ANGLE})"},
        "y": {"signal": f"{CELL_HEIGHT_PX / 2} + ({value}) * sin({ANGLE})"},
    }


def _polygon(data: str, field: str, **look: Any) -> Spec:
    shape = _at(f"isValid(datum.{field}) ? scale('radius', datum.{field}) : 0")
    fixed = {key: {"value": value} for key, value in look.items()}
    return {
        "type": "line",
        "from": {"data": data},
        "encode": {"enter": {**shape, "interpolate": {"value": "linear-closed"}, **fixed}},
    }


def _cell() -> Spec:
    """One team's group: rings, spokes, the median's polygon, its own, and the names of the spokes."""
    rings = [
        {
            "type": "line",
            "from": {"data": "spokes"},
            "encode": {
                "enter": {
                    **_at(str(RADIUS_PX * part)),
                    "interpolate": {"value": "linear-closed"},
                    "stroke": {"value": PALE},
                    "strokeWidth": {"value": 0.8},
                }
            },
        }
        for part in (0.5, 1.0)
    ]
    ends = {
        "x2": {"value": CELL_PX / 2},
        "y2": {"value": CELL_HEIGHT_PX / 2},
        "stroke": {"value": GRID},
        "strokeWidth": {"value": 1},
    }
    lines: Spec = {"type": "rule", "from": {"data": "spokes"}, "encode": {"enter": {**_at(str(RADIUS_PX)), **ends}}}
    side, down = f"cos({ANGLE})", f"sin({ANGLE})"
    names: Spec = {
        "type": "text",
        "from": {"data": "spokes"},
        "encode": {
            "enter": {
                **_at(str(RADIUS_PX + 8)),
                "text": {"signal": "split(datum.label, '\\n')"},
                "align": {"signal": f"abs({side}) < 0.2 ? 'center' : {side} > 0 ? 'left' : 'right'"},
                "baseline": {"value": "middle"},
                "dy": {"signal": f"{down} < -0.9 ? -13 : {down} > 0.9 ? 2 : -4"},
                "font": {"value": CONFIG["font"]},
                "fontSize": {"value": 8.5},
                "lineHeight": {"value": 9.5},
                "fill": {"value": QUIET},
            }
        },
    }
    own = _polygon("team_rows", "value", stroke=BLUE, strokeWidth=1.8, fill=BLUE, fillOpacity=0.18)
    corners: Spec = {
        "type": "symbol",
        "from": {"data": "team_rows"},
        "encode": {
            "enter": {
                **_at("isValid(datum.value) ? scale('radius', datum.value) : 0"),
                "size": {"value": 14},
                "fill": {"value": BLUE},
                "tooltip": {"signal": "datum"},
            }
        },
    }
    middle = _polygon("team_rows", "median", stroke=INK, strokeWidth=0.9, strokeDash=[3, 2])
    return {
        "type": "group",
        "from": {"facet": {"name": "team_rows", "data": "table", "groupby": "team"}},
        "title": {
            "text": {"signal": "parent.team"},
            "font": CONFIG["font"],
            "fontSize": 11.5,
            "anchor": "middle",
            "color": INK,
            "offset": 4,
        },
        "encode": {"enter": {"width": {"value": CELL_PX}, "height": {"value": CELL_HEIGHT_PX}}},
        "marks": [*rings, lines, middle, own, names, corners],
    }


def _takeaway(table: pd.DataFrame, low: float) -> str:
    best = table.groupby("spoke")["value"].transform("max")
    firsts = table[table["value"] == best].groupby("team", sort=False).size().sort_values(ascending=False, kind="stable")
    most = int(firsts.iloc[0])
    leaders = firsts[firsts == most].index.tolist()
    told = f"{shortened(leaders[0], 40)} is" if len(leaders) == 1 else f"{listed(leaders)} are each"
    tasks = table["spoke"].nunique()
    return f"{told} first in {most} of {tasks} tasks. The hub is {low:.1f}, the rim 1; dashed: the median of all teams."
