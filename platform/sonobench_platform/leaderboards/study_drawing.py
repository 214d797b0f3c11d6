"""From a chart to its files: drawings for light and dark pages, for papers and for slides, the numbers, the specification."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from sonobench_eval.report.charts import render
from sonobench_eval.report.charts.chart import Chart
from sonobench_eval.report.charts.dark import dark
from sonobench_eval.report.charts.explorable import explorable, untitled
from sonobench_eval.report.tables import csv_text
from sonobench_platform.leaderboards.study import Cell, ChartFiles, StudyChart
from sonobench_platform.leaderboards.study_charts import Charted

MOST_ROWS = 60
"""Of a table on a page; the file has all."""
_SIZE = re.compile(r'<svg\b[^>]*?\bwidth="([0-9.]+)"[^>]*?\bheight="([0-9.]+)"')


class Drawn(NamedTuple):
    """What the renderer made of a chart: texts and bytes of its files. `moving` and its dark twin are for browsers, as Vega."""

    picture: str
    picture_dark: str
    svg: str
    png: bytes
    pdf: bytes
    moving: Chart
    moving_dark: Chart


Draw = Callable[[Chart], Drawn]


def draw(chart: Chart) -> Drawn:
    """All drawings of a chart; about a second.

    Raises:
        ReportNotInstalledError: the renderer is not installed.
    """
    whole, plain, moving = render.svg(chart), untitled(chart), explorable(chart)
    return Drawn(
        picture=render.svg(plain),
        picture_dark=render.svg(dark(plain)),
        svg=whole,
        png=render.png_of(whole),
        pdf=render.pdf_of(whole),
        moving=render.compiled(moving),
        moving_dark=render.compiled(dark(moving)),
    )


def write_chart(folder: Path, charted: Charted, name: str, drawn: Drawn | None) -> StudyChart:
    """Write a chart's files into a folder.

    Args:
        folder: the study's.
        charted: the chart in its section.
        name: of the chart, which no other of the study has.
        drawn: its drawings; None where there is no renderer.
    """
    chart = charted.chart
    rows = _rows(chart)
    columns = [str(column) for column in chart.table.columns]
    files = _files(folder, name, drawn, csv_text([dict(zip(columns, row, strict=True)) for row in rows], columns))
    width, height = (0, 0) if drawn is None else _size(drawn.picture)
    return StudyChart(
        id=name,
        section=charted.section,
        title=chart.title,
        takeaway=chart.takeaway,
        columns=tuple(columns),
        rows=tuple(rows[:MOST_ROWS]),
        total_rows=len(rows),
        files=files,
        width_px=width,
        height_px=height,
        of_evaluations=charted.of_evaluations,
    )


def _files(folder: Path, name: str, drawn: Drawn | None, numbers: str) -> ChartFiles:
    csv = _written(folder, name, "csv", numbers.encode())
    if drawn is None:
        return ChartFiles(csv=csv)
    return ChartFiles(
        csv=csv,
        picture=_written(folder, f"{name}-light", "svg", drawn.picture.encode()),
        picture_dark=_written(folder, f"{name}-dark", "svg", drawn.picture_dark.encode()),
        svg=_written(folder, name, "svg", drawn.svg.encode()),
        png=_written(folder, name, "png", drawn.png),
        pdf=_written(folder, name, "pdf", drawn.pdf),
        spec=_written(folder, f"{name}-light", "json", _json(drawn.moving)),
        spec_dark=_written(folder, f"{name}-dark", "json", _json(drawn.moving_dark)),
    )


def _written(folder: Path, name: str, suffix: str, content: bytes) -> str:
    """The name that a file got, which changes with its content."""
    file = f"{name}.{hashlib.sha256(content).hexdigest()[:12]}.{suffix}"
    (folder / file).write_bytes(content)
    return file


def _json(chart: Chart) -> bytes:
    return json.dumps(chart.spec, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _size(svg: str) -> tuple[int, int]:
    found = _SIZE.search(svg)
    return (0, 0) if found is None else (math.ceil(float(found[1])), math.ceil(float(found[2])))


def _rows(chart: Chart) -> list[tuple[Cell, ...]]:
    return [tuple(_cell(value) for value in row) for row in chart.table.itertuples(index=False, name=None)]


def _cell(value: object) -> Cell:
    item = value.item() if hasattr(value, "item") else value
    if item is None or isinstance(item, str | bool | int):
        return item
    return item if isinstance(item, float) and math.isfinite(item) else None
