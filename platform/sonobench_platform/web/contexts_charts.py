"""What the page of a board's charts is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sonobench_platform.web.contexts import Crumb, Page, Tab


@dataclass(frozen=True, slots=True)
class ChartLink:
    """A file of a chart: its kind, and what a screen reader says after it."""

    kind: str
    href: str
    of: str


@dataclass(frozen=True, slots=True)
class ChartCell:
    """A cell of a chart's numbers. `is_team`: a name that a stranger chose; empty text: there is no value."""

    text: str
    is_number: bool = False
    is_team: bool = False


@dataclass(frozen=True, slots=True)
class ChartFigure:
    """A chart. Without `picture` there are its numbers alone; `spec` is for browsers that draw it anew, empty where none may.

    `rest` says how many rows the file has beyond those here.
    """

    id: str
    takeaway: str
    title: str
    picture: str
    picture_dark: str
    width: int
    height: int
    spec: str
    spec_dark: str
    headings: tuple[ChartCell, ...]
    rows: tuple[tuple[ChartCell, ...], ...]
    rest: str
    links: tuple[ChartLink, ...]


@dataclass(frozen=True, slots=True)
class ChartSection:
    """Charts of one kind. `more` leads to those of the section that are not here; None where all are."""

    id: str
    title: str
    about: str
    figures: tuple[ChartFigure, ...]
    more: Crumb | None


@dataclass(frozen=True, slots=True)
class ChartsPage:
    """The charts of a board, or of one kind. `bundle` is the script that draws in browsers; empty where there is none."""

    template: ClassVar[str] = "charts.html"
    page: Page
    tabs: tuple[Tab, ...]
    title: str
    phase: str
    other_boards: tuple[Crumb, ...]
    lead: str
    snapshot: Crumb
    made_iso: str
    made_words: str
    notes: tuple[str, ...]
    parts: tuple[Tab, ...]
    sections: tuple[ChartSection, ...]
    bundle: str
