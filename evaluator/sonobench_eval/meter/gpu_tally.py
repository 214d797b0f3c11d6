"""What a run's samples of its GPU add up to, without keeping them: peaks, areas, means, lowest and highest."""

from __future__ import annotations


class Held:
    """Memory over time: its peak in bytes, and the area under it by trapezoids between the samples' own times."""

    def __init__(self) -> None:
        self.peak_bytes = 0
        self._area_byte_s = 0.0
        self._samples = 0
        self._last = (0.0, 0)

    def add(self, t_s: float, held_bytes: int) -> None:
        """One sample. Times must not fall."""
        before_s, before_bytes = self._last
        if self._samples:
            self._area_byte_s += (t_s - before_s) * (before_bytes + held_bytes) / 2
        self.peak_bytes = max(self.peak_bytes, held_bytes)
        self._samples += 1
        self._last = (t_s, held_bytes)

    @property
    def area_byte_s(self) -> float | None:
        """None where fewer than two samples were taken."""
        return self._area_byte_s if self._samples > 1 else None


class Range:
    """Lowest, highest and mean of a figure; each None where it was never told."""

    def __init__(self) -> None:
        self.low: int | None = None
        self.high: int | None = None
        self._sum = 0
        self._count = 0

    def add(self, value: int | None) -> None:
        if value is None:
            return
        self.low = value if self.low is None else min(self.low, value)
        self.high = value if self.high is None else max(self.high, value)
        self._sum += value
        self._count += 1

    @property
    def mean(self) -> float | None:
        return self._sum / self._count if self._count else None
