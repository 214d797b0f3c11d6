"""What the history of a board and the page of a snapshot are given. See `contexts.py` for the rules.

Coordinates are in the units of the drawing they belong to (SVG user units, y down).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sonobench_platform.web.contexts import Crumb, Label, Page, Tab, Tick
from sonobench_platform.web.contexts_board import BoardPage
from sonobench_platform.web.contexts_social import Social


@dataclass(frozen=True, slots=True)
class Move:
    """What happened to a team, in words: `U-Vision`, `new at 3`. `up` is None where it is neither up nor down."""

    team: str
    words: str
    up: bool | None


@dataclass(frozen=True, slots=True)
class SnapshotEntry:
    """One snapshot in the list. `more` says how many moves are not in it; empty where all are."""

    number: str
    href: str
    short: str
    hash: str
    date_words: str
    date_iso: str
    teams: str
    first: tuple[str, ...]
    moves: tuple[Move, ...]
    more: str
    note: str


@dataclass(frozen=True, slots=True)
class RankCurve:
    """One team's line: `style` (0 to 9) is its colour, dash and mark; `dots` are the snapshots in which its rank changed."""

    team: str
    short: str
    style: int
    path: str
    dots: tuple[tuple[float, float], ...]
    words: str


@dataclass(frozen=True, slots=True)
class RankTableRow:
    """A snapshot's row in the table of ranks; `cells` are texts, empty where a team had no rank."""

    date_words: str
    date_iso: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HistoryChart:
    """Ranks over time. `labels` are the names at the right end, `columns` and `rows` the numbers as a table."""

    takeaway: str
    note: str
    width: int
    height: int
    left: float
    right: float
    bottom: float
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    curves: tuple[RankCurve, ...]
    labels: tuple[Label, ...]
    columns: tuple[str, ...]
    rows: tuple[RankTableRow, ...]
    csv_href: str


@dataclass(frozen=True, slots=True)
class HistoryPage:
    template: ClassVar[str] = "history.html"
    page: Page
    tabs: tuple[Tab, ...]
    title: str
    lead: str
    phase: str
    phase_name: str
    """What the form of a date carries along; empty for the main phase."""
    other_boards: tuple[Crumb, ...]
    board_path: str
    entries: tuple[SnapshotEntry, ...]
    chart: HistoryChart | None
    newer: str
    older: str
    shown: str
    feed: str
    first_day: str
    """The first and the last day that there is a snapshot of, `YYYY-MM-DD`; empty where there is none."""
    last_day: str
    social: Social


@dataclass(frozen=True, slots=True)
class FileLink:
    """One form in which a snapshot can be had, and what it is for."""

    title: str
    href: str
    words: str


@dataclass(frozen=True, slots=True)
class SnapshotNotice:
    """Which snapshot a page shows. `present_href` leads to the present board; `words` says which of them this is."""

    words: str
    date_words: str
    date_iso: str
    is_present: bool
    present_href: str
    present_words: str
    others: tuple[Crumb, ...]
    """Other days on which the same ranking was on show."""


@dataclass(frozen=True, slots=True)
class Citation:
    """How to cite a snapshot. `address` is whole; `audit_head` is the audit log's last hash then, empty where it was empty.

    `badge` is what the first team could put into its README (Markdown); empty where there is no team.
    """

    address: str
    hash: str
    bibtex: str
    files: tuple[FileLink, ...]
    badge: str
    audit_head: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotPage(BoardPage):
    """A board as it was published once, on the page that the present one has."""

    template: ClassVar[str] = "snapshot.html"
    notice: SnapshotNotice
    citation: Citation
