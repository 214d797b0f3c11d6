"""The columns that a board's views are put together from: what each sorts by, how its cells are made, what it is in CSV."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sonobench_eval.evaluation import GeneralisationGap, MetricScore
from sonobench_eval.ranking.leaderboard import Leaderboard, Row
from sonobench_eval.report import figures
from sonobench_eval.report.tables import Cell
from sonobench_platform.web import board_cells as cells
from sonobench_platform.web.board_cells import Cells
from sonobench_platform.web.board_state import Order
from sonobench_platform.web.texts import _
from sonobench_platform.web.wording import shown_name

Named = Sequence[tuple[str, Sequence[Cell]]]
"""Columns of a file: the name of each, and its cells in the order of the board's rows."""


@dataclass(frozen=True, slots=True)
class BoardColumn:
    """One column of a board.

    `key` is its name in addresses. `values` are what rows are sorted by, in the order of the board's rows; rows without one
    come last. `fit` settles digits and scales by the whole column. `first` is the order that the heading asks for first.
    A fixed column is always there; one that is no default has to be chosen. `file` is the column in CSV and JSON.
    """

    key: str
    kind: str
    heading: str
    values: Sequence[float | str | None]
    fit: Callable[[], Cells]
    file: Named
    detail: str = ""
    first: Order = "desc"
    is_fixed: bool = False
    is_default: bool = True


def rank_column(rows: Sequence[Row], official: Mapping[str, int] | None = None) -> BoardColumn:
    ranks = [row.rank for row in rows]
    return BoardColumn(
        "rank", "rank", _("Rank"), ranks, lambda: cells.rank_cells(rows, official), [("rank", ranks)], first="asc", is_fixed=True
    )


def range_column(rows: Sequence[Row]) -> BoardColumn:
    low, high = [row.rank_low for row in rows], [row.rank_high for row in rows]
    middles = [None if a is None or b is None else (a + b) / 2 for a, b in zip(low, high, strict=True)]
    file = [("rank_low", low), ("rank_high", high)]
    return BoardColumn("range", "range", _("Rank range"), middles, lambda: cells.range_cells(rows), file, first="asc")


def team_column(rows: Sequence[Row], hrefs: Mapping[str, str] | None = None) -> BoardColumn:
    names = [shown_name(row.team).casefold() for row in rows]
    file = [("team", [row.team for row in rows])]
    return BoardColumn("team", "team", _("Team"), names, lambda: cells.team_cells(rows, hrefs), file, first="asc", is_fixed=True)


def score_column(board: Leaderboard) -> BoardColumn:
    """The score as a bar of its two parts."""
    scores = [row.score for row in board.rows]
    file = [
        ("score", scores),
        ("performance", [row.performance for row in board.rows]),
        ("efficiency", [row.efficiency for row in board.rows]),
    ]
    detail = _("performance / efficiency")
    return BoardColumn("score", "bar", _("Score"), scores, lambda: cells.bar_cells(board), file, detail=detail)


def part_columns(board: Leaderboard) -> list[BoardColumn]:
    """Performance and efficiency, to be sorted by."""
    return [
        number_column("performance", _("Performance"), [row.performance for row in board.rows], decimals=3, is_default=False),
        number_column("efficiency", _("Efficiency"), [row.efficiency for row in board.rows], decimals=3, is_default=False),
    ]


def estimate_column(
    key: str,
    heading: str,
    scores: Sequence[MetricScore | None],
    *,
    detail: str = "",
    decimals: int | None = None,
    is_default: bool = True,
) -> BoardColumn:
    """A metric with its interval; the heading first asks for what is better."""
    known = next((score for score in scores if score is not None), None)
    values = [None if score is None else score.value for score in scores]
    file = [
        (key, values),
        (f"{key}_low", [None if score is None else score.ci_low for score in scores]),
        (f"{key}_high", [None if score is None else score.ci_high for score in scores]),
    ]
    return BoardColumn(
        key,
        "estimate",
        heading,
        values,
        lambda: cells.estimate_cells(scores, decimals=decimals),
        file,
        detail=detail,
        first="desc" if known is None or known.higher_is_better else "asc",
        is_default=is_default,
    )


def gap_column(key: str, heading: str, gaps: Sequence[GeneralisationGap | None], *, detail: str = "") -> BoardColumn:
    """External minus internal; the heading first asks for the smallest loss."""
    values = [None if gap is None else gap.value for gap in gaps]
    file = [
        (key, values),
        (f"{key}_low", [None if gap is None else gap.ci_low for gap in gaps]),
        (f"{key}_high", [None if gap is None else gap.ci_high for gap in gaps]),
    ]
    return BoardColumn(key, "estimate", heading, values, lambda: cells.gap_cells(gaps), file, detail=detail)


def number_column(
    key: str,
    heading: str,
    values: Sequence[float | None],
    *,
    decimals: int,
    best: Literal["higher", "lower"] | None = None,
    first: Order = "desc",
    is_default: bool = True,
) -> BoardColumn:
    """A plain figure with so many decimals; the `best` end, as it is written, is bold."""

    def write(value: float) -> str:
        return figures.fixed(value, decimals)

    def fit() -> Cells:
        known = [value for value in values if value is not None]
        top = None if best is None or not known else write((max if best == "higher" else min)(known))
        return cells.number_cells(values, write, why=_("not measured"), best=top)

    return BoardColumn(key, "number", heading, values, fit, [(key, values)], first=first, is_default=is_default)


def measured_columns(rows: Sequence[Row]) -> list[BoardColumn]:
    """Wall time, memory and failures. Memory that was measured for nobody has no column; the board's notes say why."""
    times = [row.time_s for row in rows]
    file = [("time_s", times)]
    if any(row.time_relative is not None for row in rows):
        file.append(("time_relative", [row.time_relative for row in rows]))
    return [
        BoardColumn("time", "number", _("Time, s"), times, lambda: cells.time_cells(rows), file, first="asc"),
        *_memory_column("gpu", _("GPU memory, {unit}"), "gpu_memory_bytes", [row.gpu_memory_bytes for row in rows]),
        *_memory_column("host", _("Host memory, {unit}"), "host_memory_bytes", [row.host_memory_bytes for row in rows]),
        _failures_column([row.problems for row in rows]),
    ]


def _memory_column(key: str, heading: str, name: str, values: Sequence[int | None]) -> list[BoardColumn]:
    if all(value is None for value in values):
        return []
    unit, scale, decimals = figures.memory_scale(values)
    fit = lambda: cells.number_cells(values, lambda value: figures.fixed(value / scale, decimals), why=_("not measured"))  # noqa: E731
    title = heading.format(unit=unit)
    return [BoardColumn(key, "number", title, values, fit, [(name, values)], first="asc", is_default=key != "host")]


def _failures_column(values: Sequence[int]) -> BoardColumn:
    fit = lambda: cells.number_cells(values, lambda value: f"{value:,.0f}", why="")  # noqa: E731
    return BoardColumn("failures", "number", _("Failed cases"), values, fit, [("problems", values)], first="asc")
