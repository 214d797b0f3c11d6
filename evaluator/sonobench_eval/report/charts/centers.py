"""Teams by centers: each team's score at each center, and beside it the gap between external and internal centers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from sonobench_eval.evaluation import CenterScore, Evaluation, MetricScore
from sonobench_eval.report.charts.chart import Chart, Spec, table_data
from sonobench_eval.report.charts.labels import labels_of, plain, shortened, slug
from sonobench_eval.report.charts.style import (
    BLACK,
    INK,
    LIGHT_TO_DARK,
    QUIET,
    STEP_PX,
    WHITE_FROM,
    number_axis,
    sheet,
    team_axis,
)
from sonobench_eval.report.figures import fixed, metric_label, signed
from sonobench_eval.report.public import is_held_back

CELL_PX, GAP_PX = 62, 210


def center_heatmap(evaluations: Mapping[str, Evaluation], task_id: str, metric: str) -> Chart | None:
    """A heatmap of teams and centers, internal ones first, and every team's generalisation gap with its interval.

    Args:
        evaluations: team -> evaluation, in the order to be shown (a board's).
        task_id: a task of theirs.
        metric: the name of one of its metrics.

    Returns:
        None where no center has a score. Without external centers there is no gap beside it.
    """
    rows = [row for team, each in evaluations.items() for row in _rows(team, each, task_id, metric)]
    if not any(row["value"] is not None for row in rows):
        return None
    table = pd.DataFrame(rows).astype({"value": np.float64, "gap": np.float64, "gap_low": np.float64, "gap_high": np.float64})
    about = _score(next(iter(evaluations.values())).task(task_id).metrics, metric)
    title = f"{metric_label(metric)} by center, {plain(next(iter(evaluations.values())).task(task_id).title)}"
    takeaway = _takeaway(table, about, metric)
    labels = labels_of(list(evaluations))
    spec = sheet(title, takeaway, _view(table, labels, about), width_px=_width_px(table) + 190)
    return Chart(slug("centers", task_id, metric), title, takeaway, spec, table)


def _rows(team: str, evaluation: Evaluation, task_id: str, metric: str) -> list[dict[str, object]]:
    task = evaluation.task(task_id)
    gap = next((each for each in task.gaps if each.metric == metric), None)
    told = {
        "gap": None if gap is None else gap.value,
        "gap_low": None if gap is None else gap.ci_low,
        "gap_high": None if gap is None else gap.ci_high,
    }
    return [{"team": team, **_of_center(center, metric), **told} for center in _internal_first(task.centers)]


def _of_center(center: CenterScore, metric: str) -> dict[str, object]:
    score = _score(center.metrics, metric)
    known = score is not None and score.value is not None
    return {
        "center": center.id,
        "role": center.role,
        "n": 0 if score is None else score.n,
        "value": score.value if score is not None else None,
        "shown": fixed(score.value, 2) if known and score is not None else "too few" if is_held_back(score) else "–",
    }


def _internal_first(centers: Sequence[CenterScore]) -> list[CenterScore]:
    return sorted(centers, key=lambda center: center.role != "internal")


def _score(scores: Sequence[MetricScore], metric: str) -> MetricScore | None:
    return next((each for each in scores if each.name == metric), None)


def _width_px(table: pd.DataFrame) -> int:
    return table["center"].nunique() * CELL_PX + (GAP_PX if table["gap"].notna().any() else 0)


def _view(table: pd.DataFrame, labels: Mapping[str, str], about: MetricScore | None) -> Spec:
    centers = labels_of(list(dict.fromkeys(table["center"])), 14)
    counts = dict(zip(table["center"], zip(table["role"], table["n"], strict=True), strict=True))
    headings = {name: f"{label}\n{counts[name][0]}\nn = {counts[name][1]:,}" for name, label in centers.items()}
    data = table_data(table, labels)
    for row in data["values"]:
        row["column"] = headings[row["center"]]
    parts = [_heatmap(list(headings.values()), labels, table, about)]
    if table["gap"].notna().any():
        parts.append(_gaps(labels, table, about))
    return {"data": data, "hconcat": parts, "spacing": 14}


def _heatmap(columns: Sequence[str], labels: Mapping[str, str], table: pd.DataFrame, about: MetricScore | None) -> Spec:
    y = team_axis(list(labels.values()))
    axis = {"orient": "top", "labelAngle": 0, "title": None, "ticks": False, "domain": False, "grid": False}
    axis |= {
        "labelExpr": "split(datum.value, '\\n')",
        "labelLimit": CELL_PX + 14,
        "labelFontSize": 10,
        "labelLineHeight": 11,
        "labelPadding": 28,
    }
    x = {"field": "column", "type": "nominal", "scale": {"domain": list(columns)}, "axis": axis}
    low, high = float(table["value"].min()), float(table["value"].max())
    steps = list(LIGHT_TO_DARK) if about is None or about.higher_is_better else list(reversed(LIGHT_TO_DARK))
    scale = {"domain": [low, high if high > low else low + 1], "range": steps}
    color = {"field": "value", "type": "quantitative", "scale": scale, "legend": None}
    dark = low + WHITE_FROM * (high - low)
    test = f"datum.value > {dark!r}" if steps[-1] == LIGHT_TO_DARK[-1] else f"datum.value < {low + high - dark!r}"
    rect = {"type": "rect", "stroke": "white", "strokeWidth": 1.5, "invalid": None}
    return {
        "width": {"step": CELL_PX},
        "height": {"step": STEP_PX},
        "layer": [
            {"transform": [{"filter": "isValid(datum.value)"}], "mark": rect, "encoding": {"x": x, "y": y, "color": color}},
            {
                "mark": {"type": "text", "fontSize": 10.5},
                "encoding": {
                    "x": x,
                    "y": y,
                    "text": {"field": "shown", "type": "nominal"},
                    "color": {"condition": {"test": f"isValid(datum.value) && {test}", "value": "white"}, "value": BLACK},
                },
            },
        ],
    }


def _gaps(labels: Mapping[str, str], table: pd.DataFrame, about: MetricScore | None) -> Spec:
    y = team_axis(list(labels.values()), shown=False)
    ends = table[["gap", "gap_low", "gap_high"]].to_numpy(dtype=np.float64)
    low, high = min(0.0, float(np.nanmin(ends))), max(0.0, float(np.nanmax(ends)))
    room = 0.06 * (high - low or 1.0)
    worse = "negative" if about is None or about.higher_is_better else "positive"
    x = number_axis("gap", f"External minus internal ({worse}: worse)", domain=[low - room, high + room])
    x["axis"] = {"orient": "top", "tickCount": 4, "format": "~g"}
    columns = ("gap", "gap_low", "gap_high")
    smallest = [{"op": "min", "field": each, "as": each} for each in columns]
    once: list[Spec] = [{"aggregate": smallest, "groupby": ["team"]}, {"filter": "isValid(datum.gap)"}]
    zero: Spec = {
        "data": {"name": "zero", "values": [{"gap": 0}]},
        "mark": {"type": "rule", "color": QUIET, "strokeDash": [3, 2]},
        "encoding": {"x": x},
    }
    interval: Spec = {
        "transform": once,
        "mark": {"type": "rule", "color": INK, "strokeWidth": 1.2},
        "encoding": {"y": y, "x": {**x, "field": "gap_low"}, "x2": {"field": "gap_high"}},
    }
    dot: Spec = {
        "transform": once,
        "mark": {"type": "point", "filled": True, "size": 44, "color": INK, "opacity": 1},
        "encoding": {"y": y, "x": x},
    }
    return {"width": GAP_PX, "height": {"step": STEP_PX}, "layer": [zero, interval, dot]}


def _takeaway(table: pd.DataFrame, about: MetricScore | None, metric: str) -> str:
    higher = about is None or about.higher_is_better
    sign = 1 if higher else -1
    means = {
        str(center): float(rows["value"].mean()) for center, rows in table.dropna(subset=["value"]).groupby("center", sort=False)
    }
    hardest = min(means, key=lambda center: sign * means[center])
    told = f"Hardest is {shortened(hardest, 40)}, with a mean {metric_label(metric)} of {means[hardest]:.2f} over teams"
    once = table.drop_duplicates("team").dropna(subset=["gap"])
    if once.empty:
        return f"{told}."
    sides = once["gap_high"] < 0 if higher else once["gap_low"] > 0
    gaps = dict(zip(once["team"], once["gap"].tolist(), strict=True))
    worst = min(gaps, key=lambda team: sign * gaps[team])
    told += f"; {int(sides.sum())} of {len(once)} teams are worse on external centers with an interval that leaves out 0"
    if sign * gaps[worst] < 0:
        told += f"; the largest loss is that of {shortened(worst, 40)} ({signed(gaps[worst], 2)})"
    return f"{told}."
