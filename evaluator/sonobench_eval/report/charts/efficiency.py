"""The efficiency pane: performance against time, bubbles as large as the GPU memory, and the teams that nobody beats in both."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from sonobench_eval.ranking.leaderboard import Leaderboard
from sonobench_eval.ranking.pareto import dominated
from sonobench_eval.report.charts.chart import Chart, Spec, table_data
from sonobench_eval.report.charts.label_places import Spot, places
from sonobench_eval.report.charts.labels import labels_of, listed
from sonobench_eval.report.charts.style import BLUE, INK, PALE, number_axis, sheet

WIDTH_PX, HEIGHT_PX = 560, 380
SMALLEST_PX2, LARGEST_PX2 = 50.0, 900.0
UNKNOWN_PX2 = 110.0


def efficiency_pane(board: Leaderboard) -> Chart | None:
    """Time on a logarithmic axis against performance, for the teams whose time is known.

    The front joins the teams that nobody beats in time and performance at once: no team is at least as good in both and better
    in one. Where the board ranks times in units of the reference container, those are drawn.

    Returns:
        None where nobody was timed.
    """
    relative = any(row.time_relative is not None for row in board.rows)
    rows = [
        {
            "team": row.team,
            "time": row.time_relative if relative else row.time_s,
            "performance": row.performance,
            "gpu_memory_gb": np.nan if row.gpu_memory_bytes is None else row.gpu_memory_bytes / 1e9,
        }
        for row in board.rows
    ]
    table = pd.DataFrame(rows, columns=["team", "time", "performance", "gpu_memory_gb"]).dropna(subset=["time", "performance"])
    table = table[table["time"] > 0].reset_index(drop=True).astype({"time": np.float64, "performance": np.float64})
    if table.empty:
        return None
    beaten_by = dominated(np.stack([table["performance"], -table["time"]], axis=1).astype(np.float64))
    table["on_front"] = [not any(row) for row in beaten_by.tolist()]
    title = "Performance against time"
    takeaway = _takeaway(table)
    spec = sheet(title, takeaway, _view(table, relative=relative), width_px=WIDTH_PX + 110)
    return Chart("efficiency", title, takeaway, spec, table)


def _view(table: pd.DataFrame, *, relative: bool) -> Spec:
    labels = labels_of(table["team"].tolist(), 22)
    data = table_data(table, labels)
    time_domain, performance_domain = _time_domain(table["time"]), _performance_domain(table["performance"])
    stairs = _stairs(table, time_domain, performance_domain)
    corners = [_position(each["time"], each["performance"], time_domain, performance_domain) for each in stairs]
    lines = list(pairwise(corners))
    spots = _spots(table, list(labels.values()), time_domain, performance_domain)
    for row, place in zip(data["values"], places(spots, width_px=WIDTH_PX, height_px=HEIGHT_PX, lines=lines), strict=True):
        row |= {"dx": place.dx_px, "dy": place.dy_px, "align": place.align}
    unit = "times the reference container's" if relative else "s"
    x = number_axis("time", f"Time, {unit} (logarithmic; further left is better)", type="log", domain=time_domain)
    x["axis"] = {"format": "~g", "tickCount": 6, "labelOverlap": True}
    y = number_axis("performance", "Performance (higher is better)", domain=performance_domain)
    size = _size(table)
    bubble = {"type": "point", "filled": True, "strokeWidth": 1.2, "opacity": 0.9, "invalid": None}
    shape = {
        "field": "on_front",
        "type": "nominal",
        "scale": {"domain": [True, False], "range": ["diamond", "circle"]},
        "legend": {"title": "On the front", "labelExpr": "datum.value ? 'yes' : 'no'", "symbolFillColor": PALE},
    }
    color = {"condition": {"test": "datum.on_front", "value": BLUE}, "value": PALE}
    layers: list[Spec] = [
        {
            "data": {"name": "front", "values": stairs},
            "mark": {"type": "line", "color": BLUE, "strokeWidth": 1.3, "strokeDash": [5, 3]},
            "encoding": {
                "x": {**x, "field": "time"},
                "y": {**y, "field": "performance"},
                "order": {"field": "step", "type": "quantitative"},
            },
        },
        {
            "mark": {**bubble, "stroke": INK},
            "encoding": {"x": x, "y": y, "color": color, "shape": shape} | {"size": size},
        },
        {
            "mark": {
                "type": "text",
                "fontSize": 10.5,
                "dx": {"expr": "datum.dx"},
                "dy": {"expr": "datum.dy"},
                "align": {"expr": "datum.align"},
                "baseline": "middle",
                "color": INK,
            },
            "encoding": {"x": x, "y": y, "text": {"field": "team", "type": "nominal"}},
        },
    ]
    return {"data": data, "width": WIDTH_PX, "height": HEIGHT_PX, "layer": layers}


def _size(table: pd.DataFrame) -> Spec:
    """By memory; a team whose memory was not measured has the smallest bubble."""
    if table["gpu_memory_gb"].isna().all():
        return {"value": UNKNOWN_PX2}
    largest = float(table["gpu_memory_gb"].max())
    legend = {"title": "GPU memory, GB", "symbolType": "circle", "symbolFillColor": PALE, "values": _round_sizes(largest)}
    scale = {"domain": [0, largest if largest > 0 else 1.0], "range": [SMALLEST_PX2, LARGEST_PX2], "clamp": True}
    field = {"field": "gpu_memory_gb", "type": "quantitative", "scale": scale, "legend": legend}
    return {"condition": {"test": "isValid(datum.gpu_memory_gb)", **field}, "value": SMALLEST_PX2}


def _round_sizes(largest: float) -> list[float]:
    unit = 10 ** np.floor(np.log10(largest)) if largest > 0 else 1.0
    top = max((step * unit for step in (1, 2, 5) if step * unit <= largest), default=unit)
    return [float(f"{top * part:.3g}") for part in (0.2, 0.5, 1)]


def _time_domain(times: pd.Series) -> list[float]:
    """A tenth of the axis beyond the quickest and the slowest, and never less than a factor of two in all."""
    low, high = np.log10(float(times.min())), np.log10(float(times.max()))
    room = max(0.1 * (high - low), 0.15)
    return [float(10 ** (low - room)), float(10 ** (high + room))]


def _performance_domain(values: pd.Series) -> list[float]:
    low, high = float(values.min()), float(values.max())
    room = max(0.08 * (high - low), 0.02)
    return [round(low - room, 4), round(high + room, 4)]


def _spots(table: pd.DataFrame, labels: Sequence[str], times: Sequence[float], performances: Sequence[float]) -> list[Spot]:
    largest = float(table["gpu_memory_gb"].max())
    spots = []
    for label, time, performance, memory in zip(
        labels, table["time"], table["performance"], table["gpu_memory_gb"].fillna(0.0), strict=True
    ):
        area = SMALLEST_PX2 + (LARGEST_PX2 - SMALLEST_PX2) * (min(max(memory / largest, 0.0), 1.0) if largest > 0 else 0.0)
        spots.append(Spot(label, *_position(time, performance, times, performances), float(np.sqrt(area) / 2)))
    return spots


def _position(time: float, performance: float, times: Sequence[float], performances: Sequence[float]) -> tuple[float, float]:
    """In pixels from the top left."""
    left, right, here = np.log10([times[0], times[1], time]).tolist()
    y = (performances[1] - performance) / (performances[1] - performances[0])
    return (here - left) / (right - left) * WIDTH_PX, y * HEIGHT_PX


def _stairs(table: pd.DataFrame, times: Sequence[float], performances: Sequence[float]) -> list[dict[str, float]]:
    """The border of what somebody reaches: up at each team of the front, then on to the next slower one."""
    front = table[table["on_front"]].sort_values(["time", "performance"])
    corners, reached = [], performances[0]
    for time, performance in zip(front["time"].tolist(), front["performance"].tolist(), strict=True):
        corners += [(time, reached), (time, performance)]
        reached = performance
    corners.append((times[1], reached))
    return [{"time": time, "performance": performance, "step": step} for step, (time, performance) in enumerate(corners)]


def _takeaway(table: pd.DataFrame) -> str:
    front = table[table["on_front"]].sort_values("time")["team"].tolist()
    beaten = len(table) - len(front)
    verb = "is" if len(front) == 1 else "are"
    told = f"{listed(front)} {verb} on the Pareto front of performance and time"
    if not beaten:
        return f"{told}: nobody is beaten in both time and performance."
    others = "the other team" if beaten == 1 else f"each of the other {beaten} teams"
    if len(front) == 1:
        return f"{told}; it is at least as fast and as good as {others}."
    return f"{told}; for {others} one of these is at least as fast and as good."
