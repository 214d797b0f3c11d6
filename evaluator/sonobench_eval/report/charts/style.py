"""One look for all charts: light, colors that color-blind readers tell apart, a font that is there offline.

Colors: Okabe and Ito, Color Universal Design, 2008. Nothing is told by color alone: there is a label, a shape or a number too.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

from sonobench_eval.report.charts.chart import Spec
from sonobench_eval.report.charts.labels import plain

VEGA_LITE = "https://vega.github.io/schema/vega-lite/v5.json"
VEGA = "https://vega.github.io/schema/vega/v5.json"
FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
"""The first comes with the renderer, and the next have its widths."""
BLUE, VERMILLION, ORANGE, SKY = "#0072B2", "#D55E00", "#E69F00", "#56B4E9"
GREEN, PURPLE, YELLOW, BLACK = "#009E73", "#CC79A7", "#F0E442", "#000000"
CATEGORIES = (BLUE, ORANGE, GREEN, VERMILLION, SKY, PURPLE, BLACK, YELLOW)
INK, QUIET, GRID, PALE = "#222222", "#666666", "#E4E4E4", "#C4C4C4"
LIGHT_TO_DARK = ("#F7FBFF", "#C6DBEF", "#6BAED6", "#2171B5", "#08306B")
"""Steps of one hue whose lightness falls evenly: the order holds in grey."""
WHITE_FROM = 0.71
"""The share of the scale from which white text stands out more than black: both have a contrast of 4.5 there."""
BETTER, WORSE = LIGHT_TO_DARK[1], "#F3D3BC"
"""Tints for cells that say so in words or signs too; black text stands on them."""
STEP_PX = 24
_LETTER_PX = 5.6

_GUIDES: dict[str, Any] = {
    "labelFont": FONT,
    "titleFont": FONT,
    "labelFontSize": 11,
    "titleFontSize": 11,
    "titleFontWeight": "normal",
    "labelColor": INK,
    "titleColor": QUIET,
}
CONFIG: dict[str, Any] = {
    "font": FONT,
    "view": {"stroke": None},
    "axis": {
        **_GUIDES,
        "labelLimit": 220,
        "grid": True,
        "gridColor": GRID,
        "domainColor": PALE,
        "tickColor": PALE,
        "titlePadding": 8,
    },
    "legend": {**_GUIDES, "symbolStrokeColor": INK, "labelLimit": 220, "titleLimit": 260},
    "header": {**_GUIDES, "labelLimit": 220, "title": None},
    "title": {
        "font": FONT,
        "subtitleFont": FONT,
        "fontSize": 15,
        "fontWeight": "bold",
        "subtitleFontSize": 11.5,
        "color": INK,
        "subtitleColor": QUIET,
        "subtitlePadding": 5,
        "anchor": "start",
        "offset": 14,
        "frame": "bounds",
    },
    "text": {"font": FONT, "fontSize": 11, "color": INK},
    "range": {"category": list(CATEGORIES), "ramp": list(LIGHT_TO_DARK), "heatmap": list(LIGHT_TO_DARK)},
}


def sheet(title: str, takeaway: str, view: Spec, *, width_px: int) -> Spec:
    """A Vega-Lite document of a view, with the takeaway below the title, in lines as wide as the drawing."""
    heading = heading_of(title, takeaway, width_px=width_px)
    return {"$schema": VEGA_LITE, "background": "white", "padding": 12, "title": heading, "config": CONFIG, **view}


def heading_of(title: str, takeaway: str, *, width_px: int) -> Spec:
    width = max(70, int(width_px / _LETTER_PX))
    return {"text": textwrap.wrap(plain(title), int(width * 0.76)), "subtitle": textwrap.wrap(takeaway, width)}


def team_axis(labels: Sequence[str], *, field: str = "team", shown: bool = True) -> Spec:
    """Rows of teams from top to bottom, in the order given."""
    axis = {"title": None, "grid": False, "ticks": False, "domain": False, "labelPadding": 8} if shown else None
    return {"field": field, "type": "nominal", "scale": {"domain": list(labels)}, "axis": axis}


def number_axis(field: str, title: str, **scale: Any) -> Spec:
    """A linear axis that keeps to the numbers, unless the scale says otherwise."""
    return {"field": field, "type": "quantitative", "title": title, "scale": {"zero": False, "nice": False, **scale}}
