"""Tables for the report of any challenge: ranking, means, tasks with their centers and subgroups, runs, stability."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from sonobench_eval.evaluation import CenterScore, MetricScore, SubgroupScore, TaskScore
from sonobench_eval.ranking.entries import Entry
from sonobench_eval.ranking.leaderboard import Leaderboard, Row, TaskColumn
from sonobench_eval.ranking.stability_report import StabilityReport
from sonobench_eval.report.board_view import board_notes, mean_headings, mean_keys, mean_of
from sonobench_eval.report.charts.labels import slug
from sonobench_eval.report.figures import column_decimals, memory_scale, metric_label, time_decimals
from sonobench_eval.report.paper import Column, Estimate, PaperCell, PaperTable, Span, estimate_column, percent
from sonobench_eval.report.public import is_held_back

RANK = Column("rank", "Rank", "whole")
TEAM = Column("team", "Team", "team")
_SHARE = 3


def board_tables(board: Leaderboard) -> Iterator[PaperTable]:
    """What the board alone knows: the ranking, the means, each task with its roles, what the runs used."""
    yield _ranking(board)
    if keys := mean_keys(board.rows):
        yield _means(board, keys)
    for task in _tasks(board):
        yield _task(board, task)
        if len({role.role for role in task.roles}) > 1:
            yield _roles(board, task)
    yield _runs(board)


def evaluation_tables(entries: Sequence[Entry]) -> Iterator[PaperTable]:
    """What evaluations know besides: each task at each center, and in each subgroup. Teams in the order of the entries."""
    for task in entries[0].evaluation.tasks if entries else ():
        scores = [(entry.team, _of(entry, task.id)) for entry in entries]
        if len(task.centers) > 1:
            yield _centers(task, scores)
        if task.subgroups:
            yield _subgroups(task, scores)


def stability_tables(report: StabilityReport) -> Iterator[PaperTable]:
    """How far the ranking can be trusted: ranks over resamples, under other schemes, and without a task or a center."""
    if report.whole is not None:
        yield _rank_distribution(report)
    if len(report.schemes) > 1:
        yield _schemes(report)
    if report.left_out:
        yield _left_out(report)


def _ranking(board: Leaderboard) -> PaperTable:
    columns = [
        RANK,
        Column("rank_range", "Rank range", "span"),
        TEAM,
        Column("score", "Score", "number", _SHARE),
        Column("performance", "Performance", "number", _SHARE, "higher"),
        Column("efficiency", "Efficiency", "number", _SHARE, "higher"),
        Column("segmentation_rank", "Seg. rank", "whole"),
        Column("classification_rank", "Cls. rank", "whole"),
    ]
    rows: list[tuple[PaperCell, ...]] = [
        (
            row.rank,
            Span(row.rank_low, row.rank_high),
            row.team,
            row.score,
            row.performance,
            row.efficiency,
            row.segmentation_rank,
            row.classification_rank,
        )
        for row in board.rows
    ]
    caption = (
        f"Ranking of {board.title} by {board.scheme}: {percent(board.performance_weight)} performance, "
        f"{percent(board.efficiency_weight)} efficiency. {board.cases:,} cases."
    )
    return _without_empty("ranking", "Ranking", caption, columns, rows, notes=tuple(board_notes(board)))


def _means(board: Leaderboard, keys: Sequence[tuple[str, str]]) -> PaperTable:
    columns = [RANK, TEAM]
    for key, heading in zip(keys, mean_headings(keys), strict=True):
        name = key[0] if [each for each, _ in keys].count(key[0]) == 1 else key[1].replace(" ", "_")
        columns.append(estimate_column(f"mean_{name}", heading, [mean_of(row, key) for row in board.rows]))
    rows = [(row.rank, row.team, *(Estimate.of(mean_of(row, key)) for key in keys)) for row in board.rows]
    caption = f"Means over the tasks that define a metric alike, with {percent(board.confidence)} intervals."
    return PaperTable("means", "Means over tasks", caption, tuple(columns), tuple(rows))


def _task(board: Leaderboard, task: TaskColumn) -> PaperTable:
    of_teams = [(row, _column_of(row, task.id)) for row in board.rows]
    columns, cells = _metric_columns(task.metrics, [() if each is None else each.metrics for _, each in of_teams])
    rows = tuple((row.rank, row.team, *scores) for (row, _), scores in zip(of_teams, cells, strict=True))
    cases = max((score.n for score in task.metrics), default=0)
    caption = f"{task.title}: {cases:,} cases, with {percent(board.confidence)} intervals."
    return PaperTable(f"task-{task.id}", task.title, caption, (RANK, TEAM, *columns), rows, notes=_undefined(of_teams))


def _roles(board: Leaderboard, task: TaskColumn) -> PaperTable:
    """For each metric internal, external, and the gap."""
    of_teams = [(row, _column_of(row, task.id)) for row in board.rows]
    columns: list[Column] = []
    parts: list[list[PaperCell]] = [[] for _ in of_teams]
    gaps = [{} if each is None else {gap.metric: gap for gap in each.gaps} for _, each in of_teams]
    for metric in task.metrics:
        label = metric_label(metric.name)
        in_role = {
            role: [None if each is None else _in_role(each.roles, role, metric.name) for _, each in of_teams]
            for role in ("internal", "external")
        }
        decimals = column_decimals(score for found in in_role.values() for score in found)
        for role, found in in_role.items():
            columns.append(estimate_column(f"{metric.name}_{role}", f"{label}, {role}", found, decimals=decimals))
            for cells, score in zip(parts, found, strict=True):
                cells.append(Estimate.of(score))
        columns.append(Column(f"{metric.name}_gap", f"{label}, gap", "estimate", decimals))
        for cells, of_team in zip(parts, gaps, strict=True):
            cells.append(Estimate.of(of_team.get(metric.name)))
    rows = [(row.rank, row.team, *cells) for (row, _), cells in zip(of_teams, parts, strict=True)]
    caption = (
        f"{task.title} at internal centers and at external ones, never seen in training, with {percent(board.confidence)} "
        "intervals. Gap: external minus internal."
    )
    title = f"{task.title}: generalization"
    notes = _held_back(part for _, each in of_teams for part in (() if each is None else each.roles))
    return _without_empty(f"roles-{task.id}", title, caption, [RANK, TEAM, *columns], rows, notes=notes)


def _runs(board: Leaderboard) -> PaperTable:
    times = [row.time_s for row in board.rows]
    memory = [each for row in board.rows for each in (row.gpu_memory_bytes, row.host_memory_bytes)]
    unit, size, decimals = memory_scale(memory)
    columns = [
        RANK,
        TEAM,
        Column("time_s", "Time (s)", "number", time_decimals(times), "lower"),
        Column("time_relative", "Time (reference = 1)", "number", 2, "lower"),
        Column(f"gpu_memory_{unit.lower()}", f"GPU memory ({unit})", "number", decimals, "lower"),
        Column(f"host_memory_{unit.lower()}", f"Host memory ({unit})", "number", decimals, "lower"),
        Column("problems", "Unusable results", "whole"),
        Column("submission", "Submission"),
        Column("image_digest", "Image"),
    ]
    rows: list[tuple[PaperCell, ...]] = [
        (
            row.rank,
            row.team,
            row.time_s,
            row.time_relative,
            None if row.gpu_memory_bytes is None else row.gpu_memory_bytes / size,
            None if row.host_memory_bytes is None else row.host_memory_bytes / size,
            row.problems,
            row.submission,
            row.image_digest,
        )
        for row in board.rows
    ]
    caption = "What each run used, and how many cases have no usable result. Memory is the peak, in powers of ten."
    return _without_empty("runs", "Runs", caption, columns, rows)


def _centers(task: TaskScore, scores: Sequence[tuple[str, TaskScore | None]]) -> PaperTable:
    parts = [(team, part) for team, each in scores for part in (() if each is None else each.centers)]
    columns, cells = _metric_columns(task.metrics, [part.metrics for _, part in parts])
    columns = _without_best(columns)
    rows = tuple((team, part.id, part.role, *values) for (team, part), values in zip(parts, cells, strict=True))
    where = (TEAM, Column("center", "Center"), Column("role", "Role"))
    caption = f"{task.title} at each center, with intervals."
    notes = _held_back(part for _, part in parts)
    return PaperTable(f"centers-{task.id}", f"{task.title}: centers", caption, (*where, *columns), rows, notes=notes)


def _subgroups(task: TaskScore, scores: Sequence[tuple[str, TaskScore | None]]) -> PaperTable:
    parts = [(team, part) for team, each in scores for part in (() if each is None else each.subgroups)]
    columns, cells = _metric_columns(task.metrics, [part.metrics for _, part in parts])
    columns = _without_best(columns)
    rows = tuple((team, part.group, part.id, part.n, *values) for (team, part), values in zip(parts, cells, strict=True))
    where = (TEAM, Column("group", "Group"), Column("part", "Part"), Column("n", "Cases", "whole"))
    caption = f"{task.title} in each subgroup, with intervals."
    return PaperTable(
        f"subgroups-{task.id}", f"{task.title}: subgroups", caption, (*where, *columns), rows, notes=_too_few(parts)
    )


def _rank_distribution(report: StabilityReport) -> PaperTable:
    whole = report.whole
    teams = () if whole is None else whole.teams
    columns = (
        RANK,
        TEAM,
        Column("rank_range", "Rank range", "span"),
        Column("rank_set", "Confidence set", "span"),
        Column("mean_rank", "Mean rank", "number", 2),
        Column("p_first", "P(first)", "number", 3),
        Column("p_top3", "P(top 3)", "number", 3),
    )
    rows = tuple(
        (each.rank, each.team, Span(each.low, each.high), Span(each.set_low, each.set_high), each.mean, each.p_first, each.p_top3)
        for each in teams
    )
    used = 0 if whole is None else whole.used
    caption = (
        f"Ranks over {used:,} bootstrap resamples of the cases. Rank range: the middle {percent(report.confidence)} of them, a "
        "statement of stability. Confidence set: from tests of all pairs of teams, at "
        f"{percent(report.confidence)} for all together."
    )
    return PaperTable("stability", "Stability of the ranking", caption, columns, rows, notes=report.notes)


def _schemes(report: StabilityReport) -> PaperTable:
    columns = (TEAM, *(Column(slug(each.name), each.name, "whole") for each in report.schemes))
    rows = _ranks_by_team(report.teams, [each.ranks for each in report.schemes])
    caption = f"The rank of each team under other schemes; the declared one is {report.scheme}."
    notes = tuple(f"{each.name}: {each.summary.rstrip('.')}{_tau(each.tau)}." for each in report.schemes)
    return PaperTable("schemes", "Other schemes", caption, columns, rows, notes=notes)


def _left_out(report: StabilityReport) -> PaperTable:
    columns = (TEAM, *(Column(f"without_{each.kind}_{each.id}", f"{each.kind} {each.id}", "whole") for each in report.left_out))
    rows = _ranks_by_team(report.teams, [each.ranks for each in report.left_out])
    caption = "The rank of each team when one task or one center is left out."
    moved = [each for each in report.left_out if each.moved]
    notes = tuple(f"Without {each.kind} {each.id} teams move by up to {each.moved}{_tau(each.tau)}." for each in moved)
    nobody = ("Nobody's rank depends on a single task or center.",)
    return PaperTable("left-out", "Without one task or center", caption, columns, rows, notes=notes or nobody)


def _ranks_by_team(teams: Sequence[str], rankings: Sequence[Sequence[int]]) -> tuple[tuple[PaperCell, ...], ...]:
    return tuple((team, *(ranks[at] for ranks in rankings)) for at, team in enumerate(teams))


def _tau(tau: float | None) -> str:
    return "" if tau is None else f" (Kendall's tau {tau:.3f})"


def _metric_columns(
    metrics: Sequence[MetricScore], of_rows: Sequence[Sequence[MetricScore]]
) -> tuple[list[Column], list[tuple[PaperCell, ...]]]:
    """A column for each metric, and what stands in it on every row."""
    named = [{score.name: score for score in scores} for scores in of_rows]
    columns = [estimate_column(each.name, _heading(each), [row.get(each.name) for row in named]) for each in metrics]
    return columns, [tuple(Estimate.of(row.get(each.name)) for each in metrics) for row in named]


def _without_best(columns: Sequence[Column]) -> list[Column]:
    """Where rows are of several places, the best of all of them says nothing of teams."""
    return [replace(column, best=None) for column in columns]


def _heading(score: MetricScore) -> str:
    """`NSD (pixel 2 px)`, `HD95 in mm`."""
    name, _, how = score.definition.partition(" ")
    label = metric_label(score.name)
    said = f"{label} ({how})" if how and score.name == name else label
    return f"{said} in {score.unit}" if score.unit else said


def _tasks(board: Leaderboard) -> Iterable[TaskColumn]:
    """Every task that any team has, in the order they are first met."""
    return {task.id: task for row in reversed(board.rows) for task in reversed(row.tasks)}.values().__reversed__()


def _column_of(row: Row, task_id: str) -> TaskColumn | None:
    return next((task for task in row.tasks if task.id == task_id), None)


def _of(entry: Entry, task_id: str) -> TaskScore | None:
    return next((task for task in entry.evaluation.tasks if task.id == task_id), None)


def _in_role(roles: Sequence[CenterScore], role: str, metric: str) -> MetricScore | None:
    return next((score for each in roles if each.role == role for score in each.metrics if score.name == metric), None)


def _undefined(of_teams: Sequence[tuple[Row, TaskColumn | None]]) -> tuple[str, ...]:
    said = {
        f"{metric_label(score.name)} has no value for {row.team}: {score.undefined.rstrip('.')}.": None
        for row, task in of_teams
        for score in (() if task is None else task.metrics)
        if score.undefined
    }
    return tuple(said)


def _too_few(parts: Sequence[tuple[str, SubgroupScore]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(f"{part.group} {part.id}: {part.too_few.rstrip('.')}." for _, part in parts if part.too_few))


def _held_back(parts: Iterable[CenterScore]) -> tuple[str, ...]:
    """`Far: too few: 6 cases, fewer than 10.`, once for each center or role."""
    said = (f"{part.id}: {score.undefined}." for part in parts for score in part.metrics if is_held_back(score))
    return tuple(dict.fromkeys(said))


def _without_empty(
    name: str,
    title: str,
    caption: str,
    columns: Sequence[Column],
    rows: Sequence[tuple[PaperCell, ...]],
    *,
    notes: tuple[str, ...] = (),
) -> PaperTable:
    """A table without the columns in which nothing stands."""
    kept = [at for at, column in enumerate(columns) if column in (RANK, TEAM) or any(_stands(row[at]) for row in rows)]
    return PaperTable(
        name,
        title,
        caption,
        tuple(columns[at] for at in kept),
        tuple(tuple(row[at] for at in kept) for row in rows),
        notes=notes,
    )


def _stands(cell: PaperCell) -> bool:
    if isinstance(cell, Estimate):
        return cell.value is not None
    return cell.low is not None if isinstance(cell, Span) else cell is not None
