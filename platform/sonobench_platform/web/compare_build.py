"""From two rows of a board to the page that shows them side by side, and the same as a file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from sonobench_eval.evaluation import MetricScore
from sonobench_eval.ranking.leaderboard import Leaderboard, Row
from sonobench_eval.report import figures
from sonobench_platform.web.compare_drawing import ahead_bar, drawn_difference, scale_of, share_words
from sonobench_platform.web.contexts import FigureCell, ScoreCell
from sonobench_platform.web.contexts_compare import ComparedFigure, ComparedLine, ComparedTask, SideBySide
from sonobench_platform.web.texts import _, ngettext
from sonobench_platform.web.wording import percent, shown_name

if TYPE_CHECKING:
    from sonobench_eval.report.tables import Cell
    from sonobench_platform.leaderboards.comparing import Compared, PairedLine


def side_by_side(board: Leaderboard, found: Compared, *, notes: Sequence[str], csv_href: str) -> SideBySide:
    """Both teams with everything that may be said of them.

    Args:
        board: that they are on.
        found: what was compared.
        notes: why there is not more.
        csv_href: of the same as a file.
    """
    first, second = shown_name(found.first.team), shown_name(found.second.team)
    return SideBySide(
        takeaway=takeaway(found),
        first=first,
        second=second,
        figures=tuple(_figures(found.first, found.second)),
        ahead=None if found.ahead is None else ahead_bar(found.ahead, first, second),
        tasks=tuple(_tasks(found)),
        is_paired=found.is_paired,
        caption=_caption(board, is_paired=found.is_paired),
        notes=tuple(notes),
        csv_href=csv_href,
    )


def takeaway(found: Compared) -> str:
    """`SMART is ahead of Lanzhou in 93 % of resamples; 7 of 20 paired differences leave 0 out, all in favor of SMART.`"""
    first, second = shown_name(found.first.team), shown_name(found.second.team)
    if not found.is_paired:
        return _standing(found.first, found.second, first, second)
    clear = [line.better for line in found.lines if line.better is not None]
    paired = sum(line.low is not None for line in found.lines)
    said = _clear_words(clear.count("first"), clear.count("second"), paired, first, second)
    if found.ahead is None:
        return said
    share, leader, other = max((found.ahead.first, first, second), (found.ahead.second, second, first))
    told = _("{leader} is ahead of {other} in {share} of resamples; {said}")
    return told.format(leader=leader, other=other, share=share_words(share), said=said)


def csv_lines(found: Compared) -> list[dict[str, Cell]]:
    """A line for each metric of each task, figures as they are."""
    return [
        {
            "task": line.task,
            "metric": line.first.name,
            "definition": line.first.definition,
            "higher_is_better": str(line.first.higher_is_better).lower(),
            "first": found.first.team,
            "second": found.second.team,
            "first_value": line.first.value,
            "first_low": line.first.ci_low,
            "first_high": line.first.ci_high,
            "second_value": line.second.value,
            "second_low": line.second.ci_low,
            "second_high": line.second.ci_high,
            **_difference_cells(found, line),
        }
        for line in found.lines
    ]


def _difference_cells(found: Compared, line: PairedLine) -> dict[str, Cell]:
    if not found.is_paired:
        return {}
    better = {"first": found.first.team, "second": found.second.team}.get(line.better or "", "")
    return {"difference": line.difference, "difference_low": line.low, "difference_high": line.high, "better": better}


def _standing(one: Row, other: Row, first: str, second: str) -> str:
    if one.rank is None or other.rank is None:
        return _("{first} and {second} side by side").format(first=first, second=second)
    if one.rank == other.rank:
        return _("{first} and {second} share rank {rank}").format(first=first, second=second, rank=one.rank)
    told = _("{first} is on rank {one}, {second} on rank {other}")
    return told.format(first=first, second=second, one=one.rank, other=other.rank)


def _clear_words(one: int, other: int, paired: int, first: str, second: str) -> str:
    if one + other == 0:
        return ngettext(
            "the only paired difference has 0 in its interval", "none of {paired} paired differences leaves 0 out", paired
        ).format(paired=paired)
    told = ngettext(
        "{clear} of {paired} paired differences leaves 0 out", "{clear} of {paired} paired differences leave 0 out", one + other
    ).format(clear=one + other, paired=paired)
    if one and other:
        return _("{told}: {one} in favor of {first}, {other} of {second}").format(
            told=told, one=one, other=other, first=first, second=second
        )
    return _("{told}, in favor of {team}").format(told=told, team=first if one else second)


def _caption(board: Leaderboard, *, is_paired: bool) -> str:
    interval = percent(board.confidence)
    if not is_paired:
        return _("Values with {confidence} confidence interval, as the board shows them.").format(confidence=interval)
    told = _(
        "Values with {confidence} confidence interval, and the difference (first minus second) with its own: the percentile "
        "interval over {resamples} bootstrap resamples, the same for both teams. Right of the line is in favor of the first. A "
        "filled dot: the interval leaves 0 out. Intervals are not corrected for how many there are."
    )
    return told.format(confidence=interval, resamples=f"{board.resamples:,}")


def _tasks(found: Compared) -> list[ComparedTask]:
    titles = dict.fromkeys((line.task, line.title) for line in found.lines)
    return [
        ComparedTask(shown_name(title), tuple(_line(found, line) for line in found.lines if line.task == task))
        for task, title in titles
    ]


def _line(found: Compared, line: PairedLine) -> ComparedLine:
    decimals = figures.column_decimals([line.first, line.second])
    interval = figures.interval(line.low, line.high, decimals)
    difference = "" if line.difference is None else figures.signed(line.difference, decimals)
    words = _("difference {difference}, {interval}").format(difference=difference, interval=interval)
    definition = line.first.definition if line.first.definition != line.first.name else ""
    unit = f", {line.first.unit}" if line.first.unit else ""
    return ComparedLine(
        metric=f"{_metric(line.first)}{unit}",
        definition=definition,
        first=_cell(line.first, decimals),
        second=_cell(line.second, decimals),
        difference=difference,
        interval=interval,
        drawn=drawn_difference(line, scale_of(found.lines, line), words),
        says=_says(found, line),
    )


def _metric(score: MetricScore) -> str:
    """Its label; of one that an id tells apart from its like, with what it is defined by."""
    name, _space, detail = score.definition.partition(" ")
    return figures.metric_label(score.name) if name == score.name else f"{figures.metric_label(name)} {detail}".rstrip()


def _says(found: Compared, line: PairedLine) -> str:
    if line.low is None:
        return _("no interval") if found.is_paired else ""
    if line.better is None:
        return _("not apart")
    return _("{team} is better").format(team=shown_name((found.first if line.better == "first" else found.second).team))


def _cell(score: MetricScore, decimals: int) -> ScoreCell:
    if score.value is None:
        return ScoreCell(figures.NOT_MEASURED, "", "", None, False, score.undefined or _("has no value"))
    interval = figures.interval(score.ci_low, score.ci_high, decimals)
    return ScoreCell(figures.fixed(score.value, decimals), repr(score.value), interval, None, False, "")


def _figures(first: Row, second: Row) -> list[ComparedFigure]:
    rows = (first, second)
    return [
        _figure(_("Rank"), rows, lambda row: row.rank, lambda value: f"{value:g}"),
        _figure(_("Score"), rows, lambda row: row.score, lambda value: figures.fixed(value, 3)),
        _figure(_("Performance"), rows, lambda row: row.performance, lambda value: figures.fixed(value, 3)),
        _figure(_("Efficiency"), rows, lambda row: row.efficiency, lambda value: figures.fixed(value, 3)),
        _amount(_("Time"), rows, lambda row: row.time_s, lambda value: f"{figures.fixed(value, 2)}\u00a0s"),
        _amount(_("GPU memory"), rows, lambda row: row.gpu_memory_bytes, _bytes),
        _amount(_("Host memory"), rows, lambda row: row.host_memory_bytes, _bytes),
    ]


def _bytes(value: float) -> str:
    return figures.measured_bytes(int(value)).replace(" ", "\u00a0")


def _figure(
    title: str, rows: tuple[Row, Row], of: Callable[[Row], float | None], written: Callable[[float], str]
) -> ComparedFigure:
    cells = [
        FigureCell(figures.NOT_MEASURED, "", _("not measured")) if value is None else FigureCell(written(value), repr(value), "")
        for value in map(of, rows)
    ]
    return ComparedFigure(title, cells[0], cells[1], "")


def _amount(
    title: str, rows: tuple[Row, Row], of: Callable[[Row], float | None], written: Callable[[float], str]
) -> ComparedFigure:
    """With how many times as much the first took as the second."""
    first, second = map(of, rows)
    relation = "" if first is None or not second else _("{ratio} times").format(ratio=f"{first / second:.2f}")
    return replace(_figure(title, rows, of, written), relation=relation)
