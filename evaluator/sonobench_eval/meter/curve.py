"""What a run used over its time: a curve with a bounded number of points, whose peaks are exact.

A run may last a second or a day, and is sampled dozens of times a second. The curve keeps one point per slot of time;
when the slots run out, they are made twice as wide and neighbours are joined. A slot keeps the largest value of each
figure seen in it, so no peak is lost, and the latest of a counter, which only grows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

MOST_POINTS = 600
Number = TypeVar("Number", int, float)


@dataclass(frozen=True, slots=True)
class Moment:
    """One moment of a run, `t_s` seconds after its start. None where that was not measured."""

    t_s: float
    host_memory_bytes: int | None = None
    cpu_time_s: float | None = None
    gpu_memory_bytes: int | None = None
    gpu_utilisation_percent: float | None = None


class Curve:
    """Points of one or of several meters. Not for several threads: each meter keeps its own, and they are merged."""

    def __init__(self, *, slot_s: float = 0.05, most_points: int = MOST_POINTS) -> None:
        self._slot_s = slot_s
        self._most_points = most_points
        self._slots: dict[int, Moment] = {}

    def add(self, t_s: float, **figures: float | None) -> None:
        """Add what was seen `t_s` seconds after the start; figures are named as in `Moment`, and None is left out."""
        self._put(Moment(t_s, **figures))  # type: ignore[arg-type]  # the names are checked by the record itself

    def points(self) -> tuple[Moment, ...]:
        """At most `most_points`, by time."""
        return tuple(self._slots[slot] for slot in sorted(self._slots))

    def _put(self, point: Moment) -> None:
        slot = int(max(0.0, point.t_s) / self._slot_s)
        seen = self._slots.get(slot)
        self._slots[slot] = point if seen is None else _joined(seen, point)
        while len(self._slots) > self._most_points:
            self._widen()

    def _widen(self) -> None:
        narrow, self._slots, self._slot_s = self._slots, {}, 2 * self._slot_s
        for slot, point in sorted(narrow.items()):
            seen = self._slots.get(slot // 2)
            self._slots[slot // 2] = point if seen is None else _joined(seen, point)


def merged(*curves: Iterable[Moment], most_points: int = MOST_POINTS) -> tuple[Moment, ...]:
    """One curve of several that were measured beside each other; points of one moment become one."""
    together = Curve(most_points=most_points)
    for point in sorted((point for curve in curves for point in curve), key=lambda point: point.t_s):
        together._put(point)
    return together.points()


def _joined(first: Moment, second: Moment) -> Moment:
    """Every figure at its largest. Counters only grow, so for them that is the latest. The time is the first's."""
    return Moment(
        first.t_s,
        host_memory_bytes=_larger(first.host_memory_bytes, second.host_memory_bytes),
        cpu_time_s=_larger(first.cpu_time_s, second.cpu_time_s),
        gpu_memory_bytes=_larger(first.gpu_memory_bytes, second.gpu_memory_bytes),
        gpu_utilisation_percent=_larger(first.gpu_utilisation_percent, second.gpu_utilisation_percent),
    )


def _larger(one: Number | None, other: Number | None) -> Number | None:
    if one is None or other is None:
        return one if other is None else other
    return max(one, other)
