"""Accuracy-rejection curves: how accurate the rest is when the least confident answers are referred to others."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from sonobench_eval.metrics.class_abstention import aurc, risk_coverage_curve
from sonobench_eval.metrics.class_answers import ABSTAIN, ClassAnswers, once
from sonobench_eval.report.charts.chart import Chart, Spec, table_data
from sonobench_eval.report.charts.labels import labels_of, percent, plain, shortened, slug
from sonobench_eval.report.charts.panels import Grid, everybody, panels
from sonobench_eval.report.charts.style import BLUE, INK, VERMILLION, number_axis, sheet
from sonobench_eval.report.figures import count_of

FEWEST_LEFT = 10
"""Cases: the accuracy of fewer is noise and is not drawn."""
SPOKEN = 0.2
"""The share of rejected cases that the takeaway speaks of."""


def accuracy_rejection(answers: Mapping[str, ClassAnswers], *, task: str) -> Chart | None:
    """Accuracy among the accepted cases against the share that is rejected, by rising confidence; abstentions go first.

    A case without a usable answer is never rejected and is wrong, as in the metrics. The dot is where a team stops by itself:
    the share of cases on which it abstains.

    Args:
        answers: team -> its answers to the same n cases.
        task: its title.

    Returns:
        None where there is no case.
    """
    if not answers or not len(next(iter(answers.values())).labels):
        return None
    areas = {team: float(aurc(each, once(len(each.labels)))[0]) for team, each in answers.items()}
    order = sorted(areas, key=lambda team: areas[team])
    labels = labels_of(order)
    table = pd.concat(
        [
            _rows(team, answers[team]).assign(
                aurc=areas[team], panel=f"{labels[team]}\nAURC {areas[team]:.3f}", panel_order=number
            )
            for number, team in enumerate(order)
        ],
        ignore_index=True,
    )
    title = f"Accuracy and rejection, {plain(task)}"
    cases = len(answers[order[0]].labels)
    takeaway = _takeaway(table, order, cases)
    spec = sheet(title, takeaway, _view(table, labels), width_px=Grid.of(len(order)).width_px)
    return Chart(slug("rejection", task), title, takeaway, spec, table)


def _rows(team: str, answers: ClassAnswers) -> pd.DataFrame:
    curve = risk_coverage_curve(answers)
    cases = len(answers.labels)
    rejected, accuracy = 1 - curve.coverage[::-1], 1 - curve.risk[::-1]
    abstains = float(np.mean(answers.decisions == ABSTAIN))
    own = np.isclose(rejected, abstains) if abstains > 0 else np.zeros(len(rejected), dtype=bool)
    kept = (curve.coverage[::-1] * cases >= FEWEST_LEFT - 1e-9) | (rejected == 0)
    return pd.DataFrame({"team": team, "rejected": rejected[kept], "accuracy": accuracy[kept], "stops_here": own[kept]})


def _view(table: pd.DataFrame, labels: Mapping[str, str]) -> Spec:
    data = table_data(table, labels)
    low = float(np.floor(min(float(table["accuracy"].min()), 0.9) * 10) / 10)
    x = {**number_axis("rejected", "Share rejected", domain=[0, 1]), "axis": {"values": [0, 0.5, 1], "format": ".1f"}}
    y = {
        **number_axis("accuracy", "Accuracy of the rest", domain=[low, 1], clamp=True),
        "axis": {"tickCount": 4, "format": ".1f"},
    }
    behind = everybody(data["values"], x, y)
    line: Spec = {"mark": {"type": "line", "color": BLUE, "strokeWidth": 1.8}, "encoding": {"x": x, "y": y}}
    dot: Spec = {
        "transform": [{"filter": "datum.stops_here"}],
        "mark": {
            "type": "point",
            "shape": "diamond",
            "filled": True,
            "size": 70,
            "opacity": 1,
            "color": VERMILLION,
            "stroke": INK,
            "strokeWidth": 0.6,
        },
        "encoding": {"x": x, "y": y},
    }
    return panels(data, behind, [line, dot], teams=len(labels))


def _takeaway(table: pd.DataFrame, order: list[str], cases: int) -> str:
    rows = table[table["team"] == order[0]]
    whole = float(rows["accuracy"].iloc[0])
    told = f"{shortened(order[0], 40)} has the smallest area under the risk-coverage curve: {whole:.2f} of all answers are right"
    later = rows[rows["rejected"] >= SPOKEN - 1e-9]
    if len(later):
        told += f", {later['accuracy'].iloc[0]:.2f} once {percent(float(later['rejected'].iloc[0]))} are rejected"
    return f"{told} ({count_of(cases, 'case')})."
