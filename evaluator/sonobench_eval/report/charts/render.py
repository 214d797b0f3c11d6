"""Charts as SVG, PNG and PDF, without a browser and without a network. The renderer comes with `sonobench[report]`."""

from __future__ import annotations

import importlib
import os
import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import ModuleType

from sonobench_eval.report.charts.chart import Chart
from sonobench_eval.report.charts.style import VEGA

VEGA_LITE_VERSION = "5.21"
_NOWHERE: list[str] = []
"""The addresses that a specification may read from."""
_ID = re.compile(r'(id="|url\(#)((?:clip|gradient_?)\d+)(?="|\))')


FONTS = "SONOBENCH_FONTS"
"""Environment variable: a folder with fonts for scripts that Liberation Sans lacks."""


class ReportNotInstalledError(Exception):
    """Charts are drawn by a package that the plain install does without."""

    def __init__(self) -> None:
        super().__init__("Charts need the package vl-convert-python. Install it with: pip install 'sonobench[report]'")


def svg(chart: Chart) -> str:
    """The same text for the same chart, however many were rendered before. Its ids are its own: several fit on one page.

    Raises:
        ReportNotInstalledError: the renderer is not installed.
    """
    renderer = _renderer()
    if _is_vega(chart):
        text = str(renderer.vega_to_svg(chart.spec, allowed_base_urls=_NOWHERE))
    else:
        text = str(renderer.vegalite_to_svg(chart.spec, vl_version=VEGA_LITE_VERSION, allowed_base_urls=_NOWHERE))
    return _own_ids(text, chart.name)


def png(chart: Chart, scale: float = 2) -> bytes:
    """Args: scale: image pixels for each pixel of the drawing; 2 suits screens, 4 print.

    Raises:
        ReportNotInstalledError: the renderer is not installed.
    """
    return png_of(svg(chart), scale=scale)


def png_of(drawn: str, scale: float = 2) -> bytes:
    """Of a drawing that `svg` made."""
    return bytes(_renderer().svg_to_png(drawn, scale=scale))


def pdf(chart: Chart) -> bytes:
    """One page as large as the drawing, with its fonts.

    Raises:
        ReportNotInstalledError: the renderer is not installed.
    """
    return pdf_of(svg(chart))


def pdf_of(drawn: str) -> bytes:
    """Of a drawing that `svg` made."""
    return bytes(_renderer().svg_to_pdf(drawn))


def compiled(chart: Chart) -> Chart:
    """The chart as Vega, which every viewer draws without working out scales first, and which warns of nothing.

    Raises:
        ReportNotInstalledError: the renderer is not installed.
    """
    if _is_vega(chart):
        return chart
    found = dict(_renderer().vegalite_to_vega(chart.spec, vl_version=VEGA_LITE_VERSION))
    kept = {"usermeta": chart.spec["usermeta"]} if "usermeta" in chart.spec else {}
    return replace(chart, spec={**found, **kept})


def version() -> str:
    """Of the renderer, and with it of what it gives browsers; empty where it is not installed."""
    try:
        return str(_renderer().__version__)
    except ReportNotInstalledError:
        return ""


def browser_bundle() -> str:
    """A script for browsers that draws charts: it sets `vega`, `vegaLite` and `vegaEmbed` and loads nothing. Takes seconds.

    Raises:
        ReportNotInstalledError: the renderer is not installed.
    """
    return str(_renderer().javascript_bundle(vl_version=VEGA_LITE_VERSION))


def _renderer() -> ModuleType:
    try:
        renderer = importlib.import_module("vl_convert")
    except ModuleNotFoundError as error:
        raise ReportNotInstalledError from error
    if folder := os.environ.get(FONTS):
        _register_fonts(renderer, folder)
    return renderer


@cache
def _register_fonts(renderer: ModuleType, folder: str) -> None:
    """Once: every further call would have all fonts read again."""
    renderer.register_font_directory(str(Path(folder).absolute()))


def _is_vega(chart: Chart) -> bool:
    return bool(chart.spec["$schema"] == VEGA)


def _own_ids(text: str, name: str) -> str:
    """Vega numbers its ids on from chart to chart; here they begin with the chart's name, and at 1."""
    numbers: dict[str, int] = {}

    def renamed(found: re.Match[str]) -> str:
        return f"{found[1]}{name}-{numbers.setdefault(found[2], len(numbers) + 1)}"

    return _ID.sub(renamed, text)
