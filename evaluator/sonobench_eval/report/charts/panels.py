"""Small multiples: a panel for each team with its own marks, over everybody's in grey. Fifteen teams stay readable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sonobench_eval.report.charts.chart import Spec

PANEL_PX = 150
MOST_COLUMNS = 5
_GAP_PX = 40


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


def panels(data: Spec, everybody: Spec, own: Sequence[Spec], *, teams: int) -> Spec:
    """A view of panels in the order of the field `panel_order`, each under its `panel`, whose lines are parted by newlines.

    Args:
        data: rows with `team`, `panel` and `panel_order`.
        everybody: a layer drawn in each panel, with data of its own.
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
    layers = [everybody, *own]
    return {
        "data": data,
        "facet": facet,
        "columns": Grid.of(teams).columns,
        "spacing": {"row": 18, "column": 22},
        "spec": {"width": PANEL_PX, "height": PANEL_PX, "layer": layers},
    }
