"""A chart for browsers: the same drawing without its title, which the page says, telling the row under the pointer."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import Any

from sonobench_eval.report.charts.chart import Chart
from sonobench_eval.report.charts.style import VEGA

COLUMNS = "columns"
"""In the specification's `usermeta`: what of a row may be told. The rest places labels."""


def untitled(chart: Chart) -> Chart:
    """For a page that says title and takeaway itself."""
    return replace(chart, spec={key: value for key, value in chart.spec.items() if key != "title"})


def explorable(chart: Chart) -> Chart:
    """The chart with a tooltip for every mark; of a plane of two measures, also one that can be moved by dragging."""
    spec: dict[str, Any] = deepcopy(untitled(chart).spec)
    spec["usermeta"] = {COLUMNS: [str(name) for name in chart.table.columns]}
    if spec["$schema"] == VEGA:
        return replace(chart, spec=spec)
    config = dict(spec.get("config", {}))
    config["mark"] = {**config.get("mark", {}), "tooltip": {"content": "data"}}
    spec["config"] = config
    if chart.name == "efficiency":
        spec["layer"][0]["params"] = [_MOVED]
    return replace(chart, spec=spec)


_MOVED = {"name": "view", "select": {"type": "interval", "zoom": False}, "bind": "scales"}
