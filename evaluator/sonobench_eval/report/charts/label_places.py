"""Where the names of points stand, so that they cover neither each other nor the points."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

LETTER_PX, LINE_PX = 5.9, 13.0
Align = Literal["left", "center", "right"]


@dataclass(frozen=True, slots=True)
class Spot:
    """A point with a name, its center from the top left."""

    label: str
    x_px: float
    y_px: float
    radius_px: float


class Place(NamedTuple):
    """How far a name stands from its point's center, and which of its ends or its middle stands there."""

    dx_px: float
    dy_px: float
    align: Align


class _Box(NamedTuple):
    left: float
    top: float
    right: float
    bottom: float

    def shared(self, other: _Box) -> float:
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        return max(width, 0.0) * max(height, 0.0)


Corner = tuple[float, float]


def places(
    spots: Sequence[Spot], *, width_px: float, height_px: float, lines: Sequence[tuple[Corner, Corner]] = ()
) -> list[Place]:
    """One place for each spot, one after another: where it covers least of points, level or upright lines and earlier names."""
    points = [_Box(s.x_px - s.radius_px, s.y_px - s.radius_px, s.x_px + s.radius_px, s.y_px + s.radius_px) for s in spots]
    frame = _Box(0, 0, width_px, height_px)
    taken = [_line(start, end) for start, end in lines]
    chosen = []
    for spot in spots:
        options = [(place, _box(spot, place)) for place in _around(spot)]
        place, box = min(options, key=lambda option: _covered(option[1], [*points, *taken], frame))
        chosen.append(place)
        taken.append(box)
    return chosen


def _line(start: Corner, end: Corner) -> _Box:
    (x, y), (to_x, to_y) = start, end
    return _Box(min(x, to_x) - 1, min(y, to_y) - 1, max(x, to_x) + 1, max(y, to_y) + 1)


def _around(spot: Spot) -> Iterator[Place]:
    """Beside first, then above and below, then the same further away."""
    for further in (0.0, 9.0, 20.0):
        away = spot.radius_px + 4 + further
        beside, above = spot.radius_px + 4, spot.radius_px + LINE_PX / 2 + 1 + further
        yield Place(away, 0, "left")
        yield Place(-away, 0, "right")
        yield Place(0, -above, "center")
        yield Place(0, above, "center")
        yield Place(beside * 0.7, -above * 0.85, "left")
        yield Place(beside * 0.7, above * 0.85, "left")
        yield Place(-beside * 0.7, -above * 0.85, "right")
        yield Place(-beside * 0.7, above * 0.85, "right")


def _box(spot: Spot, place: Place) -> _Box:
    width = LETTER_PX * len(spot.label)
    x, y = spot.x_px + place.dx_px, spot.y_px + place.dy_px
    left = x - {"left": 0.0, "center": width / 2, "right": width}[place.align]
    return _Box(left, y - LINE_PX / 2, left + width, y + LINE_PX / 2)


def _covered(box: _Box, others: Sequence[_Box], frame: _Box) -> float:
    """The area shared with others; what sticks out of the frame counts thrice."""
    area = (box.right - box.left) * (box.bottom - box.top)
    return round(sum(box.shared(other) for other in others) + 3 * (area - box.shared(frame)), 6)
