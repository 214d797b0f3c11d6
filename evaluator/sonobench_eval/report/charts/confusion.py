"""Confusion matrix of one team: which class was taken for which; abstentions and unusable answers have their columns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from sonobench_eval.metrics.class_answers import ClassAnswers
from sonobench_eval.metrics.confusion import ConfusionMatrix
from sonobench_eval.metrics.confusion import confusion_matrix as counted
from sonobench_eval.report.charts.chart import Chart, Spec, table_data
from sonobench_eval.report.charts.labels import labels_of, percent, plain, shortened, slug
from sonobench_eval.report.charts.style import BLACK, LIGHT_TO_DARK, WHITE_FROM, sheet

ABSTAINED, UNUSABLE = "abstained", "no usable answer"
CELL_PX, SMALL_PX = 64, 22
MOST_WRITTEN = 16
"""Classes: of more, cells are too small for numbers."""


def confusion_matrix(answers: ClassAnswers, class_names: Sequence[str], *, team: str, task: str) -> Chart | None:
    """Rows are reference classes, columns the team's decisions; the color is the share of the row, the number the cases.

    Args:
        answers: the team's n cases.
        class_names: of all classes, in order.
        team: its name.
        task: the task's title.

    Returns:
        None where there is no case.
    """
    if not len(answers.labels):
        return None
    found = counted(answers)
    names = list(labels_of(class_names, 18).values())
    if len(names) != len(class_names):
        names = [f"{number} {shortened(name, 14)}" for number, name in enumerate(class_names)]
    table = _table(found, names)
    title = f"Confusion matrix, {plain(task)}: {shortened(team, 40)}"
    takeaway = _takeaway(found, names)
    decisions = list(dict.fromkeys(table["decision"]))
    side = CELL_PX if len(names) <= MOST_WRITTEN else SMALL_PX
    view = _view(table, names, decisions, side_px=side)
    return Chart(
        slug("confusion", task, team), title, takeaway, sheet(title, takeaway, view, width_px=side * len(decisions) + 150), table
    )


def _table(found: ConfusionMatrix, names: Sequence[str]) -> pd.DataFrame:
    columns = list(zip(names, found.cases.T, strict=True))
    if found.abstained.any():
        columns.append((ABSTAINED, found.abstained))
    if found.unusable.any():
        columns.append((UNUSABLE, found.unusable))
    held = found.held
    rows = [
        {
            "reference": name,
            "decision": decision,
            "cases": int(cases[number]),
            "share": cases[number] / held[number] if held[number] else np.nan,
        }
        for number, name in enumerate(names)
        for decision, cases in columns
    ]
    return pd.DataFrame(rows)


def _view(table: pd.DataFrame, names: Sequence[str], decisions: Sequence[str], *, side_px: int) -> Spec:
    quiet = {"ticks": False, "domain": False, "grid": False}
    axis = {"orient": "top", "labelAngle": -35, "labelLimit": 130, **quiet}
    x = {"field": "decision", "type": "nominal", "title": "Decision", "scale": {"domain": list(decisions)}, "axis": axis}
    y = {"field": "reference", "type": "nominal", "title": "Reference", "scale": {"domain": list(names)}, "axis": quiet}
    legend = {"title": "Share of the row", "format": "~%", "gradientLength": min(140, max(60, side_px * len(names)))}
    color = {
        "field": "share",
        "type": "quantitative",
        "scale": {"domain": [0, 1], "range": list(LIGHT_TO_DARK)},
        "legend": legend,
    }
    rect: Spec = {
        "transform": [{"filter": "isValid(datum.share)"}],
        "mark": {"type": "rect", "stroke": "white", "strokeWidth": 1.5},
        "encoding": {"x": x, "y": y, "color": color},
    }
    light = {"condition": {"test": f"datum.share > {WHITE_FROM}", "value": "white"}, "value": BLACK}
    texts: list[Spec] = [
        {
            "mark": {"type": "text", "fontSize": 12, "dy": -5},
            "encoding": {"x": x, "y": y, "color": light, "text": {"field": "cases", "type": "quantitative", "format": ","}},
        },
        {
            "transform": [{"filter": "isValid(datum.share)"}],
            "mark": {"type": "text", "fontSize": 9.5, "dy": 8},
            "encoding": {"x": x, "y": y, "color": light, "text": {"field": "share", "type": "quantitative", "format": ".0%"}},
        },
    ]
    step = {"step": side_px if side_px == SMALL_PX else 44}
    layers = [rect, *texts] if side_px == CELL_PX else [rect]
    return {"data": table_data(table, {}), "width": {"step": side_px}, "height": step, "layer": layers}


def _takeaway(found: ConfusionMatrix, names: Sequence[str]) -> str:
    cases, held = float(found.held.sum()), found.held
    right = float(np.trace(found.cases))
    told = f"{percent(right / cases)} of {cases:,.0f} cases are right"
    wrong = found.cases - np.diag(np.diag(found.cases))
    if wrong.any():
        reference, decision = divmod(int(np.argmax(wrong)), len(wrong))
        amount = f"{wrong[reference, decision]:.0f} of {held[reference]:.0f}"
        told += f"; most often wrong: {names[reference]} taken for {names[decision]} ({amount})"
    return f"{told}."
