"""Ranks by other rules: under other ranking schemes, and without one task or one center, beside the declared ranking."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from sonobench_eval.ranking.stability_report import StabilityReport
from sonobench_eval.report.charts.chart import Chart, Spec, table_data
from sonobench_eval.report.charts.labels import labels_of, plain, shortened
from sonobench_eval.report.charts.style import BETTER, BLACK, GRID, STEP_PX, WORSE, sheet, team_axis
from sonobench_eval.report.figures import count_of

CELL_PX = 84
DECLARED = "declared"


class _Column(NamedTuple):
    """A ranking to compare with: its name, the ranks in the order of the teams, its tau-b with the declared one."""

    name: str
    ranks: tuple[int, ...]
    tau: float | None


def scheme_ranks(report: StabilityReport) -> Chart | None:
    """Every team's rank under each ranking scheme, and how many places that is from the declared one.

    Returns:
        None where there is no other scheme, or fewer than two teams.
    """
    columns = [_Column(each.name, each.ranks, each.tau) for each in report.schemes if each.name != report.scheme]
    return _chart("scheme-ranks", "Ranks under other ranking schemes", report, columns, what="scheme")


def ranks_without(report: StabilityReport) -> Chart | None:
    """Every team's rank when one task or one center is left out. None where nothing can be left out."""
    columns = [_Column(f"without {each.kind} {each.id}", each.ranks, each.tau) for each in report.left_out]
    return _chart("ranks-without", "Ranks without one task or one center", report, columns, what="omission")


def _chart(name: str, title: str, report: StabilityReport, columns: Sequence[_Column], *, what: str) -> Chart | None:
    others = [each for each in columns if len(each.ranks) == len(report.teams)]
    if not others or len(report.teams) < 2:
        return None
    table = pd.DataFrame([row for each in [_Column(DECLARED, report.ranks, 1.0), *others] for row in _rows(report, each)])
    takeaway = _takeaway(table, others, report, what)
    labels = labels_of(report.teams, 24)
    spec = sheet(title, takeaway, _view(table, others, labels), width_px=(len(others) + 1) * CELL_PX + 180)
    return Chart(name, title, takeaway, spec, table)


def _rows(report: StabilityReport, column: _Column) -> list[dict[str, str | int | float | None]]:
    return [
        {"team": team, "ranking": column.name, "rank": rank, "places": declared - rank, "tau": column.tau}
        for team, rank, declared in zip(report.teams, column.ranks, report.ranks, strict=True)
    ]


def _shown(rank: int, places: int) -> str:
    if places == 0:
        return str(rank)
    return f"{rank} {'▲' if places > 0 else '▼'}{abs(places)}"


def _view(table: pd.DataFrame, others: Sequence[_Column], labels: Mapping[str, str]) -> Spec:
    named = labels_of([DECLARED, *(each.name for each in others)], 30)
    taus = {each.name: each.tau for each in others}
    headings = {name: "\n".join([*_lines(label), _tau(taus.get(name))]) for name, label in named.items()}
    data = table_data(table, labels)
    for row in data["values"]:
        row |= {"column": headings[row["ranking"]], "shown": _shown(row["rank"], row["places"])}
    y = team_axis(list(labels.values()))
    axis = {"orient": "top", "labelAngle": 0, "title": None, "ticks": False, "domain": False, "grid": False}
    lines = max(heading.count("\n") + 1 for heading in headings.values())
    axis |= {"labelExpr": "split(datum.value, '\\n')", "labelFontSize": 9.5, "labelLineHeight": 11}
    axis |= {"labelPadding": 4 + 11 * (lines - 1), "labelLimit": CELL_PX - 2}
    x = {"field": "column", "type": "nominal", "scale": {"domain": list(headings.values())}, "axis": axis}
    color = {
        "condition": [{"test": "datum.places > 0", "value": BETTER}, {"test": "datum.places < 0", "value": WORSE}],
        "value": GRID,
    }
    layers: list[Spec] = [
        {"mark": {"type": "rect", "stroke": "white", "strokeWidth": 1.5}, "encoding": {"x": x, "y": y, "color": color}},
        {
            "mark": {"type": "text", "fontSize": 10.5, "color": BLACK},
            "encoding": {"x": x, "y": y, "text": {"field": "shown", "type": "nominal"}},
        },
    ]
    return {"data": data, "width": {"step": CELL_PX}, "height": {"step": STEP_PX}, "layer": layers}


_LINE_LETTERS = 13


def _lines(label: str) -> list[str]:
    """Broken at spaces and hyphens, as a column is wide."""
    lines = [""]
    for word in label.replace("-", "-\u200b").replace("_", "_\u200b").replace("\u200b", " ").split():
        glue = "" if lines[-1].endswith(("-", "_")) else " "
        joined = f"{lines[-1]}{glue}{word}".strip()
        if len(joined) <= _LINE_LETTERS or not lines[-1]:
            lines[-1] = joined
        else:
            lines.append(word)
    return [shortened(line, _LINE_LETTERS + 2) for line in lines][:3]


def _tau(tau: float | None) -> str:
    return " " if tau is None else f"tau {tau:.2f}"


def _takeaway(table: pd.DataFrame, others: Sequence[_Column], report: StabilityReport, what: str) -> str:
    winners = {team for team, rank in zip(report.teams, report.ranks, strict=True) if rank == 1}
    same = sum({team for team, rank in zip(report.teams, each.ranks, strict=True) if rank == 1} == winners for each in others)
    subject = {"scheme": "other scheme", "omission": "omission"}[what]
    told = f"The first place stays under {same} of {count_of(len(others), subject)}"
    moved = table.iloc[int(np.argmax(table["places"].abs()))]
    if moved["places"] == 0:
        return f"{told}; no team moves."
    way = "up" if moved["places"] > 0 else "down"
    most = count_of(abs(int(moved["places"])), "place")
    return f"{told}; the largest move is that of {shortened(moved['team'], 40)} ({most} {way}, {plain(moved['ranking'])})."
