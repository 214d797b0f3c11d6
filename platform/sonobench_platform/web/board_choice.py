"""Which view of a board an address asks for, and which others there are of this board."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from sonobench_eval.ranking.leaderboard import TaskColumn
from sonobench_eval.report.figures import metric_label
from sonobench_platform.web.board_paper_views import (
    TABLE_1,
    TABLE_2,
    has_table_1,
    has_table_2,
    paper_view,
    table_1_view,
    tables_2,
)
from sonobench_platform.web.board_state import OVERALL, ViewState
from sonobench_platform.web.board_task_views import center_view, metric_view, metrics_of, split_tasks, task_view, tasks_of
from sonobench_platform.web.board_views import BoardSource, BoardView, overall_view
from sonobench_platform.web.contexts import Tab
from sonobench_platform.web.texts import _
from sonobench_platform.web.wording import shown_name

TASKS, TASK, CENTERS = "tasks", "task", "centers"


class Parts(NamedTuple):
    """What a view can be narrowed down to, as links, and what they are called together."""

    label: str
    tabs: tuple[Tab, ...]


class Choice(NamedTuple):
    """The view and the part of it that are shown, and all that there are, with their titles."""

    view: str
    part: str
    views: dict[str, str]
    parts: dict[str, str]


def chosen_view(source: BoardSource, state: ViewState) -> BoardView:
    """The view that the address asks for; the whole ranking where there is no such view of this board."""
    choice = choice_of(source, state)
    match choice.view:
        case "tasks":
            return metric_view(source, choice.part)
        case "task":
            return task_view(source, choice.part)
        case "centers":
            return center_view(source, choice.part)
        case "table1":
            return table_1_view(source)
        case "table2":
            return paper_view(source, next(table for table in tables_2(source.board) if table.name == choice.part))
        case _:
            return overall_view(source.board, hrefs=source.hrefs)


def views_of(choice: Choice, state: ViewState) -> tuple[Tab, ...]:
    """The views that there are of this board, as links."""
    bare = replace(state, of="", sort="", order=None, columns=(), page=1)
    return tuple(Tab(title, bare.href(view=key), key == choice.view) for key, title in choice.views.items())


def parts_of(choice: Choice, state: ViewState) -> Parts:
    """What the shown view can be narrowed down to: tasks, or metrics."""
    bare = replace(state, sort="", order=None, columns=(), page=1)
    tabs = tuple(Tab(title, bare.href(of=key), key == choice.part) for key, title in choice.parts.items())
    return Parts(_("Metrics") if choice.view == TASKS else _("Tasks"), tabs)


def choice_of(source: BoardSource, state: ViewState) -> Choice:
    """What the address asks for, as far as there is such a view of this board, and such a part of it; else the first."""
    tasks = tasks_of(source.board)
    views = _views(source, tasks)
    view = state.view if state.view in views else OVERALL
    parts = _parts(source, view, tasks)
    return Choice(view, state.of if state.of in parts else next(iter(parts), ""), views, parts)


def _views(source: BoardSource, tasks: Mapping[str, TaskColumn]) -> dict[str, str]:
    titles = {OVERALL: _("Overall")}
    if tasks:
        titles |= {TASKS: _("All tasks"), TASK: _("Task by task")}
    if split_tasks(source, tasks):
        titles[CENTERS] = _("Centers")
    if has_table_1(source.board):
        titles[TABLE_1] = _("UUSIC25 Table 1")
    if has_table_2(source.board):
        titles[TABLE_2] = _("UUSIC25 Table 2")
    return titles


def _parts(source: BoardSource, view: str, tasks: Mapping[str, TaskColumn]) -> dict[str, str]:
    titles = {task.id: shown_name(task.title) for task in tasks.values()}
    match view:
        case "tasks":
            return {name: metric_label(name) for name in metrics_of(tasks)}
        case "task":
            return titles
        case "centers":
            return {task: titles[task] for task in split_tasks(source, tasks)}
        case "table2":
            return {table.name: table.title for table in tables_2(source.board)}
        case _:
            return {}
