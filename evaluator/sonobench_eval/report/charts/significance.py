"""Significance map: which team is better than which beyond chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from sonobench_eval.ranking.stability_report import SignificanceMap
from sonobench_eval.report.charts.chart import Chart, Spec, table_data
from sonobench_eval.report.charts.labels import labels_of, plain, shortened, slug
from sonobench_eval.report.charts.style import BLUE, GRID, INK, sheet, team_axis

CELL_PX = 34


def significance_map(found: SignificanceMap, teams: Sequence[str], *, title: str = "") -> Chart:
    """Is the team of the row better than the team of the column? Dark cells: yes, at the map's level; in each the adjusted p.

    Args:
        found: the map.
        teams: in its order (`StabilityReport.teams`).
        title: of the task and metric, where its `scope` does not say enough.
    """
    rows = [
        {"team": team, "other": other, "p": found.p[i][j], "better": found.better[i][j], "shown": _shown(found.p[i][j])}
        for i, team in enumerate(teams)
        for j, other in enumerate(teams)
        if i != j
    ]
    table = pd.DataFrame(rows, columns=["team", "other", "p", "better", "shown"])
    name = title or ("the whole score" if found.scope == "score" else found.scope)
    heading = f"Who is better than whom, {plain(name)}"
    takeaway = _takeaway(found, teams)
    labels = labels_of(teams, 22)
    spec = sheet(heading, takeaway, _view(table, labels, found), width_px=len(teams) * CELL_PX + 170)
    return Chart(slug("significance", found.scope), heading, takeaway, spec, table)


def _shown(p: float) -> str:
    """As journals write it, without the zero: `.03`, `<.001`, `1`."""
    if p < 0.001:
        return "<.001"
    text = f"{p:.3f}" if p < 0.1 else f"{p:.2f}"
    return "1" if text == "1.00" else text.removeprefix("0")


def _view(table: pd.DataFrame, labels: Mapping[str, str], found: SignificanceMap) -> Spec:
    names = list(labels.values())
    y = team_axis(names)
    axis = {"orient": "top", "labelAngle": -45, "title": None, "ticks": False, "domain": False, "grid": False, "labelLimit": 140}
    x = {"field": "other", "type": "nominal", "scale": {"domain": names}, "axis": axis}
    legend = {"title": "Row better than column", "labelExpr": f"datum.value ? 'p ≤ {found.level:g}' : 'not shown to be'"}
    color = {
        "field": "better",
        "type": "nominal",
        "scale": {"domain": [True, False], "range": [BLUE, GRID]},
        "legend": legend,
    }
    layers: list[Spec] = [
        {"mark": {"type": "rect", "stroke": "white", "strokeWidth": 1.5}, "encoding": {"x": x, "y": y, "color": color}},
        {
            "mark": {"type": "text", "fontSize": 9},
            "encoding": {
                "x": x,
                "y": y,
                "text": {"field": "shown", "type": "nominal"},
                "color": {"condition": {"test": "datum.better", "value": "white"}, "value": INK},
            },
        },
    ]
    return {"data": table_data(table, labels), "width": {"step": CELL_PX}, "height": {"step": 25}, "layer": layers}


def _takeaway(found: SignificanceMap, teams: Sequence[str]) -> str:
    pairs = len(teams) * (len(teams) - 1) // 2
    apart = sum(found.better[i][j] or found.better[j][i] for i in range(len(teams)) for j in range(i))
    most = max(found.wins, default=0)
    told = f"{apart} of {pairs} pairs of teams differ beyond chance"
    if most:
        told += f"; {shortened(teams[found.wins.index(most)], 40)} is better than {most} of {len(teams) - 1} others"
    return f"{told} ({plain(found.test)}; {plain(found.correction)}; n = {found.units:,})."
