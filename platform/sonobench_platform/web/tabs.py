"""The pages about one board, and those of an organiser's desk for one challenge, as tabs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlencode

from sonobench_platform.web.contexts import Tab
from sonobench_platform.web.texts import _


class _Page(NamedTuple):
    key: str
    path: str


_BOARD = (
    _Page("leaderboard", "/leaderboard"),
    _Page("charts", "/leaderboard/charts"),
    _Page("what-if", "/leaderboard/what-if"),
    _Page("compare", "/leaderboard/compare"),
    _Page("difficulty", "/leaderboard/difficulty"),
    _Page("history", "/leaderboard/history"),
    _Page("challenge", ""),
)
_DESK = (
    _Page("overview", ""),
    _Page("teams", "/teams"),
    _Page("submissions", "/submissions"),
    _Page("failures", "/failures"),
    _Page("quota", "/quota"),
    _Page("data", "/data"),
    _Page("publish", "/publish"),
    _Page("audit", "/audit"),
    _Page("exports", "/exports"),
)


def board_tabs(name: str, current: str, *, phase: str | None = None) -> tuple[Tab, ...]:
    """The pages about a challenge's board, of a phase; of the main one where none is named."""
    query = "" if phase is None else f"?{urlencode({'phase': phase})}"
    return _tabs(f"/challenges/{name}", _BOARD, current, query)


def desk_tabs(name: str, current: str) -> tuple[Tab, ...]:
    """The pages of the desk for one challenge."""
    return _tabs(f"/desk/challenges/{name}", _DESK, current, "")


def _tabs(root: str, pages: Sequence[_Page], current: str, query: str) -> tuple[Tab, ...]:
    return tuple(Tab(_titles()[page.key], f"{root}{page.path}{query}", page.key == current) for page in pages)


def _titles() -> dict[str, str]:
    return {
        "leaderboard": _("Leaderboard"),
        "charts": _("Charts"),
        "what-if": _("What if"),
        "compare": _("Compare"),
        "difficulty": _("Difficulty"),
        "history": _("History"),
        "challenge": _("Rules and data"),
        "overview": _("Overview"),
        "teams": _("Teams"),
        "submissions": _("Submissions"),
        "failures": _("Failures"),
        "quota": _("Quota"),
        "data": _("Data"),
        "publish": _("Publish"),
        "audit": _("Audit trail"),
        "exports": _("Exports"),
    }
