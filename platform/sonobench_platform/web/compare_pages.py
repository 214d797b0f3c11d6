"""The page of two teams side by side, and the same as CSV."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Response

from sonobench_platform.accounts.access import Visitor
from sonobench_platform.core import CoreDep
from sonobench_platform.domain.errors import NotFound
from sonobench_platform.web.compare_build import csv_lines, side_by_side
from sonobench_platform.web.compare_query import Pair, key_of, read_pair
from sonobench_platform.web.contexts import Crumb
from sonobench_platform.web.contexts_compare import ComparePage
from sonobench_platform.web.contexts_what_if import Option
from sonobench_platform.web.rendering import SECURITY_HEADERS, page_response
from sonobench_platform.web.tabs import board_tabs
from sonobench_platform.web.texts import _
from sonobench_platform.web.what_if_build import board_frame
from sonobench_platform.web.wording import shortened, shown_name

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from sonobench_eval.ranking.leaderboard import Leaderboard
    from sonobench_platform.core import Core
    from sonobench_platform.leaderboards.comparing import Compared
    from sonobench_platform.leaderboards.comparing_shown import ShownBoard

router = APIRouter(include_in_schema=False)
PATH = "/challenges/{name}/leaderboard/compare"
_LONGEST_KEY = 64


@dataclass(frozen=True, slots=True)
class Wanted:
    """The teams and the phase that an address names."""

    first: str
    second: str
    phase: str | None

    def href(self, path: str, *, first: str = "", second: str = "") -> str:
        named = (("phase", self.phase or ""), ("a", first), ("b", second))
        query = urlencode([(name, value) for name, value in named if value])
        return f"{path}?{query}" if query else path


def wanted(a: str = "", b: str = "", phase: Annotated[str | None, Query(max_length=64)] = None) -> Wanted:
    return Wanted(a[:_LONGEST_KEY], b[:_LONGEST_KEY], phase or None)


WantedDep = Annotated[Wanted, Depends(wanted)]


@router.get(PATH)
def compare(name: str, core: CoreDep, reader: Visitor, asked: WantedDep) -> Response:
    from sonobench_platform.leaderboards.comparing_shown import shown_board  # the ranking engine: not for every process

    with core.database.read() as session:
        shown = shown_board(session, reader, name, phase=asked.phase, now=core.clock.now())
        board = shown.board
        pair = Pair(None) if board is None else read_pair(board.rows, asked.first, asked.second)
        found = None if board is None or pair.numbers is None else _found(core, session, shown, board, pair.numbers)
    return page_response(_page(shown, board, pair, found, asked), reader=reader)


@router.get(f"{PATH}.csv")
def compare_csv(name: str, core: CoreDep, reader: Visitor, asked: WantedDep) -> Response:
    from sonobench_eval.report.tables import csv_text  # pandas: seconds that no other page should wait for
    from sonobench_platform.leaderboards.comparing_shown import shown_board

    with core.database.read() as session:
        shown = shown_board(session, reader, name, phase=asked.phase, now=core.clock.now())
        board = shown.board
        pair = Pair(None) if board is None else read_pair(board.rows, asked.first, asked.second)
        if board is None or pair.numbers is None:
            raise NotFound("no-such-teams", pair.complaint or "There are no two teams on this board.")
        lines = csv_lines(_found(core, session, shown, board, pair.numbers))
    caching = "no-cache" if reader is None else "private, no-cache"
    headers = SECURITY_HEADERS | {"Cache-Control": caching, "Vary": "Cookie"}
    return Response(csv_text(lines).encode(), media_type="text/csv; charset=utf-8", headers=headers)


def _found(core: Core, session: Session, shown: ShownBoard, board: Leaderboard, pair: tuple[int, int]) -> Compared:
    """From evaluations only where the phase has closed."""
    from sonobench_platform.leaderboards import comparing
    from sonobench_platform.leaderboards.comparing_evidence import runs_behind

    runs = runs_behind(core, session, shown) if shown.is_closed and shown.published is not None else None
    if runs is None or shown.published is None:
        return comparing.side_by_side(board.rows[pair[0]], board.rows[pair[1]])
    ahead = comparing.ahead_of(shown.published.document, shown.definition_text, runs, pair)
    return comparing.compared(board, runs, pair, ahead=ahead)


def _page(shown: ShownBoard, board: Leaderboard | None, pair: Pair, found: Compared | None, asked: Wanted) -> ComparePage:
    path = f"/challenges/{shown.name}/leaderboard/compare"
    keys = ("", "") if board is None or pair.numbers is None else tuple(key_of(board.rows[number]) for number in pair.numbers)
    title = _("Two teams side by side")
    shown_pair = (
        None
        if board is None or found is None
        else side_by_side(
            board, found, notes=_notes(shown, found), csv_href=asked.href(f"{path}.csv", first=keys[0], second=keys[1])
        )
    )
    return ComparePage(
        page=board_frame(shown, f"{title} {shown_name(shown.title)}", Crumb(_("Compare"), path)),
        tabs=board_tabs(shown.name, "compare", phase=asked.phase),
        title=title,
        phase=shown_name(shown.phase_title) if shown.phase_title else "",
        action=path,
        hidden=() if asked.phase is None else (("phase", asked.phase),),
        first=_options(board, keys[0] or asked.first),
        second=_options(board, keys[1] or asked.second),
        swap_href=asked.href(path, first=keys[1], second=keys[0]) if all(keys) else "",
        sentences=_sentences(board, pair),
        found=shown_pair,
    )


def _options(board: Leaderboard | None, chosen: str) -> tuple[Option, ...]:
    if board is None or len(board.rows) < 2:
        return ()
    return tuple(Option(key := key_of(row), _option_title(row.rank, row.team), key == chosen) for row in board.rows)


def _option_title(rank: int | None, team: str) -> str:
    name = shortened(team, 60)
    return name if rank is None else _("{rank}. {team}").format(rank=rank, team=name)


def _sentences(board: Leaderboard | None, pair: Pair) -> tuple[str, ...]:
    if pair.complaint:
        return (pair.complaint,)
    if board is None or not board.rows:
        return (_("No algorithm has been scored yet, so there are no teams to compare."),)
    if len(board.rows) < 2:
        return (_("One team alone is on this board. Two are needed to compare."),)
    return ()


def _notes(shown: ShownBoard, found: Compared) -> tuple[str, ...]:
    if not shown.is_closed:
        return (
            _("The phase is open, so these are the figures that the board shows, times and memory rounded."),
            _("When it has closed, the paired differences with their intervals stand here, and how often each is ahead."),
        )
    if not found.is_paired:
        return (
            _("There are no paired differences: replicates of these two runs are missing, or not of the board's definition."),
        )
    if found.ahead is None:
        return (_("How often each is ahead cannot be told: ranks of this board cannot be made again in resamples."),)
    return (
        _(
            "Ahead means a better rank by the official ranking, among all teams, in a bootstrap resample of the cases. It says "
            "how stable the order is; it is not a test."
        ),
    )
