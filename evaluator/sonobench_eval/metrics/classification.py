"""AUC, accuracy, F1 and AUPRC of many weighted samples at once.

Every function takes the answers to n cases and a matrix of counts, shape (resamples, n): how often each
resample holds each case. It returns one value per resample, shape (resamples,), in [0, 1], higher is better,
NaN where the metric has no value. The plain value is that of counts which are all 1 (`once`).

Binary tasks ask about class 1. With more classes every metric but accuracy is the plain mean over classes of
"this class against the rest" (one-vs-rest macro).

A case without a usable answer ranks worst in each of these questions (below all where it is positive, above
all where it is negative) and is wrong in each of them, so leaving out a hard case never pays.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]
BoolArray = NDArray[np.bool_]

UNUSABLE_POSITIVE = -1.0
UNUSABLE_NEGATIVE = 2.0
NO_DECISION = -1


@dataclass(frozen=True, slots=True)
class ClassAnswers:
    """The answers to n cases of one task.

    labels: reference class, integers in [0, classes), shape (n,).
    probabilities: as the team wrote them, shape (n, classes); a row of NaN where there is no usable answer.
    decisions: the class the team decided for, shape (n,); -1 where there is no usable answer.
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

    def take(self, which: IntArray) -> ClassAnswers:
        """The answers to some cases, by position."""
        return ClassAnswers(self.labels[which], self.probabilities[which], self.decisions[which])

    def questions(self) -> list[Question]:
        """`Is it this class?`, for class 1 of two, or for each of more."""
        asked = [1] if self.classes == 2 else range(self.classes)
        return [self._question(number) for number in asked]

    def _question(self, number: int) -> Question:
        positive = np.asarray(self.labels == number)
        written = self.probabilities[:, number]
        score = np.where(np.isnan(written), np.where(positive, UNUSABLE_POSITIVE, UNUSABLE_NEGATIVE), written)
        decided = np.where(self.decisions == NO_DECISION, ~positive, self.decisions == number)
        return Question(positive, score, decided)


@dataclass(frozen=True, slots=True)
class Question:
    """One class against the rest: who is positive, with what score, and who was called positive. Shapes (n,)."""

    positive: BoolArray
    score: FloatArray
    decided: BoolArray


def once(cases: int) -> FloatArray:
    """Counts of the sample itself: every case once, shape (1, cases)."""
    return np.ones((1, cases))


def acc(answers: ClassAnswers, counts: FloatArray) -> FloatArray:
    """Accuracy of the team's own decisions."""
    return _ratio(counts @ answers.right.astype(np.float64), counts.sum(axis=1))


def f1(answers: ClassAnswers, counts: FloatArray) -> FloatArray:
    """F1 of the team's own decisions, 2TP / (2TP + FP + FN).

    Classes that a resample neither holds nor was said to hold are left out of the mean, as in scikit-learn.
    """
    per_class = np.stack([_f1(question, counts) for question in answers.questions()])
    defined = np.sum(~np.isnan(per_class), axis=0)
    return _ratio(np.nansum(per_class, axis=0), defined.astype(np.float64))


def auc(answers: ClassAnswers, counts: FloatArray) -> FloatArray:
    """Area under the ROC curve, ties counting half. No value where a resample lacks positives or negatives of a class.

    Source: the Mann-Whitney statistic; with more than two classes as `sklearn.metrics.roc_auc_score` with
    `multi_class="ovr", average="macro"`.
    """
    return _macro(_auc, answers, counts)


def auprc(answers: ClassAnswers, counts: FloatArray) -> FloatArray:
    """Average precision: precision at each threshold, weighted by the recall gained there (no interpolation).

    No value where a resample lacks positives of a class.

    Source: as `sklearn.metrics.average_precision_score`.
    """
    return _macro(_auprc, answers, counts)


def _macro(metric: Callable[[Question, FloatArray], FloatArray], answers: ClassAnswers, counts: FloatArray) -> FloatArray:
    return np.asarray(np.mean([metric(question, counts) for question in answers.questions()], axis=0))


def _f1(question: Question, counts: FloatArray) -> FloatArray:
    hits = counts @ (question.positive & question.decided).astype(np.float64)
    slips = counts @ (question.positive ^ question.decided).astype(np.float64)
    return _ratio(2 * hits, 2 * hits + slips)


def _auc(question: Question, counts: FloatArray) -> FloatArray:
    positives, negatives = _split(question)
    scores = question.score[positives]
    below = _running_sum(counts[:, negatives])
    beaten = below[:, np.searchsorted(question.score[negatives], scores, side="left")]
    beaten += below[:, np.searchsorted(question.score[negatives], scores, side="right")]
    weights = counts[:, positives]
    won = 0.5 * np.einsum("bp,bp->b", weights, beaten)
    return _ratio(won, weights.sum(axis=1) * below[:, -1])


def _auprc(question: Question, counts: FloatArray) -> FloatArray:
    positives, negatives = _split(question)
    scores = question.score[positives]
    weights = counts[:, positives]
    hits, false_alarms = _at_least(scores, scores, weights), _at_least(scores, question.score[negatives], counts[:, negatives])
    precision = hits / np.maximum(hits + false_alarms, 1)  # both are whole numbers; where both are 0 the weight is 0 too
    return _ratio(np.einsum("bp,bp->b", weights, precision), weights.sum(axis=1))


def _split(question: Question) -> tuple[IntArray, IntArray]:
    """Positions of positives and of negatives, each in ascending order of score."""
    order = np.argsort(question.score, kind="stable")
    return order[question.positive[order]], order[~question.positive[order]]


def _running_sum(counts: FloatArray) -> FloatArray:
    """How much weight lies before each position, shape (resamples, n + 1)."""
    sums = np.zeros((counts.shape[0], counts.shape[1] + 1))
    np.cumsum(counts, axis=1, out=sums[:, 1:])
    return sums


def _at_least(thresholds: FloatArray, scores: FloatArray, counts: FloatArray) -> FloatArray:
    """Weight of the samples (sorted by score) that reach each threshold, shape (resamples, thresholds)."""
    before = _running_sum(counts)
    return np.asarray(before[:, -1:] - before[:, np.searchsorted(scores, thresholds, side="left")])


def _ratio(above: FloatArray, below: FloatArray) -> FloatArray:
    return np.asarray(np.divide(above, below, out=np.full(np.shape(above), np.nan), where=below > 0))
