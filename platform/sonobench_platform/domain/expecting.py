"""When a waiting run will probably start: the queue played through on the nodes that can run it. Pure.

What comes out is shown to teams. It is made from how long other teams' runs took, so it is told in coarse steps only.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

STEPS_MIN = (0, 1, 2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 360, 480, 720, 1440)
"""What a start is told in, in minutes. Beyond the last, nothing is told."""


@dataclass(frozen=True, slots=True)
class Need:
    """A waiting run: how many GPUs it needs, and how long one of its kind takes; None where nothing is known of that."""

    run_id: str
    gpus: int
    takes_s: float | None


@dataclass(frozen=True, slots=True)
class Slot:
    """A node that takes one run at a time, and when it is free; None: nobody knows."""

    gpus: int
    free_in_s: float | None


class Range(NamedTuple):
    """Minutes from now, each one of `STEPS_MIN`."""

    from_min: int
    to_min: int


def starts_in(order: Sequence[Need], slots: Iterable[Slot]) -> dict[str, float | None]:
    """For each run, in the order in which they are claimed, the seconds until it starts; None where that is not known."""
    kinds = [slot for slot in slots if slot.free_in_s is not None]
    free_s = [slot.free_in_s or 0.0 for slot in kinds]
    starts: dict[str, float | None] = {}
    for need in order:
        able = [at for at, slot in enumerate(kinds) if slot.gpus >= need.gpus and free_s[at] < math.inf]
        first = min(able, key=lambda at: free_s[at], default=None)
        starts[need.run_id] = None if first is None else free_s[first]
        if first is not None:
            free_s[first] += math.inf if need.takes_s is None else need.takes_s
    return starts


def told(low_s: Mapping[str, float | None], high_s: Mapping[str, float | None]) -> dict[str, Range]:
    """The ranges to show; a run is absent where its start is not known, or lies beyond what is told."""
    found = {}
    for run_id, low in low_s.items():
        high = high_s.get(run_id)
        if low is not None and high is not None and max(low, high) / 60 <= STEPS_MIN[-1]:
            found[run_id] = Range(_down(min(low, high) / 60), _up(max(low, high) / 60))
    return found


def _down(minutes: float) -> int:
    return STEPS_MIN[max(bisect_right(STEPS_MIN, minutes) - 1, 0)]


def _up(minutes: float) -> int:
    return STEPS_MIN[bisect_left(STEPS_MIN, minutes)]
