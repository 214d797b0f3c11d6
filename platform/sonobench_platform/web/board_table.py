"""A board's table as a page shows it: the rows that a search finds, in the order and columns asked for, a page of them."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace

from sonobench_eval.ranking.leaderboard import Leaderboard
from sonobench_platform.web.board_columns import BoardColumn
from sonobench_platform.web.board_state import PAGE_SIZES, ViewState
from sonobench_platform.web.board_views import BoardView, overall_view
from sonobench_platform.web.contexts import Tab
from sonobench_platform.web.contexts_board import BoardTable, ColumnChoice, Controls, HeadCell, Pager
from sonobench_platform.web.texts import _, ngettext
from sonobench_platform.web.wording import shown_name


def board_table(board: Leaderboard, state: ViewState, *, official: Mapping[str, int] | None = None) -> BoardTable:
    """The table of the whole ranking.

    Args:
        board: the board as it is ranked; its digits, scales and best values are those of all its teams, shown or not.
        state: what the reader chose, and where the links lead.
        official: each team's rank in the official ranking, where `board` is another one: shown beside the rank.
    """
    return table_of(board, overall_view(board, official=official), state)


def table_of(board: Leaderboard, view: BoardView, state: ViewState) -> BoardTable:
    """The table of any view."""
    columns = shown_columns(view, state)
    found = found_rows(board, view, state)
    pages = max(-(-len(found) // state.size), 1)
    state = replace(state, page=min(state.page, pages))
    first = (state.page - 1) * state.size
    fitted = [column.fit() for column in columns]
    return BoardTable(
        heading=view.heading,
        caption=view.caption,
        columns=tuple(_head(column, view, state) for column in columns),
        rows=tuple(tuple(cell(at) for cell in fitted) for at in found[first : first + state.size]),
        weights=view.weights if any(column.kind == "bar" for column in columns) else (),
        nothing=_nothing(board, state) if not found else "",
        notes=view.notes,
        controls=_controls(view, columns, state),
        pager=_pager(len(found), len(board.rows), pages, state),
    )


def shown_columns(view: BoardView, state: ViewState) -> list[BoardColumn]:
    """The columns that were chosen; the view's own where none was, or none of this view."""
    chosen = [column for column in view.columns if column.is_fixed or column.key in state.columns]
    if all(column.is_fixed for column in chosen):
        return [column for column in view.columns if column.is_fixed or column.is_default]
    return chosen


def found_rows(board: Leaderboard, view: BoardView, state: ViewState) -> list[int]:
    """The numbers, from 0, of the board's rows that the search finds, in the order asked for."""
    wanted = _plain(state.text)
    found = [at for at, row in enumerate(board.rows) if not wanted or wanted in _plain(shown_name(row.team))]
    column = _sorted_by(view, state)
    if column is None:
        return found
    known = [at for at in found if column.values[at] is not None]
    known.sort(key=lambda at: column.values[at], reverse=_order(column, state) == "desc")  # type: ignore[arg-type,return-value]
    return known + [at for at in found if column.values[at] is None]


def _sorted_by(view: BoardView, state: ViewState) -> BoardColumn | None:
    """None: in the board's own order, which is that of ranks."""
    return next((column for column in view.columns if column.key == state.sort), None)


def _order(column: BoardColumn, state: ViewState) -> str:
    return state.order or column.first


def _plain(text: str) -> str:
    """For comparing names as people do: without case and accents."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(each for each in parts if not unicodedata.combining(each))


def _head(column: BoardColumn, view: BoardView, state: ViewState) -> HeadCell:
    by = _sorted_by(view, state)
    is_active = column is by or (by is None and column.key == "rank")
    order = _order(column, state) if is_active and by is not None else column.first
    then = ("asc" if order == "desc" else "desc") if is_active else column.first
    words = _("Sort by {column}, lowest first") if then == "asc" else _("Sort by {column}, highest first")
    if column.kind == "team":
        words = _("Sort by {column}, A first") if then == "asc" else _("Sort by {column}, Z first")
    return HeadCell(
        column.key,
        column.kind,
        column.heading,
        column.detail,
        _sort_href(column, then, state),
        words.format(column=column.heading),
        "" if not is_active else "ascending" if order == "asc" else "descending",
        "" if not is_active else "↑" if order == "asc" else "↓",
    )


def _sort_href(column: BoardColumn, order: str, state: ViewState) -> str:
    """The shortest address: an order that goes without saying is not in it."""
    if column.key == "rank" and order == "asc":
        return state.href(sort="", order=None, page=1)
    return state.href(sort=column.key, order=None if order == column.first else order, page=1)


def _controls(view: BoardView, columns: Sequence[BoardColumn], state: ViewState) -> Controls:
    choices = tuple(ColumnChoice(column.key, column.heading, column in columns) for column in view.columns if not column.is_fixed)
    defaults = [column for column in view.columns if column.is_fixed or column.is_default]
    return Controls(
        path=state.path,
        text=state.text,
        all_href=state.href(text="", page=1) if state.text else "",
        search_hidden=state.hidden("q"),
        columns=choices,
        columns_hidden=state.hidden("cols"),
        default_columns_href=state.href(columns=()) if list(columns) != defaults else "",
    )


def _pager(found: int, teams: int, pages: int, state: ViewState) -> Pager:
    sizes = tuple(Tab(str(size), state.href(size=size, page=1), size == state.size) for size in PAGE_SIZES)
    return Pager(
        words=_shown_words(found, teams, state),
        previous=state.href(page=state.page - 1) if state.page > 1 else "",
        next=state.href(page=state.page + 1) if state.page < pages else "",
        pages=tuple(Tab(str(n), state.href(page=n), n == state.page) for n in range(1, pages + 1)) if pages > 1 else (),
        sizes=sizes if found > PAGE_SIZES[0] else (),
    )


def _shown_words(found: int, teams: int, state: ViewState) -> str:
    first = (state.page - 1) * state.size + 1
    last = min(first + state.size - 1, found)
    if state.text:
        words = ngettext(
            "{found} of {teams} teams has this in its name", "{found} of {teams} teams have this in their names", found
        )
        said = words.format(found=f"{found:,}", teams=f"{teams:,}")
        return said if found <= state.size else f"{said}; {_('{first} to {last} are shown').format(first=first, last=last)}"
    if found <= state.size:
        return ngettext("{found} team", "{found} teams", found).format(found=f"{found:,}")
    return _("Teams {first} to {last} of {found}").format(first=f"{first:,}", last=f"{last:,}", found=f"{found:,}")


def _nothing(board: Leaderboard, state: ViewState) -> str:
    if not board.rows:
        return _("No algorithm has been scored yet.")
    return _("No team has “{text}” in its name.").format(text=shown_name(state.text))
