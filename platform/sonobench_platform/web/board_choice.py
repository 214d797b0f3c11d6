"""Which view of a board an address asks for, and which others there are of this board."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

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


def chosen_view(source: BoardSource, state: ViewState) -> BoardView:
    """The view that the address asks for; the whole ranking where there is no such view of this board."""
    view, part = shown_view(source, state), _part(source, state)
    match view:
        case "tasks":
            return metric_view(source, part)
        case "task":
            return task_view(source, part)
        case "centers":
            return center_view(source, part)
        case "table1":
            return table_1_view(source)
        case "table2":
            return paper_view(source, next(table for table in tables_2(source.board) if table.name == part))
        case _:
            return overall_view(source.board, hrefs=source.hrefs)


def views_of(source: BoardSource, state: ViewState) -> tuple[Tab, ...]:
    """The views that there are of this board, as links."""
    shown, bare = shown_view(source, state), replace(state, of="", sort="", order=None, columns=(), page=1)
    return tuple(Tab(title, bare.href(view=key), key == shown) for key, title in _titles(source).items())


def parts_of(source: BoardSource, state: ViewState) -> Parts:
    """What the shown view can be narrowed down to: tasks, or metrics."""
    bare = replace(state, sort="", order=None, columns=(), page=1)
    view, part = shown_view(source, state), _part(source, state)
    tabs = tuple(Tab(title, bare.href(of=key), key == part) for key, title in _part_titles(source, view).items())
    return Parts(_("Metrics") if view == TASKS else _("Tasks"), tabs)


def shown_view(source: BoardSource, state: ViewState) -> str:
    return state.view if state.view in _titles(source) else OVERALL


def _titles(source: BoardSource) -> dict[str, str]:
    board = source.board
    titles = {OVERALL: _("Overall")}
    if metrics_of(board):
        titles |= {TASKS: _("All tasks"), TASK: _("Task by task")}
    if split_tasks(source):
        titles[CENTERS] = _("Centers")
    if has_table_1(board):
        titles[TABLE_1] = _("UUSIC25 Table 1")
    if has_table_2(board):
        titles[TABLE_2] = _("UUSIC25 Table 2")
    return titles


def _part_titles(source: BoardSource, view: str) -> dict[str, str]:
    tasks = {task.id: shown_name(task.title) for task in tasks_of(source.board).values()}
    match view:
        case "tasks":
            return {name: metric_label(name) for name in metrics_of(source.board)}
        case "task":
            return tasks
        case "centers":
            return {task: tasks[task] for task in split_tasks(source)}
        case "table2":
            return {table.name: table.title for table in tables_2(source.board)}
        case _:
            return {}


def _part(source: BoardSource, state: ViewState) -> str:
    """The part that is asked for; the first where there is no such."""
    titles = _part_titles(source, shown_view(source, state))
    return state.of if state.of in titles else next(iter(titles), "")
