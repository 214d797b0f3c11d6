"""Boxes and dots: how every team's scores of single cases are spread, for one metric of a task."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sonobench_eval.evaluation import Evaluation, MetricScore
from sonobench_eval.report.charts.chart import Chart, Spec, table_data
from sonobench_eval.report.charts.labels import labels_of, plain, shortened, slug
from sonobench_eval.report.charts.style import BLUE, INK, STEP_PX, VERMILLION, number_axis, sheet, team_axis
from sonobench_eval.report.figures import count_of, metric_label

FloatArray = NDArray[np.float64]
WIDTH_PX = 520
MOST_DOTS = 250
"""Of a team: more are no longer seen as dots, and make the drawing heavy."""
_GOLDEN = 0.6180339887498949


def case_scores(evaluations: Mapping[str, Evaluation], task_id: str, metric: str) -> Chart | None:
    """Box and dots for each team, best median first. Boxes are the quartiles, whiskers reach the furthest case within 1.5 boxes.

    Args:
        evaluations: team -> evaluation.
        task_id: a task of theirs.
        metric: the name of a score that the cases of the task have (`dsc`, `error`, ...).

    Returns:
        None where no case has such a score. Cases without one are counted in the table as `without`.
    """
    scores = {team: scores_of(each, task_id, metric) for team, each in evaluations.items()}
    known = {team: values for team, values in scores.items() if values[~np.isnan(values)].size}
    if not known:
        return None
    about = about_of(next(iter(evaluations.values())), task_id, metric)
    best_first = -1 if about.higher_is_better else 1
    summaries = [_summary(team, values) for team, values in known.items()]
    summaries.sort(key=lambda row: (best_first * float(row["median"]), best_first * float(row["mean"])))
    table = pd.DataFrame(summaries)
    title = f"{metric_label(metric)} of single cases, {title_of(evaluations, task_id)}"
    takeaway = _takeaway(table, metric_label(metric))
    spec = sheet(title, takeaway, _view(table, known, about), width_px=WIDTH_PX + 160)
    return Chart(slug("cases", task_id, metric), title, takeaway, spec, table)


def scores_of(evaluation: Evaluation, task_id: str, metric: str) -> FloatArray:
    """A team's scores of the cases of a task, in their order; NaN where a case has none."""
    return np.array([case.scores.get(metric, np.nan) for case in evaluation.cases if case.task == task_id], dtype=np.float64)


def about_of(evaluation: Evaluation, task_id: str, metric: str) -> MetricScore:
    """What the metric is, its unit and direction among it; of a score that is no metric, its name."""
    found = next((score for score in evaluation.task(task_id).metrics if score.name == metric), None)
    return found or MetricScore(name=metric, definition=metric, value=None, n=0, units=0)


def title_of(evaluations: Mapping[str, Evaluation], task_id: str) -> str:
    """The task's title, harmless in a chart."""
    return plain(next(iter(evaluations.values())).task(task_id).title)


def _summary(team: str, values: FloatArray) -> dict[str, str | int | float]:
    known = values[~np.isnan(values)]
    low, q1, median, q3, high = np.quantile(known, [0, 0.25, 0.5, 0.75, 1]).tolist()
    reach = 1.5 * (q3 - q1)
    return {
        "team": team,
        "n": len(known),
        "without": len(values) - len(known),
        "least": low,
        "whisker_low": float(known[known >= q1 - reach].min()),
        "q1": q1,
        "median": median,
        "q3": q3,
        "whisker_high": float(known[known <= q3 + reach].max()),
        "most": high,
        "mean": float(known.mean()),
    }


def _dots(team: str, values: FloatArray) -> list[dict[str, str | float]]:
    """All cases, or as many of them, evenly spaced by rank; set apart by a sequence that fills gaps evenly."""
    known = np.sort(values[~np.isnan(values)])
    if len(known) > MOST_DOTS:
        known = known[np.linspace(0, len(known) - 1, MOST_DOTS).round().astype(np.intp)]
    apart = (np.arange(1, len(known) + 1) * _GOLDEN) % 1 - 0.5
    return [
        {"team": team, "score": score, "apart": each} for score, each in zip(known.tolist(), apart.round(3).tolist(), strict=True)
    ]


def _view(table: pd.DataFrame, scores: Mapping[str, FloatArray], about: MetricScore) -> Spec:
    labels = labels_of(table["team"].tolist())
    y = team_axis(list(labels.values()))
    low, high = float(table["least"].min()), float(table["most"].max())
    domain = [0, 1] if not about.unit and low >= 0 and high <= 1 else [min(low, 0), high]
    unit = f", {plain(about.unit)}" if about.unit else ""
    better = "higher" if about.higher_is_better else "lower"
    dots = number_axis("score", f"{metric_label(about.name)}{unit} ({better} is better)", domain=domain)
    x = {"type": "quantitative"}
    ink = {"color": INK, "strokeWidth": 1.2}
    values = [dot for team, label in labels.items() for dot in _dots(label, scores[team])]
    layers: list[Spec] = [
        {
            "data": {"name": "dots", "values": values},
            "mark": {"type": "circle", "size": 9, "color": BLUE, "opacity": 0.3},
            "encoding": {
                "y": y,
                "x": dots,
                "yOffset": {"field": "apart", "type": "quantitative", "scale": {"domain": [-0.62, 0.62]}},
            },
        },
        {"mark": {"type": "rule", **ink}, "encoding": {"y": y, "x": {**x, "field": "whisker_low"}, "x2": {"field": "q1"}}},
        {"mark": {"type": "rule", **ink}, "encoding": {"y": y, "x": {**x, "field": "q3"}, "x2": {"field": "whisker_high"}}},
        {
            "mark": {"type": "bar", "height": 11, "fill": "white", "fillOpacity": 0.55, "stroke": INK, "strokeWidth": 1.1},
            "encoding": {"y": y, "x": {**x, "field": "q1"}, "x2": {"field": "q3"}},
        },
        {
            "mark": {"type": "tick", "size": 15, "thickness": 3, "color": INK, "opacity": 1},
            "encoding": {"y": y, "x": {**x, "field": "median"}},
        },
        {
            "mark": {
                "type": "point",
                "shape": "diamond",
                "size": 34,
                "filled": True,
                "opacity": 1,
                "color": VERMILLION,
                "stroke": "white",
                "strokeWidth": 0.6,
            },
            "encoding": {"y": y, "x": {**x, "field": "mean"}},
        },
    ]
    return {"data": table_data(table, labels), "width": WIDTH_PX, "height": {"step": STEP_PX + 2}, "layer": layers}


def _takeaway(table: pd.DataFrame, metric: str) -> str:
    first = table.iloc[0]
    half = f"half of its cases lie between {first['q1']:.3f} and {first['q3']:.3f}"
    told = f"{shortened(first['team'], 40)} has the best median {metric}, {first['median']:.3f} ({half})"
    if len(table) > 1:
        told += f"; next is {shortened(table.iloc[1]['team'], 40)} with {table.iloc[1]['median']:.3f}"
    return f"{told}; {count_of(int(first['n']), 'case')}. Bar: median; diamond: mean."
