"""How far repeated timings lie apart. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spread:
    """`median` in the values' own unit; `cv` is the coefficient of variation (standard deviation over mean), at least 0.

    `cv` is None for a single value, about whose spread nothing is known, and where the mean is 0.
    """

    median: float
    cv: float | None

    def is_within(self, largest_cv: float) -> bool:
        """True where the values are as steady as asked for. A single value is taken at its word."""
        return self.cv is None or self.cv <= largest_cv


def spread_of(values: Sequence[float]) -> Spread:
    """Median and coefficient of variation, the latter with the sample's standard deviation (n - 1).

    Args:
        values: At least one, each finite and at least 0.

    Raises:
        ValueError: there is none.
    """
    if not values:
        raise ValueError("there are no values to take a spread of")
    mean = statistics.fmean(values)
    cv = None if len(values) < 2 or mean == 0 else statistics.stdev(values) / mean
    return Spread(statistics.median(values), cv)
