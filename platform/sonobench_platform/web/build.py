"""From public records to page contexts, for every page but the board (`board.py`)."""

from __future__ import annotations

from dataclasses import replace

from sonobench_eval.ranking.leaderboard import Leaderboard
from sonobench_eval.report.public import public_board
from sonobench_platform.web.board import board_page
from sonobench_platform.web.board_state import ViewState
from sonobench_platform.web.board_views import BoardSource
from sonobench_platform.web.contexts import Crumb, MessagePage
from sonobench_platform.web.contexts_board import BoardPage
from sonobench_platform.web.keeping import Kept
from sonobench_platform.web.phases import (
    board_links,
    names_notes,
    phase_named,
    phase_title,
    waiting_note,
)
from sonobench_platform.web.rendering import page_frame
from sonobench_platform.web.source import BesideBoard, PublicChallenge, PublishedBoard
from sonobench_platform.web.texts import _
from sonobench_platform.web.wording import shown_name


def board_context(
    challenge: PublicChallenge,
    published: PublishedBoard | None,
    *,
    state: ViewState | None = None,
    beside: BesideBoard | None = None,
    teams_without_score: int = 0,
) -> BoardPage | MessagePage:
    path = f"/challenges/{challenge.definition.name}/leaderboard"
    state = state or ViewState(path)
    crumbs = (_challenge_crumb(challenge), Crumb(_("Leaderboard"), path))
    title = _("Leaderboard of {title}").format(title=_title(challenge))
    frame = page_frame(f"{title} – Sonobench", *crumbs)
    if published is None:
        waiting = _("No algorithm has been scored yet. The board appears here as soon as the first one is.")
        return MessagePage(frame, title, (waiting,), (Crumb(_("Rules, and how to take part"), crumbs[0].href),))
    source = board_source(challenge, published, beside)
    page = board_page(published, frame, state, source=source, teams_without_score=teams_without_score)
    return _of_phase(page, challenge, state.phase)


def board_source(challenge: PublicChallenge, published: PublishedBoard, beside: BesideBoard | None = None) -> BoardSource:
    """What of a board is for everyone: no figure of too few cases, which would be read as more than it is."""
    definition = challenge.definition
    key = (published, definition.subgroups.fewest_cases)
    board = _PUBLIC.get(key, lambda: public_board(published.board, fewest_cases=definition.subgroups.fewest_cases))
    titles = {center.id: center.title or center.id for center in definition.centers}
    return BoardSource(board, beside.centers if beside else (), titles, beside.pages if beside else {}, key)


_PUBLIC = Kept[Leaderboard](16)


def _of_phase(page: BoardPage, challenge: PublicChallenge, name: str | None) -> BoardPage:
    """The board with what is to be said of its phase."""
    shown = phase_named(challenge, name)
    if (note := waiting_note(shown)) is not None:
        page = replace(page, notes=(note, *page.notes))
    if shown is None or not challenge.definition.phases:
        return page
    return replace(
        page, phase=phase_title(shown.rules), other_boards=board_links(challenge, shown), notes=(*names_notes(shown), *page.notes)
    )


def not_found_context(sentence: str) -> MessagePage:
    return MessagePage(page_frame("Not found – Sonobench"), "There is no such page", (sentence,), (Crumb("All challenges", "/"),))


def trouble_context(status: int, sentence: str) -> MessagePage:
    heading = "The server has a problem" if status >= 500 else "This did not work"
    return MessagePage(page_frame(f"{heading} – Sonobench"), heading, (sentence,), (Crumb("All challenges", "/"),))


def _title(challenge: PublicChallenge) -> str:
    return shown_name(challenge.definition.title)


def _challenge_crumb(challenge: PublicChallenge) -> Crumb:
    return Crumb(_title(challenge), f"/challenges/{challenge.definition.name}")
