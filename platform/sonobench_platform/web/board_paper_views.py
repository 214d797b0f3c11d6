"""Tables of a paper as views of a board: any `PaperTable` of a row for each team becomes one, column for column."""

from __future__ import annotations

from collections.abc import Sequence

from sonobench_eval.ranking.leaderboard import Leaderboard, Row
from sonobench_eval.report.paper import Column, Estimate, PaperCell, PaperTable
from sonobench_eval.report.paper_uusic25 import uusic25_tables
from sonobench_platform.web.board_cells import as_score
from sonobench_platform.web.board_columns import BoardColumn, estimate_column, number_column, rank_column, team_column
from sonobench_platform.web.board_state import Order
from sonobench_platform.web.board_views import BoardSource, BoardView

TABLE_1, TABLE_2 = "table1", "table2"
_TASKS_OF_TABLE_1 = {"segmentation", "binary", "multiclass"}


def has_table_1(board: Leaderboard) -> bool:
    """Whether the challenge has the kinds of tasks that Table 1 of the UUSIC25 paper is of."""
    return {task.kind for row in board.rows[:1] for task in row.tasks} >= _TASKS_OF_TABLE_1


def tables_2(board: Leaderboard) -> list[PaperTable]:
    """Table 2 of the UUSIC25 paper: one for each task of several classes with internal and external centers."""
    return [table for table in uusic25_tables(board) if table.name.startswith(TABLE_2)]


def has_table_2(board: Leaderboard) -> bool:
    tasks = [task for row in board.rows[:1] for task in row.tasks]
    return any(task.kind == "multiclass" and len({part.role for part in task.roles}) == 2 for task in tasks)


def table_1_view(source: BoardSource) -> BoardView:
    """Ranks, time, memory, and the means of DSC, of binary AUC and of subtype AUC."""
    return paper_view(source, next(table for table in uusic25_tables(source.board) if table.name == TABLE_1))


def paper_view(source: BoardSource, table: PaperTable) -> BoardView:
    """The table with its own columns and digits; its rows are the board's, in the board's order."""
    rows = source.board.rows
    columns = [_column(source, column, [row[at] for row in table.rows], rows) for at, column in enumerate(table.columns)]
    return BoardView(table.title, table.caption, columns, notes=table.notes, paper=table)


def _column(source: BoardSource, column: Column, cells: Sequence[PaperCell], rows: Sequence[Row]) -> BoardColumn:
    match column.name, column.kind:
        case "rank", _:
            return rank_column(rows)
        case _, "team":
            return team_column(rows, source.hrefs)
        case _, "estimate":
            scores = [as_score(column.name, *_estimate(cell)) for cell in cells]
            return estimate_column(column.name, column.heading, scores, decimals=column.decimals)
        case _:
            numbers = [float(cell) if isinstance(cell, int | float) else None for cell in cells]
            decimals = 0 if column.kind == "whole" else column.decimals
            first: Order = "desc" if column.best == "higher" else "asc"
            return number_column(column.name, column.heading, numbers, decimals=decimals, best=column.best, first=first)


def _estimate(cell: PaperCell) -> Estimate:
    return cell if isinstance(cell, Estimate) else Estimate(None)
