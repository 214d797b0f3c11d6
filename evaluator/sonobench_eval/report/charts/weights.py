"""Ranks by weight: what other weights of performance and efficiency would have made of the order, and where places change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sonobench_eval.ranking.order import shared_ranks
from sonobench_eval.ranking.stability_report import StabilityReport, WeightSensitivity
from sonobench_eval.report.charts.chart import Chart, Spec, table_data
from sonobench_eval.report.charts.labels import labels_of, listed
from sonobench_eval.report.charts.style import BLUE, INK, QUIET, VERMILLION, sheet

FloatArray = NDArray[np.float64]
WIDTH_PX = 520
ROW_PX = 24
STEEP = 0.012
"""How much of the axis a change of places takes: enough to see two lines cross."""
DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3])
_SAME = 1e-9


def weight_lines(report: StabilityReport) -> Chart | None:
    """Every team's rank over all weights of performance from 0 to 1; efficiency has the rest. Dots on the upper edge tell where
    two teams change places, full ones where the winner changes.

    Returns:
        None without efficiency to weigh against, or with fewer than two teams.
    """
    weights = report.weights
    efficiency = [each.efficiency for each in report.trade_offs]
    if weights is None or len(efficiency) < 2 or any(each is None for each in efficiency):
        return None
    performance = np.array([each.performance for each in report.trade_offs])
    table = _spans(report.teams, performance, np.array(efficiency, dtype=np.float64), weights)
    labels = labels_of(report.teams, 24)
    heading = "Ranks by the weight of performance"
    takeaway = _takeaway(weights)
    spec = sheet(heading, takeaway, _view(table, weights, labels), width_px=WIDTH_PX + 330)
    return Chart("weights", heading, takeaway, spec, table)


def _spans(teams: Sequence[str], performance: FloatArray, efficiency: FloatArray, weights: WeightSensitivity) -> pd.DataFrame:
    """A row for each team and span of weights over which its rank is one."""
    ends = [0.0, *(each.weight for each in weights.crossings), 1.0]
    apart = [end for number, end in enumerate(ends) if number == 0 or end - ends[number - 1] > _SAME]
    rows = []
    for low, high in pairwise(apart):
        middle = (low + high) / 2
        ranks = shared_ranks(np.round(middle * performance + (1 - middle) * efficiency, 12), higher_is_better=True)
        rows += [{"team": team, "low": low, "high": high, "rank": int(rank)} for team, rank in zip(teams, ranks, strict=True)]
    found: list[dict[str, object]] = []
    for team in teams:
        for row in (each for each in rows if each["team"] == team):
            if found and found[-1]["team"] == team and found[-1]["rank"] == row["rank"]:
                found[-1]["high"] = row["high"]
            else:
                found.append(dict(row))
    return pd.DataFrame(found)


def _view(table: pd.DataFrame, weights: WeightSensitivity, labels: Mapping[str, str]) -> Spec:
    teams = list(labels.values())
    data = table_data(table, labels)
    leading = [labels[team] for team in dict.fromkeys(team for span in weights.winners for team in span.teams)]
    x: Spec = {
        "field": "weight",
        "type": "quantitative",
        "title": "Weight of performance (efficiency has the rest)",
        "scale": {"domain": [0, 1]},
        "axis": {"format": ".1f", "values": [0, 0.2, 0.4, 0.6, 0.8, 1]},
    }
    y: Spec = {
        "field": "rank",
        "type": "quantitative",
        "title": "Rank",
        "scale": {"domain": [len(teams) + 0.9, 0.2], "nice": False, "zero": False},
        "axis": {"values": list(range(1, len(teams) + 1)), "format": "d", "grid": False},
    }
    leads = {"test": {"field": "leads", "equal": True}}
    color = {"condition": {**leads, "value": BLUE}, "value": QUIET}
    order = {"field": "step", "type": "quantitative"}
    lines = _lines(data["values"], leading)
    crossings = [{"weight": each.weight, "winner": each.changes_winner} for each in weights.crossings]
    layers: list[Spec] = [
        {
            "data": {"name": "declared", "values": [{"weight": weights.declared}]},
            "mark": {"type": "rule", "color": VERMILLION, "strokeWidth": 1.4, "strokeDash": [5, 3]},
            "encoding": {"x": x},
        },
        {
            "data": {"name": "told", "values": [{"weight": weights.declared, "text": f"declared {weights.declared:g}"}]},
            "mark": {"type": "text", "color": VERMILLION, "align": "right", "dx": -5, "dy": -6},
            "encoding": {"x": x, "y": {"value": ROW_PX * (len(teams) + 1)}, "text": {"field": "text", "type": "nominal"}},
        },
        {
            "data": {"name": "lines", "values": lines},
            "mark": {"type": "line", "strokeJoin": "round"},
            "encoding": {
                "x": x,
                "y": y,
                "detail": {"field": "team", "type": "nominal"},
                "order": order,
                "color": color,
                "strokeWidth": {"condition": {**leads, "value": 2.6}, "value": 1.1},
                "strokeDash": {
                    "field": "dash",
                    "type": "ordinal",
                    "legend": None,
                    "scale": {"domain": [0, 1, 2, 3], "range": list(DASHES)},
                },
            },
        },
        {
            "data": {"name": "crossings", "values": crossings},
            "mark": {"type": "point", "size": 22, "stroke": INK, "strokeWidth": 0.8, "opacity": 1},
            "encoding": {
                "x": x,
                "y": {"value": 4},
                "fill": {"condition": {"test": {"field": "winner", "equal": True}, "value": INK}, "value": "white"},
                "shape": {"condition": {"test": {"field": "winner", "equal": True}, "value": "triangle-down"}, "value": "circle"},
            },
        },
        _names(lines, x, y, color),
    ]
    return {"data": data, "width": WIDTH_PX, "height": ROW_PX * (len(teams) + 1), "layer": layers}


def _lines(rows: Sequence[Mapping[str, object]], leading: Sequence[str]) -> list[dict[str, object]]:
    """Level over each span, and slanted where it ends, as far as neighboring spans have room."""
    points: list[dict[str, object]] = []
    numbers = {team: number for number, team in enumerate(dict.fromkeys(str(row["team"]) for row in rows))}
    for row in rows:
        low, high, team = float(str(row["low"])), float(str(row["high"])), str(row["team"])
        room = min(STEEP / 2, (high - low) / 3)
        look = {"team": team, "rank": row["rank"], "leads": team in leading, "dash": numbers[team] % len(DASHES)}
        for weight in (low if low == 0 else low + room, high if high == 1 else high - room):
            points.append({**look, "weight": round(weight, 6), "step": len(points)})
    return points


def _names(lines: Sequence[Mapping[str, object]], x: Spec, y: Spec, color: Spec) -> Spec:
    """At the right end; teams that share a rank there stand side by side, parted by a comma."""
    return {
        "data": {"name": "names", "values": _side_by_side([row for row in lines if row["weight"] == 1])},
        "mark": {"type": "text", "align": "left", "dx": 8, "baseline": "middle", "limit": 300},
        "encoding": {"x": x, "y": y, "text": {"field": "name", "type": "nominal"}, "color": color},
    }


def _side_by_side(rows: Sequence[Mapping[str, object]]) -> list[dict[str, object]]:
    found: dict[object, dict[str, object]] = {}
    for row in rows:
        known = found.get(row["rank"])
        name = row["team"] if known is None else f"{known['name']}, {row['team']}"
        leads = bool(row["leads"]) or bool(known and known["leads"])
        found[row["rank"]] = {"weight": row["weight"], "rank": row["rank"], "name": name, "leads": leads}
    return list(found.values())


def _takeaway(weights: WeightSensitivity) -> str:
    here = next((span for span in weights.winners if span.low <= weights.declared <= span.high), weights.winners[-1])
    others = dict.fromkeys(team for span in weights.winners for team in span.teams if team not in here.teams)
    verb = "stays" if len(here.teams) == 1 else "stay"
    told = f"{listed(here.teams)} {verb} first while performance weighs {here.low:.2f} to {here.high:.2f}"
    told += f" (declared: {weights.declared:.2f})"
    if others:
        told += f"; at other weights {listed(others)} would be"
        return f"{told}. Triangles: the winner changes; circles: others change places."
    return f"{told}. Circles: other teams change places." if weights.crossings else f"{told}; no weight changes the order."
