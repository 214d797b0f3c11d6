"""What each page is given: one frozen record per page, every text and coordinate ready, nothing left to decide in a template.

Coordinates are in the units of the drawing they belong to (SVG user units, y down).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol

Side = Literal["inside", "left", "right"]


@dataclass(frozen=True, slots=True)
class Crumb:
    """A step on the way to a page."""

    title: str
    href: str


@dataclass(frozen=True, slots=True)
class Page:
    """What the frame around every page needs."""

    title: str
    crumbs: tuple[Crumb, ...]
    version: str


@dataclass(frozen=True, slots=True)
class Fact:
    figure: str
    words: str


@dataclass(frozen=True, slots=True)
class Whisker:
    """A value with its interval on a column's common scale. `side` tells where a value outside the scale lies."""

    x_low: float
    x_high: float
    x_value: float
    side: Side


@dataclass(frozen=True, slots=True)
class ScoreCell:
    """A score as written, exactly (`exact`), and drawn; `why` says why there is none."""

    text: str
    exact: str
    interval: str
    whisker: Whisker | None
    best: bool
    why: str


@dataclass(frozen=True, slots=True)
class FigureCell:
    """A plain figure; `why` says why there is none."""

    text: str
    exact: str
    why: str


@dataclass(frozen=True, slots=True)
class Tick:
    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Label:
    x: float
    y: float
    anchor: Literal["start", "middle", "end"]
    text: str


@dataclass(frozen=True, slots=True)
class MessagePage:
    """A page that only says something: not found, or not there yet."""

    template: ClassVar[str] = "message.html"
    page: Page
    heading: str
    sentences: tuple[str, ...]
    links: tuple[Crumb, ...]


@dataclass(frozen=True, slots=True)
class Tab:
    """One of several pages about the same thing; the one that is shown is the current one."""

    title: str
    href: str
    is_current: bool = False


class PageContext(Protocol):
    """A frozen dataclass that says which template it is for."""

    template: ClassVar[str]
    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def page(self) -> Page: ...
