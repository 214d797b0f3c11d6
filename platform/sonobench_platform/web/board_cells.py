"""From figures to a table's cells: every digit written, every whisker placed, and words where there is no figure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from sonobench_eval.evaluation import GeneralisationGap, MetricScore
from sonobench_eval.ranking.leaderboard import Leaderboard, Row
from sonobench_eval.report import figures
from sonobench_platform.web.contexts import FigureCell, ScoreCell
from sonobench_platform.web.contexts_board import (
    BarCell,
    EstimateCell,
    NumberCell,
    RangeCell,
    RankCell,
    RankRange,
    TableCell,
    TeamCell,
)
from sonobench_platform.web.drawing import Scale, column_scale, whisker
from sonobench_platform.web.texts import _, ngettext
from sonobench_platform.web.wording import shown_name

BAR_WIDTH = 80.0
RANGE_WIDTH = 60.0

Cells = Callable[[int], TableCell]
"""Makes the cell of the board's row with this number, from 0; one page of them is all that is ever made."""


def rank_cells(rows: Sequence[Row], official: Mapping[str, int] | None) -> Cells:
    """Ranks, with how far they are from the official ones, by team, where those are given."""
    shared = Counter(row.rank for row in rows)

    def cell(at: int) -> RankCell:
        rank = rows[at].rank
        if rank is None:
            return RankCell("", tied=False)
        was = None if official is None else official.get(rows[at].team)
        return RankCell(str(rank), shared[rank] > 1, *_moved(rank, was))

    return cell


def _moved(rank: int, official: int | None) -> tuple[str, str]:
    if official is None:
        return "", ""
    by = official - rank
    if by == 0:
        return "", _("as in the official ranking")
    places = ngettext("{by} place", "{by} places", abs(by)).format(by=abs(by))
    if by > 0:
        return f"▲{by}", _("{places} above the official rank {official}").format(places=places, official=official)
    return f"▼{-by}", _("{places} below the official rank {official}").format(places=places, official=official)


def range_cells(rows: Sequence[Row]) -> Cells:
    """Bootstrap ranges of ranks, all on one scale from 1 to the number of teams."""
    scale = Scale(1, max(len(rows), 2), 4, RANGE_WIDTH - 4)
    return lambda at: RangeCell(_rank_range(rows[at], scale))


def _rank_range(row: Row, scale: Scale) -> RankRange | None:
    if row.rank is None or row.rank_low is None or row.rank_high is None:
        return None
    one = row.rank_low == row.rank_high
    words = _("rank {low}") if one else _("ranks {low} to {high}")
    return RankRange(
        figures.rank_range(row.rank_low, row.rank_high),
        words.format(low=row.rank_low, high=row.rank_high),
        scale.clamped(row.rank_low),
        scale.clamped(row.rank_high),
        scale.clamped(row.rank),
    )


def team_cells(rows: Sequence[Row], hrefs: Mapping[str, str] | None = None) -> Cells:
    """Names, made harmless; `hrefs` are of the pages, by submission, that the reader may open."""
    return lambda at: TeamCell(shown_name(rows[at].team), _remark(rows[at]), (hrefs or {}).get(rows[at].submission or "", ""))


def _remark(row: Row) -> str:
    return "" if row.rank is not None else _("scored, not ranked")


def bar_cells(board: Leaderboard) -> Cells:
    """Scores as bars of their two parts."""
    return lambda at: _bar(board, board.rows[at])


def _bar(board: Leaderboard, row: Row) -> BarCell:
    cell = FigureCell(figures.fixed(row.score, 3), exact(row.score), "" if row.score is not None else _("not ranked"))
    if row.score is None or row.performance is None or row.efficiency is None:
        return BarCell(cell, 0.0, 0.0, "", "")
    performance, efficiency = figures.fixed(row.performance, 3), figures.fixed(row.efficiency, 3)
    return BarCell(
        cell,
        round(BAR_WIDTH * board.performance_weight * row.performance, 2),
        round(BAR_WIDTH * board.efficiency_weight * row.efficiency, 2),
        _("performance {performance}, efficiency {efficiency}").format(performance=performance, efficiency=efficiency),
        f"{performance} / {efficiency}",
    )


def estimate_cells(scores: Sequence[MetricScore | None], *, decimals: int | None = None) -> Cells:
    """Scores with their intervals on one scale, with the digits that the column's intervals support, or with `decimals`."""
    digits, scale, best = decimals, column_scale(scores), best_of(scores)
    if digits is None:
        digits = figures.column_decimals(scores)
    return lambda at: EstimateCell(_score_cell(scores[at], digits, scale, best=best))


def gap_cells(gaps: Sequence[GeneralisationGap | None]) -> Cells:
    """Gaps with their sign and interval on one scale; none of them is a best one."""
    scores = [None if gap is None else as_score(gap.metric, gap.value, gap.ci_low, gap.ci_high) for gap in gaps]
    decimals, scale = figures.column_decimals(scores), column_scale(scores)

    def cell(at: int) -> EstimateCell:
        gap, score = gaps[at], scores[at]
        if gap is None or score is None:
            return EstimateCell(ScoreCell(figures.NOT_MEASURED, "", "", None, False, _("no gap: a side has no value")))
        interval = figures.interval(gap.ci_low, gap.ci_high, decimals)
        drawn = None if scale is None else whisker(score, scale)
        return EstimateCell(ScoreCell(figures.signed(gap.value, decimals), exact(gap.value), interval, drawn, False, ""))

    return cell


def as_score(name: str, value: float | None, low: float | None, high: float | None) -> MetricScore:
    """Any figure with an interval, to be shown as a score is."""
    undefined = _("has no value") if value is None else None
    return MetricScore(name=name, definition=name, value=value, ci_low=low, ci_high=high, n=0, units=0, undefined=undefined)


def best_of(scores: Sequence[MetricScore | None]) -> float | None:
    """The best value; None where there is none."""
    known = [score for score in scores if score is not None and score.value is not None]
    if not known:
        return None
    return (max if known[0].higher_is_better else min)(score.value for score in known if score.value is not None)


def _score_cell(score: MetricScore | None, decimals: int, scale: Scale | None, *, best: float | None) -> ScoreCell:
    if score is None or score.value is None:
        why = _("no result") if score is None else score.undefined or _("has no value")
        return ScoreCell(figures.NOT_MEASURED, "", "", None, False, why)
    drawn = whisker(score, scale) if scale is not None else None
    interval = figures.interval(score.ci_low, score.ci_high, decimals)
    return ScoreCell(figures.fixed(score.value, decimals), exact(score.value), interval, drawn, score.value == best, "")


def number_cells(values: Sequence[float | None], write: Callable[[float], str], *, why: str, best: str | None = None) -> Cells:
    """Plain figures as `write` has them; `why` says what a missing one means, and the text `best` is bold."""

    def cell(at: int) -> NumberCell:
        value = values[at]
        if value is None:
            return NumberCell(FigureCell(figures.NOT_MEASURED, "", why))
        text = write(value)
        return NumberCell(FigureCell(text, exact(value), ""), is_best=text == best)

    return cell


def time_cells(rows: Sequence[Row]) -> Cells:
    """Seconds; behind them, where the challenge ranks by it, the time in units of the reference container."""
    decimals = figures.time_decimals([row.time_s for row in rows])
    finer = figures.time_decimals([row.time_relative for row in rows])

    def cell(at: int) -> NumberCell:
        row = rows[at]
        text = figures.fixed(row.time_s, decimals)
        if row.time_relative is not None:
            text += f" ({figures.fixed(row.time_relative, finer)})"
        return NumberCell(FigureCell(text, exact(row.time_s), "" if row.time_s is not None else _("not measured")))

    return cell


def exact(value: float | None) -> str:
    """All its digits, for programs that read the page; empty for None."""
    return "" if value is None else repr(value)
