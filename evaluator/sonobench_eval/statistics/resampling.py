"""Bootstrap resamples as counts: how often each case is in each resample.

Subjects are drawn with replacement, and a subject brings all its cases; a case without a known subject is drawn
alone. The draws of a task come from a generator named by the declared seed and the task's id, and depend on nothing
else but the set of its subjects: every algorithm meets the same resamples, so differences between algorithms are paired.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
NUMBERS_AT_ONCE = 4_000_000
"""How many counts are held at a time (32 MB), however large the test set and however many resamples."""


@dataclass(frozen=True, slots=True)
class Resampling:
    """How to resample the cases of one task.

    `unit_of_case` names for each case, in order, what it is drawn with (its subject, or itself).
    """

    unit_of_case: Sequence[str]
    resamples: int
    seed: int
    task_id: str
    unit_index: NDArray[np.intp] = field(init=False)
    units: int = field(init=False)

    def __post_init__(self) -> None:
        names, index = np.unique(np.asarray(self.unit_of_case, dtype=object), return_inverse=True)
        object.__setattr__(self, "unit_index", index.astype(np.intp))
        object.__setattr__(self, "units", len(names))

    def blocks(self) -> Iterator[FloatArray]:
        """Counts of shape (some resamples, cases), block after block; whole numbers as float64, ready for products."""
        generator = named_generator(self.seed, self.task_id)
        at_once = max(1, NUMBERS_AT_ONCE // len(self.unit_index))
        for start in range(0, self.resamples, at_once):
            yield self._draw(generator, min(at_once, self.resamples - start))[:, self.unit_index]

    def _draw(self, generator: np.random.Generator, resamples: int) -> FloatArray:
        drawn = generator.integers(self.units, size=(resamples, self.units))
        drawn += np.arange(resamples)[:, np.newaxis] * self.units
        counts = np.bincount(drawn.ravel(), minlength=resamples * self.units)
        return counts.reshape(resamples, self.units).astype(np.float64)


def named_generator(seed: int, name: str) -> np.random.Generator:
    """A generator of its own for each name under one seed; the same on every machine."""
    digest = hashlib.sha256(name.encode()).digest()
    words = [int.from_bytes(digest[i : i + 4], "big") for i in range(0, 16, 4)]
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, *words])))
