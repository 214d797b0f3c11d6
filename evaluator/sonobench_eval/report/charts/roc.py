"""ROC curves of a task with their bootstrap bands, one panel for each team."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sonobench_eval.metrics.class_answers import ClassAnswers, FloatArray, Question, once
from sonobench_eval.metrics.roc import auc_of
from sonobench_eval.metrics.roc_curve import RocCurve, roc_curve
from sonobench_eval.report.charts.chart import TABLE, Chart, Spec, table_data
from sonobench_eval.report.charts.labels import labels_of, percent, plain, shortened, slug
from sonobench_eval.report.charts.panels import Grid, everybody, panels
from sonobench_eval.report.charts.style import BLUE, INK, QUIET, number_axis, sheet
from sonobench_eval.report.figures import count_of
from sonobench_eval.statistics.bootstrap import percentile_interval
from sonobench_eval.statistics.resampling import Resampling

GRID = np.linspace(0, 1, 101)
"""The false-positive rates at which the band is told."""


@dataclass(frozen=True, slots=True)
class _Found:
    """A team's curve and its band over GRID; no band where no resample has both classes."""

    curve: RocCurve
    area: float
    area_low: float | None
    area_high: float | None
    low: FloatArray | None
    high: FloatArray | None

    @property
    def told(self) -> str:
        interval = "" if self.area_low is None else f" ({self.area_low:.2f}–{self.area_high:.2f})"
        return f"{self.area:.2f}{interval}"


def roc_curves(
    answers: Mapping[str, ClassAnswers],
    resampling: Resampling,
    *,
    task: str,
    positive: int = 1,
    positive_name: str = "",
    confidence: float = 0.95,
) -> Chart | None:
    """Every team's ROC curve of one class against the rest, best area first, with a pointwise band and the area's interval.

    Args:
        answers: team -> its answers to the same n cases (`answers.class_answers` makes them from an evaluation). A case
            without a usable answer ranks worst, as in the metric.
        resampling: of the same cases in the same order; with the seed of the evaluations, intervals are theirs.
        task: its title.
        positive: the class that is looked for.
        positive_name: what it is called.
        confidence: of band and intervals, in (0.5, 1).

    Returns:
        None where the cases are of one class only.
    """
    counts = resampling.counts()
    found = {team: _found(each.question(positive), counts, confidence) for team, each in answers.items()}
    known = {team: each for team, each in found.items() if each is not None}
    if not known:
        return None
    order = sorted(known, key=lambda team: -known[team].area)
    labels = labels_of(order)
    table = pd.concat([_rows(team, known[team], f"{labels[team]}\nAUC {known[team].told}", n) for n, team in enumerate(order)])
    table = table.reset_index(drop=True)
    what = f"{plain(task)}: {plain(positive_name)}" if positive_name else plain(task)
    title = f"ROC curves, {what}"
    takeaway = _takeaway(order, known, len(resampling.unit_of_case), confidence)
    spec = sheet(title, takeaway, _view(table, labels), width_px=Grid.of(len(order)).width_px)
    return Chart(slug("roc", task, positive_name or ("" if positive == 1 else str(positive))), title, takeaway, spec, table)


def band_of(question: Question, counts: FloatArray, grid: FloatArray) -> FloatArray:
    """The sensitivity of every resample's curve at some false-positive rates, shape (grid, resamples).

    Where a curve rises straight up, the top of the rise; between two points (a tie of cases of both classes) on the straight
    line between them. NaN where a resample lacks positives or negatives.

    Args:
        question: the n cases.
        counts: shape (resamples, n).
        grid: ascending, in [0, 1].
    """
    order = np.argsort(-question.score, kind="stable")
    last = np.flatnonzero(np.append(np.diff(question.score[order]) != 0, True))
    rows, truth = counts.T[order], question.positive[order][:, np.newaxis]
    start = np.zeros((1, len(counts)))
    hits = np.concatenate([start, np.cumsum(rows * truth, axis=0)[last]])
    alarms = np.concatenate([start, np.cumsum(rows * ~truth, axis=0)[last]])
    each = np.arange(len(counts))
    found = np.empty((len(grid), len(counts)))
    for number, rate in enumerate(grid):
        allowed = rate * alarms[-1]
        before = np.count_nonzero(alarms <= allowed + 1e-9, axis=0) - 1
        after = np.minimum(before + 1, len(hits) - 1)
        step = alarms[after, each] - alarms[before, each]
        part = np.divide(allowed - alarms[before, each], step, out=np.zeros(len(each)), where=step > 0)
        found[number] = hits[before, each] + np.clip(part, 0, 1) * (hits[after, each] - hits[before, each])
    both = (hits[-1] > 0) & (alarms[-1] > 0)
    return np.asarray(np.divide(found, hits[-1], out=np.full(found.shape, np.nan), where=both))


def _found(question: Question, counts: FloatArray, confidence: float) -> _Found | None:
    curve = roc_curve(question)
    if curve is None:
        return None
    area = float(auc_of(question, once(len(question.score)))[0])
    interval = percentile_interval(auc_of(question, counts), confidence=confidence)
    sensitivities = band_of(question, counts, GRID)
    sensitivities = sensitivities[:, ~np.isnan(sensitivities[0])]
    if interval is None or not sensitivities.size:
        return _Found(curve, area, None, None, None, None)
    low, high = np.quantile(sensitivities, [(1 - confidence) / 2, (1 + confidence) / 2], axis=1)
    return _Found(curve, area, interval.low, interval.high, low, high)


def _rows(team: str, found: _Found, panel: str, number: int) -> pd.DataFrame:
    """Rows of two parts: the points of the curve, and the band over the grid."""
    x, y = _corners(found.curve.false_positive_rate, found.curve.true_positive_rate)
    curve = pd.DataFrame({"part": "curve", "false_positive_rate": x, "sensitivity": y})
    band = pd.DataFrame({"part": "band", "false_positive_rate": GRID, "low": found.low, "high": found.high})
    both = pd.concat([curve, band] if found.low is not None else [curve.assign(low=np.nan, high=np.nan)])
    return both.assign(team=team, panel=panel, panel_order=number, auc=found.area, point=np.arange(len(both)))


def _corners(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Without the points that lie on the line between their neighbors."""
    inner = np.diff(x)[:-1] * np.diff(y)[1:] - np.diff(x)[1:] * np.diff(y)[:-1]
    kept = np.concatenate([[True], np.abs(inner) > 1e-12, [True]]) if len(x) > 2 else np.full(len(x), True)
    return x[kept], y[kept]


def _view(table: pd.DataFrame, labels: Mapping[str, str]) -> Spec:
    data = table_data(table, labels)
    x = number_axis("false_positive_rate", "False-positive rate", domain=[0, 1])
    y = number_axis("sensitivity", "Sensitivity", domain=[0, 1])
    ticks = {"values": [0, 0.5, 1], "format": ".1f"}
    x["axis"], y["axis"] = ticks, ticks
    curves = [{"filter": "datum.part === 'curve'"}]
    behind = everybody([row for row in data["values"] if row["part"] == "curve"], x, y)
    chance: Spec = {
        "data": {"name": "chance", "values": [{"x": 0, "y": 0}, {"x": 1, "y": 1}]},
        "mark": {"type": "line", "color": QUIET, "strokeWidth": 0.8, "strokeDash": [2, 3]},
        "encoding": {"x": {**x, "field": "x"}, "y": {**y, "field": "y"}},
    }
    band: Spec = {
        "transform": [{"filter": "datum.part === 'band'"}],
        "mark": {"type": "area", "color": BLUE, "opacity": 0.25},
        "encoding": {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}},
    }
    own: Spec = {
        "transform": curves,
        "mark": {"type": "line", "color": INK, "strokeWidth": 1.6},
        "encoding": {"x": x, "y": y, "order": {"field": "point", "type": "quantitative"}},
    }
    return panels(data | {"name": TABLE}, behind, [chance, band, own], teams=len(labels))


def _takeaway(order: list[str], found: Mapping[str, _Found], cases: int, confidence: float) -> str:
    first = found[order[0]]
    interval = "" if first.area_low is None else f", {percent(confidence)} interval {first.area_low:.2f} to {first.area_high:.2f}"
    told = f"{shortened(order[0], 40)} has the largest area under the curve, {first.area:.2f}{interval}"
    if len(order) > 1:
        told += f"; next is {shortened(order[1], 40)} with {found[order[1]].area:.2f}"
    return f"{told} ({count_of(cases, 'case')})."
