"""Boxes alone: the quartiles of every team's scores of single cases, for readers who may not see any single one.

No dots, no whiskers and no extremes: each of these would be the score of one case.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from sonobench_eval.evaluation import Evaluation, MetricScore
from sonobench_eval.report.charts.case_scores import FloatArray, about_of, scores_of, title_of
from sonobench_eval.report.charts.chart import Chart, Spec, table_data
from sonobench_eval.report.charts.labels import labels_of, plain, shortened, slug
from sonobench_eval.report.charts.style import INK, SKY, STEP_PX, VERMILLION, number_axis, sheet, team_axis
from sonobench_eval.report.figures import count_of, metric_label

WIDTH_PX = 520


def case_quartiles(evaluations: Mapping[str, Evaluation], task_id: str, metric: str, *, fewest_cases: int) -> Chart | None:
    """A box from the first to the third quartile for each team, best median first.

    Args:
        evaluations: team -> evaluation.
        task_id: a task of theirs.
        metric: the name of a score that the cases of the task have.
        fewest_cases: that a team must have such a score of; a team with fewer is left out.

    Returns:
        None where no team has as many.
    """
    scores = {team: scores_of(each, task_id, metric) for team, each in evaluations.items()}
    known = {team: values[~np.isnan(values)] for team, values in scores.items()}
    summaries = [_summary(team, values) for team, values in known.items() if values.size >= max(fewest_cases, 1)]
    if not summaries:
        return None
    about = about_of(next(iter(evaluations.values())), task_id, metric)
    best_first = -1 if about.higher_is_better else 1
    summaries.sort(key=lambda row: (best_first * float(row["median"]), best_first * float(row["mean"])))
    table = pd.DataFrame(summaries)
    title = f"Spread of {metric_label(metric)} over cases, {title_of(evaluations, task_id)}"
    takeaway = _takeaway(table, metric_label(metric))
    spec = sheet(title, takeaway, _view(table, about), width_px=WIDTH_PX + 160)
    return Chart(slug("quartiles", task_id, metric), title, takeaway, spec, table)


def _summary(team: str, values: FloatArray) -> dict[str, str | int | float]:
    q1, median, q3 = np.quantile(values, [0.25, 0.5, 0.75]).tolist()
    return {"team": team, "n": len(values), "q1": q1, "median": median, "q3": q3, "mean": float(values.mean())}


def _view(table: pd.DataFrame, about: MetricScore) -> Spec:
    labels = labels_of(table["team"].tolist())
    y = team_axis(list(labels.values()))
    low, high = float(table[["q1", "mean"]].min().min()), float(table[["q3", "mean"]].max().max())
    domain = [0, 1] if not about.unit and low >= 0 and high <= 1 else [min(low, 0), high]
    unit = f", {plain(about.unit)}" if about.unit else ""
    better = "higher" if about.higher_is_better else "lower"
    x = number_axis("q1", f"{metric_label(about.name)}{unit} ({better} is better)", domain=domain)
    also = {"type": "quantitative"}
    diamond = {"type": "point", "shape": "diamond", "size": 40, "filled": True, "opacity": 1}
    layers: list[Spec] = [
        {
            "mark": {"type": "bar", "height": 12, "fill": SKY, "stroke": INK, "strokeWidth": 1},
            "encoding": {"y": y, "x": x, "x2": {"field": "q3"}},
        },
        {
            "mark": {"type": "tick", "size": 16, "thickness": 3, "color": INK, "opacity": 1},
            "encoding": {"y": y, "x": {**also, "field": "median"}},
        },
        {
            "mark": {**diamond, "color": VERMILLION, "stroke": "white", "strokeWidth": 0.6},
            "encoding": {"y": y, "x": {**also, "field": "mean"}},
        },
    ]
    return {"data": table_data(table, labels), "width": WIDTH_PX, "height": {"step": STEP_PX + 2}, "layer": layers}


def _takeaway(table: pd.DataFrame, metric: str) -> str:
    first, steadiest = table.iloc[0], table.iloc[int(np.argmin(table["q3"] - table["q1"]))]
    told = f"{shortened(first['team'], 40)} has the best median {metric}, {first['median']:.3f}"
    told += f" (middle half of its cases: {first['q1']:.3f} to {first['q3']:.3f})"
    if steadiest["team"] != first["team"]:
        told += f"; {shortened(steadiest['team'], 40)} varies least from case to case"
    return f"{told}; {count_of(int(first['n']), 'case')}. Box: quartiles; bar: median; diamond: mean."
