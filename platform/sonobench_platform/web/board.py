"""A leaderboard document as the context of its page: every cell written, every whisker placed, nothing recomputed."""

from __future__ import annotations

from collections.abc import Sequence

from sonobench_eval.evaluation import MetricScore
from sonobench_eval.ranking.leaderboard import Leaderboard, Row, TaskColumn
from sonobench_eval.report import figures
from sonobench_eval.report.board_view import board_notes, mean_headings, mean_keys, mean_of
from sonobench_platform.web.contexts import (
    BoardPage,
    BoardRow,
    Fact,
    FigureCell,
    MetricTable,
    MetricTableRow,
    Page,
    RankRange,
    ScoreBar,
    ScoreCell,
    Snapshot,
)
from sonobench_platform.web.drawing import Scale, column_scale, whisker
from sonobench_platform.web.efficiency import efficiency_chart
from sonobench_platform.web.gaps import gap_chart
from sonobench_platform.web.source import PublishedBoard
from sonobench_platform.web.wording import date_words, number_word, percent, shown_name

BAR_WIDTH = 80.0
RANGE_WIDTH = 60.0


def board_page(published: PublishedBoard, page: Page, *, teams_without_score: int = 0) -> BoardPage:
    """The page of a published board, with rows or without."""
    board = published.board
    rows = board.rows
    means = mean_keys(rows)
    columns = [_score_column([mean_of(row, key) for row in rows]) for key in means]
    host_unit, host = _memory_column([row.host_memory_bytes for row in rows])
    gpu_unit, gpu = _memory_column([row.gpu_memory_bytes for row in rows])
    times = _time_column(rows)
    return BoardPage(
        page=page,
        name=board.challenge,
        title=shown_name(board.title),
        lead=_lead(board),
        facts=_facts(board),
        caption=_caption(board),
        mean_headings=tuple(mean_headings(means)),
        weights=(percent(board.performance_weight), percent(board.efficiency_weight)),
        host_unit=host_unit if any(cell.exact for cell in host) else None,
        gpu_unit=gpu_unit if any(cell.exact for cell in gpu) else None,
        has_ranges=any(row.rank_low is not None for row in rows),
        rows=tuple(
            _row(board, row, tuple(column[n] for column in columns), (times[n], host[n], gpu[n])) for n, row in enumerate(rows)
        ),
        notes=(*board_notes(board), *_absent(teams_without_score)),
        efficiency=efficiency_chart(board),
        gap=gap_chart(board),
        tables=tuple(_metric_tables(board)),
        snapshot=_snapshot(published),
        challenge_hash=board.challenge_hash,
        dataset_hash=board.dataset_hash,
    )


def _absent(teams: int) -> tuple[str, ...]:
    if teams == 0:
        return ()
    who = "One team" if teams == 1 else f"{number_word(teams).capitalize()} teams"
    return (
        f"{who} handed in an image that was refused or did not run to its end, and {'is' if teams == 1 else 'are'} not here.",
    )


def _snapshot(published: PublishedBoard) -> Snapshot:
    digest, made_at = published.hash.removeprefix("sha256:"), published.board.generated_at
    return Snapshot(published.hash, f"{digest[:8]}…{digest[-4:]}", date_words(made_at), made_at.isoformat())


def _lead(board: Leaderboard) -> str:
    ranked = [row for row in board.rows if row.rank is not None]
    if not board.rows:
        return "No algorithm has been scored yet. The board fills as soon as the first one is."
    if not ranked:
        return "The algorithms below were scored, but not ranked; the notes say why."
    first = [row for row in ranked if row.rank == 1]
    if len(first) > 1:
        return f"{len(first)} teams share the first rank."
    leader = first[0]
    rivals = sum(1 for row in ranked if row is not leader and row.rank_low is not None and row.rank_low == 1)
    lead = f"{shown_name(leader.team)} leads with a score of {figures.fixed(leader.score, 3)}."
    if leader.rank_low is None or len(ranked) == 1:
        return lead
    if rivals == 0 and leader.rank_high == 1:
        return f"{lead} No other team's {percent(board.confidence)} rank range reaches the first place."
    if rivals == 0:
        return lead
    ranges = "range of one other team reaches" if rivals == 1 else f"ranges of {number_word(rivals)} other teams reach"
    return f"{lead} The {percent(board.confidence)} rank {ranges} the first place."


def _facts(board: Leaderboard) -> tuple[Fact, ...]:
    tasks = max((len(row.tasks) for row in board.rows), default=0)
    external = f", {board.external_centers} never seen in training" if board.external_centers else ""
    facts = [
        Fact(f"{len(board.rows):,}", "algorithm" if len(board.rows) == 1 else "algorithms"),
        Fact(f"{board.cases:,}", "hidden cases"),
        Fact(f"{tasks}", "task" if tasks == 1 else "tasks"),
        Fact(f"{board.centers}", f"{'center' if board.centers == 1 else 'centers'}{external}"),
        Fact(f"{board.performance_weight * 100:g} / {board.efficiency_weight * 100:g}", "performance / efficiency"),
    ]
    return tuple(fact for fact in facts if fact.words not in {"task", "tasks"} or tasks)


def _caption(board: Leaderboard) -> str:
    method = f"bootstrap, {board.resamples:,} resamples" if board.resamples else "not computed"
    sentences = [
        f"Means over tasks with {percent(board.confidence)} confidence interval ({method}); whiskers of a column share one scale."
    ]
    sentences.append("Time is the wall time for all cases; memory is the peak. 1 GB is 10⁹ bytes. A dash means not measured.")
    if any(row.time_relative is not None for row in board.rows):
        sentences.append("In parentheses: the time in units of the reference container on the same node, by which it is ranked.")
    return " ".join(sentences)


def _row(
    board: Leaderboard, row: Row, means: tuple[ScoreCell, ...], measured: tuple[FigureCell, FigureCell, FigureCell]
) -> BoardRow:
    time, host, gpu = measured
    return BoardRow(
        rank=figures.NOT_MEASURED if row.rank is None else str(row.rank),
        tied=row.rank is not None and sum(1 for other in board.rows if other.rank == row.rank) > 1,
        range=_rank_range(row, len(board.rows)),
        team=shown_name(row.team),
        remark=_remark(row),
        bar=_score_bar(board, row),
        means=means,
        time=time,
        host_memory=host,
        gpu_memory=gpu,
    )


def _remark(row: Row) -> str:
    parts = [] if row.rank is not None else ["scored, not ranked"]
    if row.problems:
        parts.append(f"{figures.count_of(row.problems, 'result')} could not be used")
    return "; ".join(parts)


def _rank_range(row: Row, teams: int) -> RankRange | None:
    if row.rank is None or row.rank_low is None or row.rank_high is None:
        return None
    scale = Scale(1, max(teams, 2), 4, RANGE_WIDTH - 4)
    words = f"rank {row.rank_low}" if row.rank_low == row.rank_high else f"ranks {row.rank_low} to {row.rank_high}"
    return RankRange(
        figures.rank_range(row.rank_low, row.rank_high), words, scale(row.rank_low), scale(row.rank_high), scale(row.rank)
    )


def _score_bar(board: Leaderboard, row: Row) -> ScoreBar:
    cell = FigureCell(figures.fixed(row.score, 3), _exact(row.score), "" if row.score is not None else "not ranked")
    if row.score is None or row.performance is None or row.efficiency is None:
        return ScoreBar(cell, 0.0, 0.0, "")
    words = f"performance {figures.fixed(row.performance, 3)}, efficiency {figures.fixed(row.efficiency, 3)}"
    performance = round(BAR_WIDTH * board.performance_weight * row.performance, 2)
    return ScoreBar(cell, performance, round(BAR_WIDTH * board.efficiency_weight * row.efficiency, 2), words)


def _score_column(scores: Sequence[MetricScore | None]) -> list[ScoreCell]:
    decimals, scale = figures.column_decimals(scores), column_scale(scores)
    best = max((score.value for score in scores if score is not None and score.value is not None), default=None)
    return [_score_cell(score, decimals, scale, best=best) for score in scores]


def _score_cell(score: MetricScore | None, decimals: int, scale: Scale | None, *, best: float | None) -> ScoreCell:
    if score is None or score.value is None:
        why = "no result" if score is None else score.undefined or "has no value"
        return ScoreCell(figures.NOT_MEASURED, "", "", None, False, why)
    drawn = whisker(score, scale) if scale is not None else None
    interval = figures.interval(score.ci_low, score.ci_high, decimals)
    return ScoreCell(figures.fixed(score.value, decimals), _exact(score.value), interval, drawn, score.value == best, "")


def _time_column(rows: Sequence[Row]) -> list[FigureCell]:
    """Seconds; behind them, where the challenge ranks by it, the time in units of the reference container."""
    decimals = figures.time_decimals([row.time_s for row in rows])
    finer = figures.time_decimals([row.time_relative for row in rows])
    cells = []
    for row in rows:
        text = figures.fixed(row.time_s, decimals)
        if row.time_relative is not None:
            text += f" ({figures.fixed(row.time_relative, finer)})"
        cells.append(FigureCell(text, _exact(row.time_s), "" if row.time_s is not None else "not measured"))
    return cells


def _memory_column(values: Sequence[int | None]) -> tuple[str, list[FigureCell]]:
    unit, scale, decimals = figures.memory_scale(values)
    return unit, [
        FigureCell(figures.fixed(None if v is None else v / scale, decimals), _exact(v), "" if v is not None else "not measured")
        for v in values
    ]


def _exact(value: float | None) -> str:
    return "" if value is None else repr(value)


def _metric_tables(board: Leaderboard) -> list[MetricTable]:
    """One table for each metric, its columns the tasks that declare it."""
    tasks = {task.id: task for row in board.rows for task in row.tasks}
    names = list(dict.fromkeys(score.name for task in tasks.values() for score in task.metrics))
    return [_metric_table(board, name, [task for task in tasks.values() if _score_of(task, name)]) for name in names]


def _metric_table(board: Leaderboard, name: str, tasks: Sequence[TaskColumn]) -> MetricTable:
    columns = [_score_column([_task_score(row, task.id, name) for row in board.rows]) for task in tasks]
    definitions = sorted({score.definition for task in tasks if (score := _score_of(task, name))})
    label = figures.metric_label(name)
    rows = tuple(
        MetricTableRow(
            figures.NOT_MEASURED if row.rank is None else str(row.rank),
            shown_name(row.team),
            tuple(column[n] for column in columns),
        )
        for n, row in enumerate(board.rows)
    )
    defined = f" Definition: {', '.join(definitions)}." if definitions != [name] else ""
    caption = f"{label} per task with {percent(board.confidence)} confidence interval; the best of a column is bold.{defined}"
    return MetricTable(f"tasks-{name}", label, caption, tuple(task.title for task in tasks), rows)


def _score_of(task: TaskColumn, name: str) -> MetricScore | None:
    return next((score for score in task.metrics if score.name == name), None)


def _task_score(row: Row, task_id: str, name: str) -> MetricScore | None:
    return next((score for task in row.tasks if task.id == task_id for score in task.metrics if score.name == name), None)
