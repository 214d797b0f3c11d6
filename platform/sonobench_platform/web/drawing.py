"""Geometry of the drawings: scales, ticks, whiskers, label places. Numbers in, coordinates out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import quantiles

from sonobench_eval.evaluation import MetricScore
from sonobench_platform.web.contexts import Label, Tick, Whisker

WHISKER_WIDTH = 52.0
_EDGE = 5.0
_CHARACTER_WIDTH = 6.8
_LINE_HEIGHT = 15.0
_MARGIN = 3.0
_DIRECTIONS = ((0.75, -0.75), (1.0, 0.0), (0.75, 0.75), (-0.75, -0.75), (-1.0, 0.0), (-0.75, 0.75), (0.0, -1.0), (0.0, 1.0))
_OUTLIER_REACH = 3.0


@dataclass(frozen=True, slots=True)
class Scale:
    """A linear scale from data `[low, high]` to drawing `[start, end]`."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        if self.high == self.low:
            return round((self.start + self.end) / 2, 2)
        share = (value - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 2)

    def clamped(self, value: float) -> float:
        return self(min(max(value, self.low), self.high))


def nice_ticks(low: float, high: float, count: int) -> tuple[Tick, ...]:
    """About `count` round numbers from at or below `low` to at or above `high`; `at` is in data units."""
    span = high - low or abs(high) or 1.0
    raw = span / max(count, 1)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= raw * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    last = max(last, first + 1)
    decimals = max(0, -math.floor(math.log10(step) + 1e-9) + (1 if step / power == 2.5 else 0))
    return tuple(Tick(number * step, f"{number * step:.{decimals}f}".replace("-", "\u2212")) for number in range(first, last + 1))


def placed(ticks: Iterable[Tick], scale: Scale) -> tuple[Tick, ...]:
    """Ticks with `at` in drawing units."""
    return tuple(Tick(scale(tick.at), tick.text) for tick in ticks)


def column_scale(scores: Iterable[MetricScore | None]) -> Scale | None:
    """The common scale of a column's whiskers; far outliers are left outside so that the others stay readable."""
    drawn = [score for score in scores if score is not None and score.value is not None]
    if not drawn:
        return None
    values = [score.value for score in drawn if score.value is not None]
    floor, ceiling = _fences(values)
    inside = [score for score in drawn if score.value is not None and floor <= score.value <= ceiling]
    low, high = min(_low(score) for score in inside), max(_high(score) for score in inside)
    return Scale(low, high, _EDGE, WHISKER_WIDTH - _EDGE)


def whisker(score: MetricScore, scale: Scale) -> Whisker | None:
    if score.value is None:
        return None
    side = "left" if score.value < scale.low else "right" if score.value > scale.high else "inside"
    return Whisker(scale.clamped(_low(score)), scale.clamped(_high(score)), scale.clamped(score.value), side)  # type: ignore[arg-type]


def _fences(values: Sequence[float]) -> tuple[float, float]:
    if len(values) < 5:
        return min(values), max(values)
    first, _, third = quantiles(values, n=4, method="inclusive")
    reach = _OUTLIER_REACH * (third - first)
    return first - reach, third + reach


def _low(score: MetricScore) -> float:
    return score.ci_low if score.ci_low is not None else score.value or 0.0


def _high(score: MetricScore) -> float:
    return score.ci_high if score.ci_high is not None else score.value or 0.0


@dataclass(frozen=True, slots=True)
class Box:
    left: float
    top: float
    right: float
    bottom: float

    def overlap(self, other: Box) -> float:
        """Shared area."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        return width * height if width > 0 and height > 0 else 0.0

    def outside(self, other: Box) -> float:
        """How far this box sticks out of the other, in drawing units."""
        return (
            max(other.left - self.left, 0)
            + max(self.right - other.right, 0)
            + max(other.top - self.top, 0)
            + max(self.bottom - other.bottom, 0)
        )


@dataclass(frozen=True, slots=True)
class Disc:
    x: float
    y: float
    radius: float

    @property
    def box(self) -> Box:
        return Box(self.x - self.radius, self.y - self.radius, self.x + self.radius, self.y + self.radius)


def place_labels(named: Sequence[tuple[str, Disc]], obstacles: Sequence[Box], bounds: Box) -> tuple[Label, ...]:
    """A label near each named disc, where it hides least of the obstacles and other labels."""
    taken: list[Box] = []
    labels = []
    for text, disc in named:
        blocked = [*taken, *obstacles]
        label, box = min(_candidates(text, disc), key=lambda each: _cost(each[1], blocked, bounds))
        labels.append(label)
        taken.append(box)
    return tuple(labels)


def _cost(box: Box, blocked: Iterable[Box], bounds: Box) -> float:
    return sum(box.overlap(other) for other in blocked) + 100 * box.outside(bounds)


def _candidates(text: str, disc: Disc) -> list[tuple[Label, Box]]:
    width = len(text) * _CHARACTER_WIDTH
    reach = disc.radius + 3
    found = []
    for dx, dy in _DIRECTIONS:
        x = disc.x + dx * reach
        middle = disc.y + dy * reach + (math.copysign(_LINE_HEIGHT / 2, dy) if dy else 0)
        left = x - width / 2 if dx == 0 else x if dx > 0 else x - width
        anchor = "middle" if dx == 0 else "start" if dx > 0 else "end"
        box = Box(left - _MARGIN, middle - _LINE_HEIGHT / 2, left + width + _MARGIN, middle + _LINE_HEIGHT / 2)
        found.append((Label(round(x, 1), round(middle + 4, 1), anchor, text), box))  # type: ignore[arg-type]
    return found
