"""What a view of a board is, and the first of them: the whole ranking. The others are in `board_task_views`."""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field

from sonobench_eval.ranking.leaderboard import Leaderboard
from sonobench_eval.report.board_view import MeanKey, mean_headings, mean_keys, mean_of
from sonobench_eval.report.paper import PaperTable
from sonobench_platform.leaderboards.study import TeamCenters
from sonobench_platform.web.board_columns import (
    BoardColumn,
    estimate_column,
    measured_columns,
    part_columns,
    range_column,
    rank_column,
    score_column,
    team_column,
)
from sonobench_platform.web.texts import _
from sonobench_platform.web.wording import percent


@dataclass(frozen=True, slots=True)
class BoardSource:
    """What views are made of: the board, and what else of it may be shown to whoever looks.

    `centers` are figures of single centers, empty where those are not shown; `center_titles` their names; `hrefs` the teams'
    pages, by submission. `key` is one that no other board has, to keep what is made of this one under; None: nothing is kept.
    """

    board: Leaderboard
    centers: tuple[TeamCenters, ...] = ()
    center_titles: Mapping[str, str] = field(default_factory=dict)
    hrefs: Mapping[str, str] = field(default_factory=dict)
    key: Hashable = None


@dataclass(frozen=True, slots=True)
class BoardView:
    """A view: its columns, and what is said above and below of it.

    `weights` where its bars show parts of the score. `paper` is the table of a paper that it shows: its CSV file is then the
    paper's.
    """

    heading: str
    caption: str
    columns: Sequence[BoardColumn]
    weights: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    paper: PaperTable | None = None


def overall_view(
    board: Leaderboard, *, official: Mapping[str, int] | None = None, hrefs: Mapping[str, str] | None = None
) -> BoardView:
    """Places, scores, means over tasks, and what was measured."""
    rows = board.rows
    keys = mean_keys(rows)
    names = distinct([name if sum(name == each for each, _d in keys) == 1 else definition for name, definition in keys])
    usual = usual_means(board, keys)
    means = [
        estimate_column(name, heading, [mean_of(row, key) for row in rows], is_default=key in usual)
        for name, heading, key in zip(names, mean_headings(keys), keys, strict=True)
    ]
    ranges = [range_column(rows)] if any(row.rank_low is not None for row in rows) else []
    columns = [
        rank_column(rows, official),
        team_column(rows, hrefs),
        *ranges,
        score_column(board),
        *part_columns(board),
        *means,
        *measured_columns(rows),
    ]
    weights = (percent(board.performance_weight), percent(board.efficiency_weight))
    return BoardView(_("Ranking"), overall_caption(board), columns, weights)


def usual_means(board: Leaderboard, keys: Sequence[MeanKey]) -> set[MeanKey]:
    """Of a metric that the same tasks have several times, such as NSD with several tolerances, the first alone."""
    tasks = {task.id: {(metric.name, metric.definition) for metric in task.metrics} for row in board.rows for task in row.tasks}
    seen, usual = set(), set()
    for name, definition in keys:
        own = frozenset(task for task, metrics in tasks.items() if (name, definition) in metrics)
        what = (definition.split()[0], own)
        if what not in seen:
            usual.add((name, definition))
        seen.add(what)
    return usual


def overall_caption(board: Leaderboard) -> str:
    sentences = [
        _("Means over tasks with {confidence} confidence interval ({method}); whiskers of a column share one scale.").format(
            confidence=percent(board.confidence), method=_method(board)
        ),
        _("Time is the wall time for all cases; memory is the peak. 1 GB is 10⁹ bytes. A dash means not measured."),
    ]
    if any(row.time_relative is not None for row in board.rows):
        sentences.append(
            _("In parentheses: the time in units of the reference container on the same node, by which it is ranked.")
        )
    return " ".join(sentences)


def _method(board: Leaderboard) -> str:
    if not board.resamples:
        return _("not computed")
    return _("bootstrap, {resamples} resamples").format(resamples=f"{board.resamples:,}")


def distinct(names: Sequence[str]) -> list[str]:
    """Names as they may stand in addresses and in files, each once."""
    slugs: list[str] = []
    for name in names:
        slug = re.sub(r"[^a-z0-9_.]+", "_", name.lower()).strip("_") or "metric"
        while slug in slugs:
            slug += "_"
        slugs.append(slug)
    return slugs
