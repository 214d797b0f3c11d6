"""The answers to the cases of a classification task, as the metrics of classes are given them.

A case without a usable answer ranks worst in each question (below all where it is positive, above all where it is
negative) and is wrong in each, so leaving out a hard case never pays. Where the team abstains it decides for no class:
that is wrong too, while its probabilities still count; only the metrics of `class_abstention` reward it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]
BoolArray = NDArray[np.bool_]

UNUSABLE_POSITIVE = -1.0
UNUSABLE_NEGATIVE = 2.0
NO_DECISION = -1
ABSTAIN = -2


@dataclass(frozen=True, slots=True)
class Question:
    """One class against the rest: who is positive, with what score, and who was called positive. Shapes (n,)."""

    positive: BoolArray
    score: FloatArray
    decided: BoolArray

    def take(self, which: IntArray | BoolArray) -> Question:
        """The question for some cases only."""
        return Question(self.positive[which], self.score[which], self.decided[which])


@dataclass(frozen=True, slots=True)
class ClassAnswers:
    """The answers to n cases of one task.

    labels: reference class, integers in [0, classes), shape (n,).
    probabilities: as the team wrote them, in [0, 1], shape (n, classes); a row of NaN where there is no usable answer.
    decisions: the class the team decided for, shape (n,); -1 where there is no usable answer, -2 where the team abstained.
    """

    labels: IntArray
    probabilities: FloatArray
    decisions: IntArray

    @property
    def classes(self) -> int:
        return int(self.probabilities.shape[1])

    @property
    def right(self) -> BoolArray:
        return np.asarray(self.decisions == self.labels)

    @property
    def has_probabilities(self) -> BoolArray:
        return np.asarray(~np.isnan(self.probabilities).any(axis=1))

    def take(self, which: IntArray) -> ClassAnswers:
        """The answers to some cases, by position."""
        return ClassAnswers(self.labels[which], self.probabilities[which], self.decisions[which])

    def questions(self, *, threshold: float | None = None) -> list[Question]:
        """`Is it this class?`, for class 1 of two, or for each of more; called positive as in `question`."""
        return [self.question(number, threshold=threshold) for number in self.asked()]

    def asked(self) -> list[int]:
        """The classes that are asked about: class 1 of two, or each of more."""
        return [1] if self.classes == 2 else list(range(self.classes))

    def question(self, number: int, *, threshold: float | None = None) -> Question:
        """`Is it class number ...?`

        Args:
            number: The class.
            threshold: Call a case positive where its probability is at least this, instead of by the team's own decision.
        """
        positive = np.asarray(self.labels == number)
        written = self.probabilities[:, number]
        unusable = np.isnan(written)
        score = np.where(unusable, np.where(positive, UNUSABLE_POSITIVE, UNUSABLE_NEGATIVE), written)
        if threshold is not None:
            return Question(positive, score, np.where(unusable, ~positive, written >= threshold))
        return Question(positive, score, np.where(self.decisions < 0, ~positive, self.decisions == number))


def once(cases: int) -> FloatArray:
    """Counts of the sample itself: every case once, shape (1, cases)."""
    return np.ones((1, cases))


def ratio(above: FloatArray, below: FloatArray) -> FloatArray:
    """above / below, NaN where `below` is not positive."""
    return np.asarray(np.divide(above, below, out=np.full(np.shape(above), np.nan), where=below > 0))


def membership(classes: IntArray, number: int) -> FloatArray:
    """1 where a case is of a class, shape (n, number); a row of zeros for negative classes (no decision)."""
    return np.asarray(classes[:, np.newaxis] == np.arange(number), dtype=np.float64)
