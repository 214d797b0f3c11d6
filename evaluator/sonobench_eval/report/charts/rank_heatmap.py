"""Rank heatmap: how often every team took every rank over the bootstrap resamples, in numbers."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from sonobench_eval.ranking.stability_report import RankDistribution
from sonobench_eval.report.charts.blob import rank_shares_table
from sonobench_eval.report.charts.chart import Chart, Spec, table_data
from sonobench_eval.report.charts.labels import labels_of, percent, plain, shortened, slug
from sonobench_eval.report.charts.style import BLACK, LIGHT_TO_DARK, STEP_PX, WHITE_FROM, sheet, team_axis

CELL_PX = 32


def rank_heatmap(distribution: RankDistribution, *, title: str = "") -> Chart:
    """Rows of teams in the order of the ranking, columns of ranks, in each cell the share of resamples in percent.

    Args:
        distribution: of the whole ranking or of a task.
        title: of the ranking or the task, where its `scope` does not say enough.
    """
    table = rank_shares_table(distribution)[["team", "rank", "share"]]
    table["percent"] = [_whole(share) for share in table["share"]]
    labels = labels_of([each.team for each in distribution.teams])
    name = title or ("the whole ranking" if distribution.scope == "score" else distribution.scope)
    heading = f"Share of each rank, {plain(name)}"
    takeaway = _takeaway(distribution)
    spec = sheet(heading, takeaway, _view(table, labels), width_px=len(labels) * CELL_PX + 180)
    return Chart(slug("rank-heatmap", distribution.scope), heading, takeaway, spec, table)


def _whole(share: float) -> str:
    """Whole percents; what is rarer than half of one is not nothing."""
    if share < 0.005:
        return "<1"
    return ">99" if 0.995 <= share < 1 else str(int(100 * share + 0.5))


def _view(table: pd.DataFrame, labels: Mapping[str, str]) -> Spec:
    ranks = list(range(1, len(labels) + 1))
    y = team_axis(list(labels.values()))
    axis = {"orient": "top", "labelAngle": 0, "domain": False, "ticks": False, "grid": False}
    x = {"field": "rank", "type": "ordinal", "title": "Rank", "scale": {"domain": ranks}, "axis": axis}
    legend = {"title": "Share", "format": "~%", "gradientLength": min(160, len(labels) * STEP_PX)}
    color = {
        "field": "share",
        "type": "quantitative",
        "scale": {"domain": [0, 1], "range": list(LIGHT_TO_DARK)},
        "legend": legend,
    }
    layers: list[Spec] = [
        {"mark": {"type": "rect", "stroke": "white", "strokeWidth": 1}, "encoding": {"x": x, "y": y, "color": color}},
        {
            "mark": {"type": "text", "fontSize": 10},
            "encoding": {
                "x": x,
                "y": y,
                "text": {"field": "percent", "type": "nominal"},
                "color": {"condition": {"test": f"datum.share > {WHITE_FROM}", "value": "white"}, "value": BLACK},
            },
        },
    ]
    return {"data": table_data(table, labels), "width": {"step": CELL_PX}, "height": {"step": STEP_PX}, "layer": layers}


def _takeaway(distribution: RankDistribution) -> str:
    widest = max(distribution.teams, key=lambda each: each.high - each.low)
    surest = max(distribution.teams, key=lambda each: max(each.shares))
    share = max(surest.shares)
    told = f"Surest is rank {surest.shares.index(share) + 1} of {shortened(surest.team, 40)}"
    told += f", in {percent(share)} of {distribution.used:,} resamples"
    if widest.high > widest.low:
        told += f"; least sure is {shortened(widest.team, 40)}, from rank {widest.low} to {widest.high}"
    return f"{told}."
