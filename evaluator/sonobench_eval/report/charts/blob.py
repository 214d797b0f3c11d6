"""Blob plot: how often every team took every rank over the bootstrap resamples, as areas."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from sonobench_eval.ranking.stability_report import RankDistribution
from sonobench_eval.report.charts.chart import Chart, Spec, table_data
from sonobench_eval.report.charts.labels import labels_of, percent, plain, shortened, slug
from sonobench_eval.report.charts.style import INK, SKY, STEP_PX, VERMILLION, sheet, team_axis

AREA_PX2 = (STEP_PX + 2) ** 2


def blob_plot(distribution: RankDistribution, *, title: str = "") -> Chart:
    """Teams in the order of the ranking; a blob's area is the share of resamples with that rank, the diamond the median rank,
    the line the rank range, which tells of stability and is no test of difference.

    Args:
        distribution: of the whole ranking or of a task.
        title: of the ranking or the task, where its `scope` does not say enough.
    """
    table = rank_shares_table(distribution)
    labels = labels_of([each.team for each in distribution.teams])
    name = title or ("the whole ranking" if distribution.scope == "score" else distribution.scope)
    heading = f"Bootstrap ranks, {plain(name)}"
    takeaway = _takeaway(distribution)
    spec = sheet(heading, takeaway, _view(table, distribution, labels), width_px=len(labels) * (STEP_PX + 4) + 170)
    return Chart(slug("blob", distribution.scope), heading, takeaway, spec, table)


def rank_shares_table(distribution: RankDistribution) -> pd.DataFrame:
    """A row for each team and each rank that it took at least once."""
    rows = [
        {"team": team.team, "rank": number, "share": share, "low": team.low, "high": team.high, "median": team.median}
        for team in distribution.teams
        for number, share in enumerate(team.shares, start=1)
        if share > 0
    ]
    return pd.DataFrame(rows, columns=["team", "rank", "share", "low", "high", "median"])


def _view(table: pd.DataFrame, distribution: RankDistribution, labels: Mapping[str, str]) -> Spec:
    ranks = len(distribution.teams)
    y = team_axis(list(labels.values()))
    values = list(range(1, ranks + 1))
    x: Spec = {
        "field": "rank",
        "type": "quantitative",
        "title": "Rank",
        "scale": {"domain": [0.4, ranks + 0.6], "nice": False, "zero": False},
        "axis": {"values": values, "format": "d", "labelOverlap": True},
    }
    legend = {
        "title": "Share of resamples",
        "format": "~%",
        "values": [0.1, 0.5, 1],
        "symbolFillColor": SKY,
        "symbolStrokeWidth": 0,
    }
    size = {
        "field": "share",
        "type": "quantitative",
        "scale": {"domain": [0, 1], "range": [0, AREA_PX2]},
        "legend": legend,
    }
    once = [{"aggregate": [{"op": "min", "field": each, "as": each} for each in ("low", "high", "median")], "groupby": ["team"]}]
    layers: list[Spec] = [
        {"mark": {"type": "circle", "color": SKY, "opacity": 1}, "encoding": {"y": y, "x": x, "size": size}},
        {
            "transform": once,
            "mark": {"type": "rule", "color": INK, "strokeWidth": 1.2},
            "encoding": {"y": y, "x": {**x, "field": "low"}, "x2": {"field": "high"}},
        },
        {
            "transform": once,
            "mark": {
                "type": "point",
                "shape": "diamond",
                "filled": True,
                "size": 46,
                "opacity": 1,
                "color": VERMILLION,
                "stroke": "white",
                "strokeWidth": 0.7,
            },
            "encoding": {"y": y, "x": {**x, "field": "median"}},
        },
    ]
    width = max(220, ranks * (STEP_PX + 4))
    return {"data": table_data(table, labels), "width": width, "height": {"step": STEP_PX + 2}, "layer": layers}


def _takeaway(distribution: RankDistribution) -> str:
    first = max(distribution.teams, key=lambda each: each.p_first)
    sure = [each for each in distribution.teams if each.low == each.high]
    told = f"{shortened(first.team, 40)} is first in {percent(first.p_first)} of {distribution.used:,} resamples"
    keeps = {0: "no team keeps a single rank", 1: f"{shortened(sure[0].team, 40) if sure else ''} keeps a single rank"}
    return f"{told}; {keeps.get(len(sure), f'{len(sure)} teams keep a single rank')}. Diamond: median; line: rank range."
