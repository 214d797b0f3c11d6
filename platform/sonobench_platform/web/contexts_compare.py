"""What the page of two teams side by side is given. See `contexts.py` for the rules. Coordinates are in SVG user units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from sonobench_platform.web.contexts import FigureCell, ScoreCell
from sonobench_platform.web.contexts_look import LookPage
from sonobench_platform.web.contexts_what_if import Option


@dataclass(frozen=True, slots=True)
class DrawnDifference:
    """A difference with its interval on a scale with 0 in it; `side` is who is better where the interval leaves 0 out."""

    zero: float
    x: float
    x_low: float
    x_high: float
    side: Literal["", "first", "second"]
    words: str


@dataclass(frozen=True, slots=True)
class ComparedLine:
    """One metric of one task. `says` is who is better, or that nobody is beyond chance."""

    metric: str
    definition: str
    first: ScoreCell
    second: ScoreCell
    difference: str
    interval: str
    drawn: DrawnDifference | None
    says: str


@dataclass(frozen=True, slots=True)
class ComparedTask:
    title: str
    lines: tuple[ComparedLine, ...]


@dataclass(frozen=True, slots=True)
class ComparedFigure:
    """A figure of the whole of both, and how they stand to each other."""

    title: str
    first: FigureCell
    second: FigureCell
    relation: str


@dataclass(frozen=True, slots=True)
class AheadBar:
    """How often each ranks before the other, as widths of one bar; `words` says the shares."""

    first_width: float
    level_width: float
    second_width: float
    words: str


@dataclass(frozen=True, slots=True)
class SideBySide:
    takeaway: str
    first: str
    second: str
    figures: tuple[ComparedFigure, ...]
    ahead: AheadBar | None
    tasks: tuple[ComparedTask, ...]
    is_paired: bool
    caption: str
    notes: tuple[str, ...]
    csv_href: str


@dataclass(frozen=True, slots=True)
class ComparePage(LookPage):
    """`found` is None where there are no two teams to compare."""

    template: ClassVar[str] = "compare.html"
    first: tuple[Option, ...]
    second: tuple[Option, ...]
    swap_href: str
    found: SideBySide | None
