"""What the page of a board is given: its table's cells, its charts, its snapshot. See `contexts.py` for the rules.

Coordinates are in the units of the drawing they belong to (SVG user units, y down).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from sonobench_platform.web.contexts import Crumb, Fact, FigureCell, Label, Page, ScoreCell, Tab, Tick
from sonobench_platform.web.contexts_social import Social


@dataclass(frozen=True, slots=True)
class RankRange:
    text: str
    words: str
    x_low: float
    x_high: float
    x_rank: float


@dataclass(frozen=True, slots=True)
class RankCell:
    """A rank; `text` is empty where there is none. `moved` (`▲2`) is against the official rank, `moved_words` says so."""

    kind: ClassVar[str] = "rank"
    text: str
    tied: bool
    moved: str = ""
    moved_words: str = ""


@dataclass(frozen=True, slots=True)
class RangeCell:
    kind: ClassVar[str] = "range"
    range: RankRange | None


@dataclass(frozen=True, slots=True)
class TeamCell:
    """`remark` is what else there is to say of the team; `href` is empty where its page is not for the reader."""

    kind: ClassVar[str] = "team"
    team: str
    remark: str = ""
    href: str = ""


@dataclass(frozen=True, slots=True)
class BarCell:
    """The score and its two parts as they are added up (weight times part), as widths; `parts` is the two of them in digits."""

    kind: ClassVar[str] = "bar"
    score: FigureCell
    performance_width: float
    efficiency_width: float
    words: str
    parts: str


@dataclass(frozen=True, slots=True)
class EstimateCell:
    kind: ClassVar[str] = "estimate"
    score: ScoreCell


@dataclass(frozen=True, slots=True)
class NumberCell:
    kind: ClassVar[str] = "number"
    figure: FigureCell
    is_best: bool = False


TableCell = RankCell | RangeCell | TeamCell | BarCell | EstimateCell | NumberCell


@dataclass(frozen=True, slots=True)
class HeadCell:
    """A column's heading, a link that sorts by it. `aria_sort` is empty but on the column that the rows are sorted by.

    `sort_words` says what the link does; `arrow` shows the order.
    """

    key: str
    kind: str
    heading: str
    detail: str
    href: str
    sort_words: str
    aria_sort: Literal["", "ascending", "descending"] = ""
    arrow: str = ""


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    key: str
    title: str
    is_shown: bool


@dataclass(frozen=True, slots=True)
class Pager:
    """`words` says what is shown (`Teams 51 to 100 of 500`). Addresses are empty where there is no such page."""

    words: str
    previous: str
    next: str
    pages: tuple[Tab, ...]
    sizes: tuple[Tab, ...]


@dataclass(frozen=True, slots=True)
class Controls:
    """Forms that change what is shown: a search and a choice of columns, each with what its address must carry along."""

    path: str
    text: str
    all_href: str
    """Leads to the same without a search; empty where nothing is searched for."""
    search_hidden: tuple[tuple[str, str], ...]
    columns: tuple[ColumnChoice, ...]
    columns_hidden: tuple[tuple[str, str], ...]
    default_columns_href: str
    """Leads to the view's own columns; empty where they are shown."""


@dataclass(frozen=True, slots=True)
class BoardTable:
    """A table of teams, ready to be shown: one page of the rows that the search finds, in the order asked for.

    `weights` are those of performance and efficiency, as texts, where a bar shows both parts; else empty.
    """

    heading: str
    caption: str
    columns: tuple[HeadCell, ...]
    rows: tuple[tuple[TableCell, ...], ...]
    weights: tuple[str, ...]
    nothing: str
    """What to say where there is no row."""
    notes: tuple[str, ...]
    controls: Controls
    pager: Pager


@dataclass(frozen=True, slots=True)
class Bubble:
    x: float
    y: float
    radius: float
    on_front: bool
    measured: bool
    words: str


@dataclass(frozen=True, slots=True)
class EfficiencyChart:
    takeaway: str
    note: str
    width: int
    height: int
    bottom: int
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    x_title: str
    front: str
    bubbles: tuple[Bubble, ...]
    labels: tuple[Label, ...]


@dataclass(frozen=True, slots=True)
class GapLine:
    team: str
    short: str
    y: float
    x: float
    x_low: float | None
    x_high: float | None
    text: str
    interval: str
    clear: bool


@dataclass(frozen=True, slots=True)
class GapPanel:
    title: str
    height: int
    bottom: int
    zero: float
    ticks: tuple[Tick, ...]
    lines: tuple[GapLine, ...]


@dataclass(frozen=True, slots=True)
class GapChart:
    takeaway: str
    note: str
    width: int
    panels: tuple[GapPanel, ...]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Which state of the board this is: the hash of what it says, when it was made, and its permanent address (`href`)."""

    hash: str
    short: str
    date_words: str
    date_iso: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class BoardPage:
    template: ClassVar[str] = "leaderboard.html"
    page: Page
    tabs: tuple[Tab, ...]
    title: str
    lead: str
    facts: tuple[Fact, ...]
    views: tuple[Tab, ...]
    """The board's views, those that there are of it."""
    parts: tuple[Tab, ...]
    """What the view can be narrowed down to."""
    parts_label: str
    table: BoardTable
    notes: tuple[str, ...]
    efficiency: EfficiencyChart | None
    gap: GapChart | None
    snapshot: Snapshot
    json_href: str
    csv_href: str
    challenge_hash: str
    dataset_hash: str
    phase: str = ""
    """The phase's title; empty where the challenge declares none."""
    other_boards: tuple[Crumb, ...] = ()
    social: Social | None = None
    """What its head says of it to programs that show links."""
