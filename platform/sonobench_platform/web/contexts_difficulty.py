"""What the page of difficulty tiers is given. See `contexts.py` for the rules. Coordinates are in SVG user units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from sonobench_platform.web.contexts_look import LookPage
from sonobench_platform.web.contexts_what_if import Option

Look = Literal["all", "most", "few", "none"]


@dataclass(frozen=True, slots=True)
class TierKey:
    """A tier's look and what it means."""

    look: Look
    words: str


@dataclass(frozen=True, slots=True)
class TierPart:
    """One tier of a bar."""

    look: Look
    x: float
    width: float


@dataclass(frozen=True, slots=True)
class TierCount:
    cases: str
    share: str


@dataclass(frozen=True, slots=True)
class DifficultyLine:
    """A group of cases. `held_back` says why nothing is told of it; empty where it is."""

    title: str
    cases: str
    counts: tuple[TierCount, ...]
    bar: tuple[TierPart, ...]
    words: str
    held_back: str


@dataclass(frozen=True, slots=True)
class DifficultyTask:
    """`solved` says what counts as solved there."""

    title: str
    solved: str
    lines: tuple[DifficultyLine, ...]


@dataclass(frozen=True, slots=True)
class DifficultyFound:
    takeaway: str
    caption: str
    key: tuple[TierKey, ...]
    tasks: tuple[DifficultyTask, ...]
    notes: tuple[str, ...]
    csv_href: str


@dataclass(frozen=True, slots=True)
class DifficultyPage(LookPage):
    """`found` is None where there are no tiers to show."""

    template: ClassVar[str] = "difficulty.html"
    thresholds: tuple[Option, ...]
    found: DifficultyFound | None
