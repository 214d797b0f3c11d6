"""Difficulty tiers: how many cases all, most, few or none of the algorithms solve, and how each does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from sonobench_eval.report.charts.chart import Chart, Spec, table_data
from sonobench_eval.report.charts.labels import labels_of, percent, plain, slug
from sonobench_eval.report.charts.style import BLACK, LIGHT_TO_DARK, SKY, STEP_PX, WHITE_FROM, sheet, team_axis
from sonobench_eval.report.figures import count_of
from sonobench_eval.statistics.difficulty import TIERS, BoolArray, difficulty_tiers, own_tiers

COLUMN_PX, BARS_PX = 92, 90
CASES = "cases"
TOLD = {"all": "solved by all", "most": "by more than half", "few": "by half or fewer", "none": "by none"}


def difficulty_chart(solved: BoolArray, teams: Sequence[str], *, task: str) -> Chart | None:
    """Bars: cases in each tier. Below: the share that each team solves of the tiers which all other teams make.

    Args:
        solved: which algorithm solves which case, shape (algorithms, n).
        teams: their names.
        task: its title.

    Returns:
        None where there are fewer than two algorithms, or no case.
    """
    if len(solved) < 2 or not solved.shape[1]:
        return None
    table = pd.concat([_cases(solved), _shares(solved, teams)], ignore_index=True)
    labels = labels_of(teams)
    title = f"Difficulty of cases, {plain(task)}"
    takeaway = _takeaway(table, solved)
    spec = sheet(title, takeaway, _view(table, labels), width_px=len(TIERS) * COLUMN_PX + 170)
    return Chart(slug("difficulty", task), title, takeaway, spec, table)


def _cases(solved: BoolArray) -> pd.DataFrame:
    return pd.DataFrame([{"part": CASES, "tier": TOLD[tier.name], "cases": tier.n} for tier in difficulty_tiers(solved)])


def _shares(solved: BoolArray, teams: Sequence[str]) -> pd.DataFrame:
    rows = [
        {"part": "share", "team": team, "tier": TOLD[tier], "cases": int(cases), "solved": int(hits), "share": share}
        for team, own in zip(teams, own_tiers(solved), strict=True)
        for tier, cases, hits, share in zip(TIERS, own.cases, own.solved, own.accuracy, strict=True)
    ]
    return pd.DataFrame(rows)


def _view(table: pd.DataFrame, labels: Mapping[str, str]) -> Spec:
    data = table_data(table, labels)
    domain = {"domain": [TOLD[tier] for tier in TIERS]}
    quiet = {"labelAngle": 0, "ticks": False, "domain": False, "grid": False, "labelLimit": COLUMN_PX + 8}
    x = {"field": "tier", "type": "nominal", "title": None, "scale": domain, "axis": {**quiet, "orient": "bottom"}}
    amount = {"field": "cases", "type": "quantitative", "title": "Cases", "axis": {"tickCount": 3}}
    bars: Spec = {
        "transform": [{"filter": f"datum.part === '{CASES}'"}],
        "width": {"step": COLUMN_PX},
        "height": BARS_PX,
        "layer": [
            {"mark": {"type": "bar", "color": SKY, "width": {"band": 0.7}}, "encoding": {"x": x, "y": amount}},
            {
                "mark": {"type": "text", "dy": -7},
                "encoding": {"x": x, "y": amount, "text": {"field": "cases", "type": "quantitative", "format": ","}},
            },
        ],
    }
    top = {
        **x,
        "axis": {**quiet, "orient": "top", "title": "Share solved of the tiers that the other teams make", "labels": False},
    }
    color = {
        "field": "share",
        "type": "quantitative",
        "scale": {"domain": [0, 1], "range": list(LIGHT_TO_DARK)},
        "legend": {"title": "Share", "format": "~%", "gradientLength": 100},
    }
    y = team_axis(list(labels.values()))
    light = {"condition": {"test": f"datum.share > {WHITE_FROM}", "value": "white"}, "value": BLACK}
    shares: Spec = {
        "transform": [{"filter": "datum.part === 'share' && isValid(datum.share)"}],
        "width": {"step": COLUMN_PX},
        "height": {"step": STEP_PX},
        "layer": [
            {"mark": {"type": "rect", "stroke": "white", "strokeWidth": 1.5}, "encoding": {"x": top, "y": y, "color": color}},
            {
                "mark": {"type": "text", "fontSize": 10.5},
                "encoding": {
                    "x": top,
                    "y": y,
                    "color": light,
                    "text": {"field": "share", "type": "quantitative", "format": ".0%"},
                },
            },
        ],
    }
    return {"data": data, "vconcat": [bars, shares], "spacing": 16}


def _takeaway(table: pd.DataFrame, solved: BoolArray) -> str:
    cases = table[table["part"] == CASES].set_index("tier")["cases"]
    whole = solved.shape[1]
    easy, hard = int(cases[TOLD["all"]]), int(cases[TOLD["none"]])
    told = f"All {len(solved)} algorithms solve {percent(easy / whole)} of {count_of(whole, 'case')}"
    middle = float(np.median(solved.mean(axis=1)))
    return f"{told}, none solves {percent(hard / whole)}; the middle algorithm solves {percent(middle)}."
