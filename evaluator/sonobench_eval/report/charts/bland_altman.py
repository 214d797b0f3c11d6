"""Bland-Altman plot of one team: how far its measurements lie from the reference, against their size."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sonobench_eval.metrics.regression_agreement import BlandAltman, Estimate, bland_altman
from sonobench_eval.metrics.regression_answers import ValueAnswers
from sonobench_eval.report.charts.chart import Chart, Spec, table_data
from sonobench_eval.report.charts.labels import plain, shortened, slug
from sonobench_eval.report.charts.style import BLUE, INK, QUIET, VERMILLION, number_axis, sheet
from sonobench_eval.report.figures import count_of, signed

WIDTH_PX, HEIGHT_PX = 520, 320
ROOM = 0.08


def bland_altman_plot(answers: ValueAnswers, *, team: str, task: str, unit: str = "", confidence: float = 0.95) -> Chart | None:
    """Differences, predicted minus reference, against the mean of both; bias and 95 % limits of agreement with their intervals.

    Args:
        answers: the team's n cases.
        team: its name.
        task: the task's title.
        unit: of the values.
        confidence: of the intervals, in (0, 1).

    Returns:
        None for fewer than two usable answers. The table has the usable cases and, by `part`, the three lines.
    """
    found = bland_altman(answers, confidence=confidence)
    if found is None:
        return None
    usable = answers.usable
    predicted, reference = answers.predicted[usable], answers.reference[usable]
    cases = pd.DataFrame({"part": "case", "mean": (predicted + reference) / 2, "difference": predicted - reference})
    table = pd.concat([cases, _lines(found)], ignore_index=True)
    title = f"Agreement with the reference, {plain(task)}: {shortened(team, 40)}"
    unit = plain(unit) if unit else ""
    takeaway = _takeaway(found, unit)
    spec = sheet(title, takeaway, _view(table, unit), width_px=WIDTH_PX + 130)
    return Chart(slug("bland-altman", task, team), title, takeaway, spec, table)


def _lines(found: BlandAltman) -> pd.DataFrame:
    parts = {"bias": found.bias, "upper limit": found.loa_high, "lower limit": found.loa_low}
    return pd.DataFrame([_line(part, estimate) for part, estimate in parts.items()])


def _line(part: str, estimate: Estimate) -> dict[str, str | float]:
    return {"part": part, "difference": estimate.value, "low": estimate.ci_low, "high": estimate.ci_high}


def _decimals(values: pd.Series) -> int:
    spread = float(values.abs().max())
    return int(np.clip(2 - np.floor(np.log10(spread)), 0, 4)) if spread > 0 else 2


def _view(table: pd.DataFrame, unit: str) -> Spec:
    data = table_data(table, {})
    decimals = _decimals(table["difference"])
    for row in data["values"]:
        if row["part"] != "case":
            row["told"] = f"{row['part']} {signed(row['difference'], decimals)}"
    ends = table[["difference", "low", "high"]].to_numpy(dtype=np.float64)
    low, high = float(np.nanmin(ends)), float(np.nanmax(ends))
    room = ROOM * (high - low or 1.0)
    left, right = float(table["mean"].min()), float(table["mean"].max())
    aside = 0.03 * (right - left or 1.0)
    in_unit = f", {unit}" if unit else ""
    x = number_axis("mean", f"Mean of prediction and reference{in_unit}", domain=[left - aside, right + aside])
    y = number_axis("difference", f"Prediction minus reference{in_unit}", domain=[low - room, high + room])
    lines = [{"filter": "datum.part !== 'case'"}]
    dash = {"condition": {"test": "datum.part === 'bias'", "value": [1, 0]}, "value": [6, 4]}
    edge = {"value": WIDTH_PX}
    layers: list[Spec] = [
        {
            "transform": lines,
            "mark": {"type": "rect", "color": QUIET, "opacity": 0.14},
            "encoding": {"x": {"value": 0}, "x2": edge, "y": {**y, "field": "low"}, "y2": {"field": "high"}},
        },
        {
            "data": {"name": "zero", "values": [{"difference": 0}]},
            "mark": {"type": "rule", "color": QUIET, "strokeWidth": 0.8},
            "encoding": {"y": y},
        },
        {
            "transform": [{"filter": "datum.part === 'case'"}],
            "mark": {"type": "circle", "color": BLUE, "size": 26, "opacity": 0.55},
            "encoding": {"x": x, "y": y},
        },
        {
            "transform": lines,
            "mark": {"type": "rule", "color": VERMILLION, "strokeWidth": 1.6},
            "encoding": {"y": y, "strokeDash": dash},
        },
        {
            "transform": lines,
            "mark": {"type": "text", "align": "left", "dx": 6, "color": INK},
            "encoding": {"x": edge, "y": y, "text": {"field": "told", "type": "nominal"}},
        },
    ]
    return {"data": data, "width": WIDTH_PX, "height": HEIGHT_PX, "layer": layers}


def _takeaway(found: BlandAltman, unit: str) -> str:
    decimals = _decimals(pd.Series([found.bias.value, found.loa_low.value, found.loa_high.value]))
    after = f" {unit}" if unit else ""
    bias, low, high = (signed(each.value, decimals) for each in (found.bias, found.loa_low, found.loa_high))
    beyond = "differs from 0" if found.bias.ci_low > 0 or found.bias.ci_high < 0 else "may be 0"
    told = f"Bias {bias}{after} ({beyond}); 95 % of differences are expected between {low} and {high}{after}"
    left_out = f", {count_of(found.unusable, 'unusable answer')} not shown" if found.unusable else ""
    return f"{told} ({count_of(found.cases, 'case')}{left_out}). Shaded: intervals of the lines."
