"""What the page of other weights is given. See `contexts.py` for the rules. Coordinates are in SVG user units, y down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from sonobench_platform.web.contexts import Page, Tab, Tick
from sonobench_platform.web.contexts_board import BoardTable, EfficiencyChart


@dataclass(frozen=True, slots=True)
class Slider:
    """One number to turn. `unit` stands behind the value (` %`), `before` before it (`× `); `official` is the declared one."""

    id: str
    name: str
    label: str
    value: str
    least: str
    most: str
    step: str
    official: str
    before: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class SliderGroup:
    """The parts of one part."""

    title: str
    sliders: tuple[Slider, ...]


@dataclass(frozen=True, slots=True)
class Option:
    value: str
    title: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class WhatIfForm:
    """`hidden` is what else the address must carry along; `official_href` leads to the declared weights.

    `groups` are of parts and tasks, `metrics` of the metrics within tasks. `is_open`: something below the first slider was
    chosen, so that is shown.
    """

    action: str
    hidden: tuple[tuple[str, str], ...]
    performance: Slider | None
    schemes: tuple[Option, ...]
    tolerances: tuple[Option, ...]
    groups: tuple[SliderGroup, ...]
    metrics: tuple[SliderGroup, ...]
    is_open: bool
    official_href: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WeightLine:
    """A team's score as performance weighs from nothing to all: a straight line. `look` is its dashes, one of four."""

    team: str
    short: str
    leads: bool
    look: Literal["solid", "dashed", "dotted", "mixed"]
    y_start: float
    y_end: float
    y_label: float
    efficiency: str
    performance: str


@dataclass(frozen=True, slots=True)
class WinnerLine:
    """From one share of performance to another these teams are first."""

    span: str
    teams: str


@dataclass(frozen=True, slots=True)
class WeightChart:
    takeaway: str
    width: int
    height: int
    left: float
    right: float
    bottom: float
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    official: Tick
    now: Tick | None
    lines: tuple[WeightLine, ...]
    winners: tuple[WinnerLine, ...]


@dataclass(frozen=True, slots=True)
class WeightUsed:
    """How much a part counts in the part that it is a part of."""

    title: str
    of: str
    share: str


@dataclass(frozen=True, slots=True)
class WhatIfFound:
    """The answer to a choice, told in `sentence`."""

    sentence: str
    complaints: tuple[str, ...]
    table: BoardTable
    efficiency: EfficiencyChart | None
    weights: WeightChart | None
    used: tuple[WeightUsed, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WhatIfPage:
    """`form` and `found` are None where the board is no ground for other weights; `why` says why."""

    template: ClassVar[str] = "what_if.html"
    page: Page
    tabs: tuple[Tab, ...]
    title: str
    phase: str
    why: tuple[str, ...]
    form: WhatIfForm | None
    found: WhatIfFound | None


@dataclass(frozen=True, slots=True)
class WhatIfPart:
    """The answer alone, which the page's script puts in the place of the last one."""

    template: ClassVar[str] = "what_if_found.html"
    found: WhatIfFound

    @property
    def page(self) -> Page:
        """It stands in no frame."""
        return Page("", (), "")
