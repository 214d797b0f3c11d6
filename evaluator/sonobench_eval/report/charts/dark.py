"""A chart's colors for dark pages: the same drawing, light where it was dark, so that what stood out still does.

Only values of keys that hold colors are exchanged; data, names and sentences are left as they are, even a team called white.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sonobench_eval.report.charts import style
from sonobench_eval.report.charts.chart import Chart

PAPER = "#10171d"
_RAMP = ("#17232d", "#1b364b", "#225273", "#4a8bb5", "#e3f0fa")
_DARK = {
    "white": PAPER,
    style.INK: "#e6ecf1",
    style.QUIET: "#9db0c0",
    style.GRID: "#2a3640",
    style.PALE: "#4b5a67",
    style.BLUE: "#74c0ea",
    style.VERMILLION: "#f59a5b",
    style.ORANGE: "#f0b44e",
    style.SKY: "#2f6f99",
    style.GREEN: "#4cc9a0",
    style.PURPLE: "#e3a3c6",
    style.YELLOW: "#f0e442",
    style.BLACK: "#ffffff",
    style.WORSE: "#63381f",
    **dict(zip(style.LIGHT_TO_DARK, _RAMP, strict=True)),
}
_COLORED = frozenset({"color", "fill", "stroke", "background", "range", "category", "ramp", "heatmap", "value", "scheme"})
_KEPT = frozenset({"data", "datasets", "values", "domain", "text", "title", "subtitle", "equal", "oneOf", "usermeta"})
"""Keys below which texts of others may stand. A title's own colors are named by other keys (`subtitleColor`)."""


def dark(chart: Chart) -> Chart:
    """The same chart for a dark page; its table and sentences unchanged."""
    return replace(chart, spec=_exchanged(chart.spec))


def _exchanged(part: dict[str, Any]) -> dict[str, Any]:
    return {key: _of_key(key, value) for key, value in part.items()}


def _of_key(key: str, value: Any) -> Any:
    if key in {"title", "header", "legend"} and isinstance(value, dict):
        return _exchanged(value)
    if key == "text" and isinstance(value, dict):  # of the configuration, or what is written, which stays
        return value if "value" in value else _exchanged(value)
    if key in _KEPT:
        return value
    if isinstance(value, dict):
        return _exchanged(value)
    if isinstance(value, list):
        return [_exchanged(each) if isinstance(each, dict) else _color(key, each) for each in value]
    return _color(key, value)


def _color(key: str, value: Any) -> Any:
    if isinstance(value, str) and (key in _COLORED or key.endswith("Color")):
        return _DARK.get(value, value)
    return value
