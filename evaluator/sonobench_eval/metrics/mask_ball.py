"""Which pixels lie within a distance of one pixel, as runs of columns: the one place where a tolerance becomes geometry."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

ROUNDING = 1e-9
"""Three pixels of 0.1 mm are within 0.3 mm, although 3 * 0.1 > 0.3 in binary."""

Steps = tuple[float, float, float]
"""Distance between neighboring planes, rows and columns. An image of one plane has planes infinitely far apart."""


class Ball(NamedTuple):
    """Everything within a tolerance, as the largest column offset for each plane and row offset.

    `reach[dz][dy]` holds for offsets of either sign; rows that the ball does not touch are absent.
    """

    reach: tuple[tuple[int, ...], ...]

    @property
    def planes(self) -> int:
        return len(self.reach) - 1

    @property
    def rows(self) -> int:
        return len(self.reach[0]) - 1

    @property
    def columns(self) -> int:
        return self.reach[0][0]


@lru_cache(maxsize=256)
def ball(steps: Steps, tolerance: float) -> Ball:
    """The ball of a tolerance (inclusive).

    Args:
        steps: Distance between neighboring planes, rows and columns, > 0.
        tolerance: Radius in the same unit, >= 0.
    """
    planes, rows, columns = steps
    within = tolerance * (1 + ROUNDING)
    reach = []
    for dz in range(_steps_within(within, 0.0, planes) + 1):
        height = dz * planes if dz else 0.0
        reach.append(
            tuple(
                _steps_within(within, math.hypot(height, dy * rows), columns)
                for dy in range(_steps_within(within, height, rows) + 1)
            )
        )
    return Ball(tuple(reach))


def rows_in_ball(steps: Steps, tolerance: float) -> float:
    """About how many rows of pixels a ball has on one side of its center, without making it."""
    planes, rows, _ = steps
    along_rows = tolerance / rows + 1
    return along_rows if math.isinf(planes) else along_rows * (tolerance / planes + 1) * math.pi / 4


def _steps_within(radius: float, away: float, step: float) -> int:
    """The most steps sideways that stay within a radius, having gone `away` at a right angle (which lies within)."""
    if math.isinf(step):
        return 0
    most = math.floor(math.sqrt(max(radius * radius - away * away, 0.0)) / step)
    while math.hypot(away, (most + 1) * step) <= radius:
        most += 1
    while most and math.hypot(away, most * step) > radius:
        most -= 1
    return most
