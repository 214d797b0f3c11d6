"""Views of a board by task and by center: one metric over all tasks, all metrics of one task, and where its cases come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sonobench_eval.evaluation import CenterScore, MetricScore
from sonobench_eval.ranking.leaderboard import Leaderboard, Row, TaskColumn
from sonobench_eval.report.figures import metric_label
from sonobench_platform.web.board_columns import BoardColumn, estimate_column, gap_column, rank_column, team_column
from sonobench_platform.web.board_views import BoardSource, BoardView
from sonobench_platform.web.texts import _
from sonobench_platform.web.wording import joined, percent, shown_name


def tasks_of(board: Leaderboard) -> dict[str, TaskColumn]:
    """The board's tasks by id, each as the first team that has it."""
    found: dict[str, TaskColumn] = {}
    for row in board.rows:
        for task in row.tasks:
            found.setdefault(task.id, task)
    return found


def metrics_of(tasks: Mapping[str, TaskColumn]) -> list[str]:
    """The names of the tasks' metrics, each once."""
    return list(dict.fromkeys(score.name for task in tasks.values() for score in task.metrics))


def split_tasks(source: BoardSource, tasks: Mapping[str, TaskColumn]) -> list[str]:
    """The ids of the tasks that have figures of centers or of roles."""
    by_center = {each.task for each in source.centers}
    return [task.id for task in tasks.values() if task.roles or task.id in by_center]


def metric_view(source: BoardSource, name: str) -> BoardView:
    """One metric over the tasks that declare it."""
    board = source.board
    tasks = [task for task in tasks_of(board).values() if score_named(task.metrics, name) is not None]
    columns = [
        estimate_column(f"{task.id}.{name}", shown_name(task.title), [_of_task(row, task.id, name) for row in board.rows])
        for task in tasks
    ]
    caption = _("{metric} per task with {confidence} confidence interval; the best of a column is bold.").format(
        metric=metric_label(name), confidence=percent(board.confidence)
    )
    heading = _("{metric} of every task").format(metric=metric_label(name))
    return BoardView(heading, caption + _defined(name, tasks), [*_first_columns(source), *columns])


def _defined(name: str, tasks: Sequence[TaskColumn]) -> str:
    """The metric's definition, where its name does not say it."""
    found = sorted({score.definition for task in tasks if (score := score_named(task.metrics, name)) is not None})
    return "" if found == [name] or not found else " " + _("Definition: {definition}.").format(definition=", ".join(found))


def task_view(source: BoardSource, task_id: str) -> BoardView:
    """Every metric of a task: over all its cases, at internal and at external centers, and the gap between those."""
    board, task = source.board, tasks_of(source.board)[task_id]
    columns = [column for score in task.metrics for column in _metric_columns(board, task, score.name)]
    caption = _("All metrics of the task with {confidence} confidence interval; the best of a column is bold.")
    sentences = [caption.format(confidence=percent(board.confidence))]
    if task.gaps:
        sentences.append(_("Gap: external minus internal; negative is a loss at centers never seen in training."))
    unlike = [f"{metric_label(each.name)}: {each.definition}" for each in task.metrics if each.definition != each.name]
    if unlike:
        sentences.append(_("Definitions: {definitions}.").format(definitions=joined(unlike)))
    return BoardView(shown_name(task.title), " ".join(sentences), [*_first_columns(source), *columns])


def _metric_columns(board: Leaderboard, task: TaskColumn, name: str) -> list[BoardColumn]:
    label = metric_label(name)
    columns = [estimate_column(name, label, [_of_task(row, task.id, name) for row in board.rows])]
    for role, title in _roles().items():
        if any(part.role == role and score_named(part.metrics, name) for part in task.roles):
            scores = [_of_role(row, task.id, role, name) for row in board.rows]
            columns.append(estimate_column(f"{name}_{role}", label, scores, detail=title))
    gaps = [_task(row, task.id) for row in board.rows]
    of_metric = [None if each is None else next((gap for gap in each.gaps if gap.metric == name), None) for each in gaps]
    if any(of_metric):
        columns.append(gap_column(f"{name}_gap", label, of_metric, detail=_("gap")))
    return columns


def center_view(source: BoardSource, task_id: str) -> BoardView:
    """Every metric of a task at each center, and at internal and external ones together."""
    board, task = source.board, tasks_of(source.board)[task_id]
    columns = [column for score in task.metrics for column in _center_columns(source, task, score.name)]
    caption = _(
        "Figures by where the cases come from, with {confidence} confidence interval. External centers gave no training data."
    )
    notes = () if source.centers else (_("Single centers are shown once the phase is closed and their figures have been made."),)
    heading = _("{task} by center").format(task=shown_name(task.title))
    return BoardView(
        heading, caption.format(confidence=percent(board.confidence)), [*_first_columns(source), *columns], notes=notes
    )


def _center_columns(source: BoardSource, task: TaskColumn, name: str) -> list[BoardColumn]:
    label, rows = metric_label(name), source.board.rows
    by_team = {each.team: each.centers for each in source.centers if each.task == task.id}
    columns = []
    for center in _centers_with(by_team, name):
        title = shown_name(source.center_titles.get(center.id) or center.id)
        scores = [_of_center(by_team.get(row.team, ()), center.id, name) for row in rows]
        detail = f"{label}, {_roles()[center.role]}"
        columns.append(estimate_column(f"{name}.{center.id}", title, scores, detail=detail))
    for role, title in _roles().items():
        if any(part.role == role and score_named(part.metrics, name) for part in task.roles):
            heading = _("All internal centers") if role == "internal" else _("All external centers")
            scores = [_of_role(row, task.id, role, name) for row in rows]
            columns.append(estimate_column(f"{name}_{role}", heading, scores, detail=f"{label}, {title}"))
    return columns


def _centers_with(by_team: Mapping[str, Sequence[CenterScore]], name: str) -> list[CenterScore]:
    """The centers that any team has the metric of, each once."""
    found: dict[str, CenterScore] = {}
    for centers in by_team.values():
        for center in centers:
            if score_named(center.metrics, name) is not None:
                found.setdefault(center.id, center)
    return list(found.values())


def _roles() -> dict[str, str]:
    return {"internal": _("internal"), "external": _("external")}


def _first_columns(source: BoardSource) -> list[BoardColumn]:
    return [rank_column(source.board.rows), team_column(source.board.rows, source.hrefs)]


def score_named(scores: Sequence[MetricScore], name: str) -> MetricScore | None:
    """The score of this metric; None where there is none."""
    return next((score for score in scores if score.name == name), None)


def _task(row: Row, task_id: str) -> TaskColumn | None:
    return next((task for task in row.tasks if task.id == task_id), None)


def _of_task(row: Row, task_id: str, name: str) -> MetricScore | None:
    task = _task(row, task_id)
    return None if task is None else score_named(task.metrics, name)


def _of_role(row: Row, task_id: str, role: str, name: str) -> MetricScore | None:
    task = _task(row, task_id)
    found = () if task is None else tuple(part for part in task.roles if part.role == role)
    return score_named(found[0].metrics, name) if found else None


def _of_center(centers: Sequence[CenterScore], center: str, name: str) -> MetricScore | None:
    found = next((each for each in centers if each.id == center), None)
    return None if found is None else score_named(found.metrics, name)
