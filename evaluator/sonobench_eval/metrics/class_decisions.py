"""Metrics of decisions: accuracy, sensitivity, specificity, predictive values, F1, kappa, MCC, top-k accuracy.

Every function takes the answers to n cases and counts of shape (resamples, n), and returns one value per resample,
shape (resamples,), higher is better, NaN where the metric has no value.

A case without a decision is wrong in every question: a miss for its class, a false alarm for each other one (pooled
questions, `micro`, count it as one wrong decision). An abstention is a case without a decision.

A ratio that only a team can make empty has a value, so that a metric cannot be switched off by answering always alike.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sonobench_eval.metrics.class_answers import ClassAnswers, FloatArray, membership, ratio
from sonobench_eval.metrics.class_averages import Average, average_over_classes
from sonobench_eval.metrics.class_kappa import Weights, disagreement, kappa_of, marginals, mcc_of
from sonobench_eval.metrics.spec import MetricSpecError


class Outcomes(NamedTuple):
    """True positives, false negatives, false positives and true negatives, shape (questions, resamples)."""

    hits: FloatArray
    misses: FloatArray
    alarms: FloatArray
    spared: FloatArray

    @property
    def sensitivity(self) -> FloatArray:
        return ratio(self.hits, self.hits + self.misses)

    @property
    def specificity(self) -> FloatArray:
        return ratio(self.spared, self.spared + self.alarms)

    @property
    def ppv(self) -> FloatArray:
        """0 where there are positives and none is called."""
        called = self.hits + self.alarms
        return ratio(self.hits, np.where(called > 0, called, self.misses))

    @property
    def npv(self) -> FloatArray:
        """0 where there are negatives and all are called."""
        left = self.spared + self.misses
        return ratio(self.spared, np.where(left > 0, left, self.alarms))

    @property
    def f1(self) -> FloatArray:
        return ratio(2 * self.hits, 2 * self.hits + self.misses + self.alarms)


def acc(answers: ClassAnswers, counts: FloatArray) -> FloatArray:
    """Accuracy of the team's own decisions; an abstention is wrong."""
    return ratio(counts @ answers.right.astype(np.float64), counts.sum(axis=1))


def top_k(answers: ClassAnswers, counts: FloatArray, *, k: int) -> FloatArray:
    """How often the true class is among the k with the highest probabilities.

    Ties count against the answer: of classes with one probability the true one comes last (scikit-learn takes the one
    with the higher index first, torchmetrics the lower).
    """
    own = np.take_along_axis(answers.probabilities, answers.labels[:, np.newaxis], axis=1)
    ahead = np.sum(answers.probabilities >= own, axis=1) - 1
    right = answers.has_probabilities & (ahead < k)
    return ratio(counts @ right.astype(np.float64), counts.sum(axis=1))


def balanced_acc(answers: ClassAnswers, counts: FloatArray) -> FloatArray:
    """Mean sensitivity over the classes that a resample holds, of two classes both.

    Source: Brodersen et al., ICPR 2010; as `sklearn.metrics.balanced_accuracy_score`.
    """
    edges = marginals(answers.labels, answers.decisions, counts, costs=disagreement(answers.classes, "none"))
    right = counts @ (membership(answers.labels, answers.classes) * answers.right[:, np.newaxis])
    return average_over_classes(ratio(right, edges.held).T, edges.held.T, average="macro", absent="left_out")


def sensitivity(
    answers: ClassAnswers,
    counts: FloatArray,
    *,
    average: Average = "macro",
    of_class: int | None = None,
    threshold: float | None = None,
) -> FloatArray:
    """Recall, TP / (TP + FN). Classes that a resample does not hold are left out of the mean.

    Args:
        answers: The n cases.
        counts: Shape (resamples, n).
        average: How the classes of more than two become one value.
        of_class: One class only.
        threshold: A class is called where its probability is at least this, instead of by the team's own decision.

    Raises:
        MetricSpecError: there is no such class.
    """
    found = outcomes(answers, counts, average=average, of_class=of_class, threshold=threshold)
    return _averaged(found.sensitivity, found, average)


def specificity(
    answers: ClassAnswers,
    counts: FloatArray,
    *,
    average: Average = "macro",
    of_class: int | None = None,
    threshold: float | None = None,
) -> FloatArray:
    """TN / (TN + FP). Classes that are all a resample holds are left out of the mean. Arguments as for `sensitivity`."""
    found = outcomes(answers, counts, average=average, of_class=of_class, threshold=threshold)
    return _averaged(found.specificity, found, average)


def ppv(
    answers: ClassAnswers,
    counts: FloatArray,
    *,
    average: Average = "macro",
    of_class: int | None = None,
    threshold: float | None = None,
) -> FloatArray:
    """Precision, TP / (TP + FP). Arguments as for `sensitivity`.

    0 where no case is called although there are positives; classes neither held nor called are left out of the mean.
    """
    found = outcomes(answers, counts, average=average, of_class=of_class, threshold=threshold)
    return _averaged(found.ppv, found, average)


def npv(
    answers: ClassAnswers,
    counts: FloatArray,
    *,
    average: Average = "macro",
    of_class: int | None = None,
    threshold: float | None = None,
) -> FloatArray:
    """TN / (TN + FN). Arguments as for `sensitivity`; 0 where every case is called although there are negatives."""
    found = outcomes(answers, counts, average=average, of_class=of_class, threshold=threshold)
    return _averaged(found.npv, found, average)


def f1(
    answers: ClassAnswers,
    counts: FloatArray,
    *,
    average: Average = "macro",
    of_class: int | None = None,
    threshold: float | None = None,
) -> FloatArray:
    """F1, 2TP / (2TP + FP + FN), by the team's own decisions where no threshold is given.

    Classes that a resample neither holds nor was said to hold are left out of the mean, as in scikit-learn,
    which asks about the classes that occur. Arguments as for `sensitivity`.
    """
    found = outcomes(answers, counts, average=average, of_class=of_class, threshold=threshold)
    return _averaged(found.f1, found, average)


def mcc(answers: ClassAnswers, counts: FloatArray) -> FloatArray:
    """Matthews correlation coefficient, in [-1, 1]; 0 where all decisions are for one class.

    Source: Matthews, BBA 1975; Gorodkin, Comput Biol Chem 2004 for more classes; as `sklearn.metrics.matthews_corrcoef`,
    which gives 0 also where the reference holds a single class: here there is no value.
    """
    return mcc_of(marginals(answers.labels, answers.decisions, counts, costs=disagreement(answers.classes, "none")))


def kappa(answers: ClassAnswers, counts: FloatArray, *, weights: Weights = "none") -> FloatArray:
    """Cohen's kappa of decisions and reference, in [-1, 1]. No value where the reference holds a single class.

    Source: Cohen, Educ Psychol Meas 1960, and Psychol Bull 1968 (weighted); as `sklearn.metrics.cohen_kappa_score`.
    """
    costs = disagreement(answers.classes, weights)
    return kappa_of(marginals(answers.labels, answers.decisions, counts, costs=costs), costs)


def outcomes(
    answers: ClassAnswers, counts: FloatArray, *, average: Average, of_class: int | None, threshold: float | None
) -> Outcomes:
    """What became of every question; a single, pooled one for `micro`.

    Raises:
        MetricSpecError: there is no such class.
    """
    asked = answers.asked() if of_class is None else [of_class]
    if not all(0 <= number < answers.classes for number in asked):
        raise MetricSpecError(f"there is no class {of_class}; the {answers.classes} classes count from 0")
    held = membership(answers.labels, answers.classes)[:, asked]
    is_open = ~answers.has_probabilities if threshold is not None else answers.decisions < 0
    if threshold is None:
        called = membership(answers.decisions, answers.classes)[:, asked]
    else:
        called = (answers.probabilities[:, asked] >= threshold).astype(np.float64)
    alarms = np.where(is_open[:, np.newaxis], 1 - held, called * (1 - held))
    found = [(counts @ each).T for each in (held * called, held * (1 - called), alarms, (1 - held) - alarms)]
    if average == "micro" and len(asked) > 1:
        return _pooled(found, counts @ is_open, asked_at_once=1 if threshold is None else len(asked) - 1)
    return Outcomes(*found)


def _pooled(found: list[FloatArray], unanswered: FloatArray, *, asked_at_once: int) -> Outcomes:
    """All questions as one. Where a case has one decision, a missing one is one false alarm, not one for each other class."""
    hits, misses, alarms, spared = (each.sum(axis=0, keepdims=True) for each in found)
    excess = unanswered * (len(found[0]) - 1 - asked_at_once)
    return Outcomes(hits, misses, alarms - excess, spared + excess)


def _averaged(values: FloatArray, found: Outcomes, average: Average) -> FloatArray:
    if len(values) == 1:
        return np.asarray(values[0])
    return average_over_classes(values, found.hits + found.misses, average=average, absent="left_out")
