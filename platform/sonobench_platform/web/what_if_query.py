"""What a what-if asks for, as its address says it. Nothing of it is trusted; what makes no sense is left out and told."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sonobench_platform.web.texts import _
from sonobench_platform.web.wording import shortened

if TYPE_CHECKING:
    from sonobench_platform.leaderboards.what_if import Choice

PREFIX = "w."
"""Before the key of a part in an address: `w.performance.segmentation=2`."""
MOST_FACTOR = 4.0
_NAMES = ("performance", "scheme", "tolerance")
_MOST_PARAMETERS = 300
_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Asked:
    """A choice, what of the address it came from, and sentences about what was left out."""

    choice: Choice
    extra: tuple[tuple[str, str], ...]
    complaints: tuple[str, ...]


def read_asked(parameters: Sequence[tuple[str, str]]) -> Asked:
    """The choice that an address's parameters make, in their order; the last of several of one name counts."""
    from sonobench_platform.leaderboards.what_if import Choice

    said = dict(parameters[:_MOST_PARAMETERS])
    reading = _Reading()
    performance = reading.number("performance", said.get("performance", ""), most=100.0)
    factors = {
        name.removeprefix(PREFIX): factor
        for name, text in said.items()
        if name.startswith(PREFIX) and (factor := reading.number(name, text, most=MOST_FACTOR)) not in {None, 1.0}
    }
    scheme, tolerance = said.get("scheme", "")[:_SHOWN], said.get("tolerance", "")[:_SHOWN]
    choice = Choice(
        performance=None if performance is None else performance / 100,
        factors={key: factor for key, factor in factors.items() if factor is not None},
        scheme=scheme or None,
        tolerance=tolerance or None,
    )
    return Asked(choice, extra_of(choice), tuple(reading.complaints))


def says_more(parameters: Sequence[tuple[str, str]], asked: Asked) -> bool:
    """Whether an address that was understood carries what goes without saying, as a form's does: every slider, moved or not."""
    own = [(name, text) for name, text in parameters if name in _NAMES or name.startswith(PREFIX)]
    return not asked.complaints and len(own) > len(asked.extra)


def extra_of(choice: Choice) -> tuple[tuple[str, str], ...]:
    """What the address of a choice carries: the shortest that says it."""
    named = (
        ("performance", "" if choice.performance is None else f"{choice.performance * 100:.10g}"),
        ("scheme", choice.scheme or ""),
        ("tolerance", choice.tolerance or ""),
    )
    parts = ((f"{PREFIX}{key}", f"{factor:.10g}") for key, factor in choice.factors.items())
    return (*((name, value) for name, value in named if value), *parts)


class _Reading:
    """Reads numbers, and says of those that are none."""

    def __init__(self) -> None:
        self.complaints: list[str] = []

    def number(self, name: str, text: str, *, most: float) -> float | None:
        if not text.strip():
            return None
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if 0 <= value <= most:
            return value
        told = _("“{text}” is no number from 0 to {most:g}, so “{name}” stays as declared.")
        self.complaints.append(told.format(text=shortened(text, _SHOWN), most=most, name=shortened(name, _SHOWN)))
        return None
