"""Reliability diagrams: can probabilities be taken at their word? One panel for each team."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from sonobench_eval.metrics.calibration import ece, reliability
from sonobench_eval.metrics.class_answers import ClassAnswers, once
from sonobench_eval.report.charts.chart import Chart, Spec, table_data
from sonobench_eval.report.charts.labels import labels_of, plain, shortened, slug
from sonobench_eval.report.charts.panels import Grid, everybody, panels
from sonobench_eval.report.charts.style import BLUE, INK, QUIET, number_axis, sheet
from sonobench_eval.report.figures import count_of


def reliability_diagram(answers: Mapping[str, ClassAnswers], *, task: str, bins: int = 10, fewest_cases: int = 1) -> Chart | None:
    """Accuracy against confidence in bins of equal width; on the diagonal a team is right as often as it says.

    Args:
        answers: team -> its answers to the same n cases.
        task: its title.
        bins: how many, over [0, 1]. The expected calibration error in the heading is of the same bins; unlike the drawing it
            counts cases without a usable answer too, at their worst.
        fewest_cases: of a bin that is shown; the sentence is of all cases.

    Returns:
        None where no bin of anybody is shown. Teams without any are left out.
    """
    every = {team: _rows(team, each, bins) for team, each in answers.items()}
    tables = {team: rows[rows["cases"] >= fewest_cases] for team, rows in every.items()}
    errors = {team: float(ece(answers[team], once(len(answers[team].labels)), bins=bins)[0]) for team in answers}
    order = sorted((team for team, rows in tables.items() if len(rows)), key=lambda team: errors[team])
    if not order:
        return None
    labels = labels_of(order)
    table = pd.concat(
        [
            tables[team].assign(ece=errors[team], panel=f"{labels[team]}\nECE {errors[team]:.3f}", panel_order=number)
            for number, team in enumerate(order)
        ],
        ignore_index=True,
    )
    title = f"Reliability of probabilities, {plain(task)}"
    takeaway = _takeaway(pd.concat([every[team] for team in order]), order, errors, len(answers[order[0]].labels))
    takeaway += _left_out(fewest_cases)
    spec = sheet(title, takeaway, _view(table, labels), width_px=Grid.of(len(order)).width_px)
    return Chart(slug("reliability", task), title, takeaway, spec, table)


def _rows(team: str, answers: ClassAnswers, bins: int) -> pd.DataFrame:
    """A row for each bin that holds a case."""
    found = reliability(answers, bins=bins)
    rows = {
        "team": team,
        "bin_low": found.edges[:-1],
        "bin_high": found.edges[1:],
        "cases": found.cases,
        "confidence": found.confidence,
        "accuracy": found.accuracy,
        "unusable": found.unusable,
    }
    table = pd.DataFrame(rows)
    return table[table["cases"] > 0]


def _view(table: pd.DataFrame, labels: Mapping[str, str]) -> Spec:
    data = table_data(table, labels)
    low = float(np.floor(table["confidence"].min() * 10) / 10)
    ticks = {"tickCount": 3, "format": ".1f"}
    x = {**number_axis("confidence", "Confidence", domain=[low, 1]), "axis": ticks}
    y = {**number_axis("accuracy", "Share that is right", domain=[0, 1]), "axis": {"values": [0, 0.5, 1], "format": ".1f"}}
    behind = everybody(data["values"], x, y)
    diagonal: Spec = {
        "data": {"name": "diagonal", "values": [{"x": low, "y": low}, {"x": 1, "y": 1}]},
        "mark": {"type": "line", "color": QUIET, "strokeWidth": 1, "strokeDash": [4, 3]},
        "encoding": {"x": {**x, "field": "x"}, "y": {**y, "field": "y"}},
    }
    line: Spec = {"mark": {"type": "line", "color": INK, "strokeWidth": 1.4}, "encoding": {"x": x, "y": y}}
    most = int(table["cases"].max())
    legend = {
        "title": "Cases in the bin",
        "symbolFillColor": BLUE,
        "symbolStrokeWidth": 0,
        "values": sorted({1, -(-most // 2), most}),
    }
    size = {"field": "cases", "type": "quantitative", "scale": {"range": [6, 220], "zero": True}, "legend": legend}
    dots: Spec = {
        "mark": {"type": "circle", "color": BLUE, "opacity": 0.85},
        "encoding": {"x": x, "y": y, "size": size},
    }
    return panels(data, behind, [diagonal, line, dots], teams=len(labels))


def _takeaway(table: pd.DataFrame, order: list[str], errors: Mapping[str, float], cases: int) -> str:
    told = f"{shortened(order[0], 40)} is the best calibrated, with an expected calibration error of {errors[order[0]]:.3f}"
    if len(order) > 1:
        told += f"; {shortened(order[-1], 40)} the worst ({errors[order[-1]]:.3f})"
    sums = table.assign(over=(table["confidence"] - table["accuracy"]) * table["cases"]).groupby("team")["over"].sum()
    over = f"{int((sums > 0).sum())} of {len(order)} teams are overconfident on average, so below the diagonal"
    return f"{told}; {over}. {count_of(cases, 'case')}."


def _left_out(fewest_cases: int) -> str:
    return f" Bins of fewer than {count_of(fewest_cases, 'case')} are not shown." if fewest_cases > 1 else ""
