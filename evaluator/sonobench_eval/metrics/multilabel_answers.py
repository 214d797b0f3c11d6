"""The answers to the cases of a multilabel task: for each label whether it is there.

The reference may be silent about a label of a case (not read) or unsure about it, as reports of chest X-rays are. What
an unsure label counts for is declared: nothing, or yes, or no (CheXpert's U-Ignore, U-Ones and U-Zeros).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from sonobench_eval.metrics.class_answers import (
    NO_DECISION,
    UNUSABLE_NEGATIVE,
    UNUSABLE_POSITIVE,
    BoolArray,
    FloatArray,
    IntArray,
    Question,
)

UNCERTAIN = -1.0
Uncertain = Literal["ignore", "positive", "negative"]


@dataclass(frozen=True, slots=True)
class LabelAnswers:
    """The answers to n cases of one task with several labels, each there or not.

    reference: 1 there, 0 not, -1 uncertain, NaN unlabelled (never counts), shape (n, labels).
    probabilities: of each label, in [0, 1], shape (n, labels); NaN where there is no usable answer.
    decisions: 1 or 0 as the team decided, shape (n, labels); -1 where there is no usable answer.
    """

    reference: FloatArray
    probabilities: FloatArray
    decisions: IntArray

    @property
    def labels(self) -> int:
        return int(self.reference.shape[1])

    def take(self, which: IntArray) -> LabelAnswers:
        """The answers to some cases, by position."""
        return LabelAnswers(self.reference[which], self.probabilities[which], self.decisions[which])

    def judged(self, uncertain: Uncertain) -> JudgedLabels:
        """What the metrics count, under a policy for uncertain labels."""
        unsure = self.reference == UNCERTAIN
        positive = (self.reference == 1) | (unsure & (uncertain == "positive"))
        known = ~np.isnan(self.reference) & ~(unsure & (uncertain == "ignore"))
        worst = np.where(positive, UNUSABLE_POSITIVE, UNUSABLE_NEGATIVE)
        score = np.where(np.isnan(self.probabilities), worst, self.probabilities)
        decided = np.where(self.decisions == NO_DECISION, ~positive, self.decisions == 1)
        return JudgedLabels(known, positive & known, score, decided & known)


@dataclass(frozen=True, slots=True)
class JudgedLabels:
    """Reference and answers as yes and no, shapes (n, labels); neither is yes where the reference is not known."""

    known: BoolArray
    positive: BoolArray
    score: FloatArray
    decided: BoolArray

    def question(self, number: int) -> tuple[Question, IntArray]:
        """One label's question, about the cases whose reference is known, and their positions."""
        among = np.flatnonzero(self.known[:, number])
        found = Question(self.positive[among, number], self.score[among, number], self.decided[among, number])
        return found, among

    def pooled(self) -> tuple[Question, IntArray]:
        """All labels as one question, and for each of its items the position of the case."""
        cases, labels = np.nonzero(self.known)
        return Question(self.positive[cases, labels], self.score[cases, labels], self.decided[cases, labels]), cases
