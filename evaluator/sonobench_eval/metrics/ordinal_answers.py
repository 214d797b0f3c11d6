"""The answers to the cases of an ordinal task: a grade, or a score between two, within a declared range."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from sonobench_eval.metrics.regression_answers import BoolArray, FloatArray, IntArray, ValueAnswers

NO_GRADE = -1


@dataclass(frozen=True, slots=True)
class GradeAnswers:
    """The answers to n cases of one task.

    reference: shape (n,). predicted: grades, or scores between them, shape (n,), NaN where there is no usable answer.
    low, high: the declared range, in which all of them lie.
    edges: bins of scores that make a grade, rising from low to high: [edge, next edge), the last one closed. Without them a
    grade is each whole number from low to high, and a score has the nearest (halves go up).

    Raises:
        OutOfRangeError: a value lies outside the range.
        ValueError: the edges do not rise from low to high.
    """

    reference: FloatArray
    predicted: FloatArray
    low: float
    high: float
    edges: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        self.as_values()
        if self.edges is not None:
            check_edges(self.edges)
            if (self.edges[0], self.edges[-1]) != (self.low, self.high):
                raise ValueError(f"the bins of grades go from {self.edges[0]:g} to {self.edges[-1]:g}, not from {self.low:g}")

    @property
    def usable(self) -> BoolArray:
        return np.asarray(~np.isnan(self.predicted))

    @property
    def grades(self) -> int:
        """How many there are."""
        return len(self.edges) - 1 if self.edges is not None else int(np.floor(self.high) - np.ceil(self.low)) + 1

    def take(self, which: IntArray) -> GradeAnswers:
        """The answers to some cases, by position."""
        return GradeAnswers(self.reference[which], self.predicted[which], self.low, self.high, self.edges)

    def as_values(self) -> ValueAnswers:
        """The same, as numbers."""
        return ValueAnswers(self.reference, self.predicted, self.low, self.high)

    def reference_grades(self) -> IntArray:
        """Grades counted from 0, shape (n,)."""
        return self._grade_of(self.reference)

    def predicted_grades(self) -> IntArray:
        """Grades counted from 0, shape (n,); -1 where there is no usable answer."""
        graded = self._grade_of(np.where(self.usable, self.predicted, self.low))
        return np.where(self.usable, graded, NO_GRADE)

    def _grade_of(self, values: FloatArray) -> IntArray:
        if self.edges is not None:
            return binned(values, self.edges)
        first = int(np.ceil(self.low))
        return np.clip(np.floor(values + 0.5).astype(np.intp) - first, 0, self.grades - 1)


def check_edges(edges: tuple[float, ...]) -> None:
    """Raises ValueError where edges make no bins."""
    if len(edges) < 2 or any(not lower < upper for lower, upper in pairwise(edges)):
        raise ValueError(f"{edges} are no bins: edges rise, and there are two at least")


def binned(values: FloatArray, edges: tuple[float, ...]) -> IntArray:
    """The bin of each value, counted from 0: [edge, next edge), the last one closed; values lie between first and last edge."""
    number = np.searchsorted(np.array(edges), values, side="right") - 1
    return np.asarray(np.clip(number, 0, len(edges) - 2), dtype=np.intp)
