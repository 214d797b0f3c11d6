"""The table that a page of a board shows as CSV and as JSON: the same view, search, order and columns, all rows of it."""

from __future__ import annotations

import json
from dataclasses import replace

from sonobench_eval.report.paper import PaperTable, paper_csv
from sonobench_eval.report.tables import Cell, csv_text
from sonobench_platform.web.board_choice import choice_of, chosen_view
from sonobench_platform.web.board_state import ViewState
from sonobench_platform.web.board_table import found_rows, shown_columns
from sonobench_platform.web.board_views import BoardSource, BoardView

SCHEMA = "sonobench.leaderboard-view/1"


def view_csv(source: BoardSource, state: ViewState) -> str:
    """One line for each team, all digits; a table of a paper is as the paper prints it."""
    view = chosen_view(source, state)
    rows = found_rows(source.board, view, state)
    if view.paper is not None:
        return paper_csv(_part_of(view.paper, view, state, rows))
    columns = _file_columns(view, state)
    return csv_text([{name: cells[at] for name, cells in columns.items()} for at in rows], list(columns))


def view_json(source: BoardSource, state: ViewState, *, snapshot: str) -> str:
    """The same as objects, in the order of the table.

    Args:
        snapshot: the hash of the board that it is a part of.
    """
    view = chosen_view(source, state)
    columns = _file_columns(view, state)
    found = found_rows(source.board, view, state)
    document = {
        "schema": SCHEMA,
        "challenge": source.board.challenge,
        "snapshot": snapshot,
        "view": choice_of(source, state).view,
        "title": view.heading,
        "rows": [{name: cells[at] for name, cells in columns.items()} for at in found],
    }
    return json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1)


def _file_columns(view: BoardView, state: ViewState) -> dict[str, list[Cell]]:
    return {name: list(cells) for column in shown_columns(view, state) for name, cells in column.file}


def _part_of(table: PaperTable, view: BoardView, state: ViewState, rows: list[int]) -> PaperTable:
    """The columns and rows of a paper's table that are asked for."""
    shown = {column.key for column in shown_columns(view, state)}
    at = [number for number, column in enumerate(table.columns) if column.name in shown]
    kept = tuple(tuple(table.rows[row][number] for number in at) for row in rows)
    return replace(table, columns=tuple(table.columns[number] for number in at), rows=kept)
