"""The answers to the cases of a regression task: a number for each, within a declared range."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]
BoolArray = NDArray[np.bool_]


class OutOfRangeError(ValueError):
    """A value lies outside the declared range: the reader has to refuse such an answer, and the organiser such a reference."""


@dataclass(frozen=True, slots=True)
class ValueAnswers:
    """The answers to n cases of one task, in the task's unit.

    reference: shape (n,). predicted: shape (n,), NaN where there is no usable answer. low, high: the declared range, in
    which every value lies, so that no answer can err by more than a missing one is taken to.

    Raises:
        OutOfRangeError: a value lies outside the range.
    """

    reference: FloatArray
    predicted: FloatArray
    low: float
    high: float

    def __post_init__(self) -> None:
        for name, values in (("reference", self.reference), ("predicted", self.predicted[self.usable])):
            if not np.all((values >= self.low) & (values <= self.high)):
                raise OutOfRangeError(f"a {name} value lies outside {self.low:g} to {self.high:g}")

    @property
    def usable(self) -> BoolArray:
        return np.asarray(~np.isnan(self.predicted))

    def take(self, which: IntArray) -> ValueAnswers:
        """The answers to some cases, by position."""
        return ValueAnswers(self.reference[which], self.predicted[which], self.low, self.high)

    def errors(self) -> FloatArray:
        """Absolute errors, shape (n,): the largest that the range allows where there is no usable answer."""
        worst = np.maximum(self.reference - self.low, self.high - self.reference)
        return np.asarray(np.where(self.usable, np.abs(self.predicted - self.reference), worst))
