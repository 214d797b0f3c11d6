"""Small multiples: a panel for each team with its own marks, over everybody's in grey. Fifteen teams stay readable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sonobench_eval.report.charts.chart import Spec
from sonobench_eval.report.charts.style import PALE

PANEL_PX = 150
MOST_COLUMNS = 5
_GAP_PX = 40
MOST_POINTS = 80
"""Of a line in grey: it is drawn in every panel, and only to compare with."""


@dataclass(frozen=True, slots=True)
class Grid:
    """How many panels stand in a row, and how wide all is."""

    columns: int

    @classmethod
    def of(cls, teams: int) -> Grid:
        rows = -(-teams // MOST_COLUMNS)
        return cls(max(1, -(-teams // rows)))

    @property
    def width_px(self) -> int:
        return max(self.columns, 3) * (PANEL_PX + _GAP_PX)


def panels(data: Spec, behind: Spec, own: Sequence[Spec], *, teams: int) -> Spec:
    """A view of panels in the order of the field `panel_order`, each under its `panel`, whose lines are parted by newlines.

    Args:
        data: rows with `team`, `panel` and `panel_order`.
        behind: a layer drawn in each panel, with data of its own (`everybody`).
        own: layers of the panel's own rows.
        teams: how many panels there are.
    """
    header: dict[str, Any] = {
        "labelExpr": "split(datum.value, '\\n')",
        "labelAnchor": "start",
        "labelPadding": 4,
        "labelLimit": PANEL_PX + 10,
    }
    facet = {"field": "panel", "type": "nominal", "title": None, "sort": {"field": "panel_order", "op": "min"}, "header": header}
    layers = [behind, *own]
    return {
        "data": data,
        "facet": facet,
        "columns": Grid.of(teams).columns,
        "spacing": {"row": 18, "column": 22},
        "spec": {"width": PANEL_PX, "height": PANEL_PX, "layer": layers},
    }


def everybody(rows: Sequence[Mapping[str, Any]], x: Spec, y: Spec) -> Spec:
    """Every team's line in grey, over the same fields as x and y, in the order of the rows; of long lines some points."""
    by_team: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_team.setdefault(row["team"], []).append(row)
    values = [
        {"x": points[at][x["field"]], "y": points[at][y["field"]], "line": number, "step": step}
        for number, points in enumerate(by_team.values())
        for step, at in enumerate(_some(len(points)))
    ]
    return {
        "data": {"name": "everybody", "values": values},
        "mark": {"type": "line", "color": PALE, "strokeWidth": 0.6},
        "encoding": {
            "x": {**x, "field": "x"},
            "y": {**y, "field": "y"},
            "detail": {"field": "line", "type": "nominal"},
            "order": {"field": "step", "type": "quantitative"},
        },
    }


def _some(points: int) -> list[int]:
    """Positions, evenly spaced, the ends among them."""
    return [int(at) for at in np.linspace(0, points - 1, min(points, MOST_POINTS)).round()]
