"""How well probabilities put cases in order: AUC, AUPRC, partial AUC, and operating points on the ROC curve.

Every function takes the answers to n cases and counts of shape (resamples, n), and returns one value per resample,
shape (resamples,), in [0, 1], higher is better, NaN where the metric has no value.

Binary tasks ask about class 1, and `multiclass` and `average` change nothing. With more classes each is asked about
(`this class against the rest`), and the values are averaged. `of_class` asks about one class only.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import Literal

import numpy as np

from sonobench_eval.metrics.class_answers import ClassAnswers, FloatArray, Question
from sonobench_eval.metrics.class_averages import Absent, Average, average_over_classes
from sonobench_eval.metrics.roc import auc_of, auprc_of
from sonobench_eval.metrics.roc_curve import pauc_of, sensitivity_at_of, specificity_at_of
from sonobench_eval.metrics.spec import MetricSpecError

Multiclass = Literal["ovr", "ovo"]
NUMBERS_AT_ONCE = 4_000_000
"""How many counts of pooled questions are held at a time (32 MB)."""
Judge = Callable[[Question, FloatArray], FloatArray]
"""(one question about n cases, counts of shape (resamples, n)) -> one value per resample."""


def auc(
    answers: ClassAnswers,
    counts: FloatArray,
    *,
    multiclass: Multiclass = "ovr",
    average: Average = "macro",
    of_class: int | None = None,
    absent: Absent | None = None,
) -> FloatArray:
    """Area under the ROC curve, ties counting half. No value where a resample lacks positives or negatives of a class.

    Args:
        answers: The n cases.
        counts: Shape (resamples, n).
        multiclass: `ovr`: each class against the rest. `ovo`: each pair of classes among their own cases, both ways
            round (Hand and Till's M); weighted by how many cases the pair has.
        average: `macro`, `weighted` or (ovr only) `micro`.
        of_class: One class against the rest instead of all.
        absent: `left_out` leaves classes out that a resample cannot judge.

    Raises:
        MetricSpecError: `micro` with `ovo`, or a class that does not exist.

    Source: the Mann-Whitney statistic; Hand and Till, Machine Learning 2001; as `sklearn.metrics.roc_auc_score`, which
    fails where a class lacks cases. torchmetrics gives 0 there, MetricsReloaded approximates the area by thresholds.
    """
    if multiclass == "ovo" and average == "micro":
        raise MetricSpecError("auc: one-vs-one cannot be averaged micro; say macro or weighted")
    if multiclass == "ovo" and of_class is None and answers.classes > 2:
        return _one_versus_one(answers, counts, average=average, absent=absent)
    return judged(auc_of, answers, counts, average=average, of_class=of_class, absent=absent)


def auprc(
    answers: ClassAnswers,
    counts: FloatArray,
    *,
    average: Average = "macro",
    of_class: int | None = None,
    absent: Absent | None = None,
) -> FloatArray:
    """Average precision: precision at each threshold, weighted by the recall gained there (no interpolation).

    No value where a resample lacks positives of a class. Arguments as for `auc`.

    Source: as `sklearn.metrics.average_precision_score`; the trapezoidal area under the curve, which some call AUPRC, is
    too optimistic (Davis and Goadrich, ICML 2006).
    """
    return judged(auprc_of, answers, counts, average=average, of_class=of_class, absent=absent)


def pauc(
    answers: ClassAnswers,
    counts: FloatArray,
    *,
    max_fpr: float,
    average: Average = "macro",
    of_class: int | None = None,
    absent: Absent | None = None,
) -> FloatArray:
    """Area under the ROC curve up to the false-positive rate `max_fpr`, standardised: chance 0.5, the best 1.

    Source: McClish, Med Decis Making 1989; for two classes as scikit-learn's `roc_auc_score(..., max_fpr=)`, which has no
    partial area of more classes.
    """

    def judge(question: Question, counts: FloatArray) -> FloatArray:
        return pauc_of(question, counts, max_fpr=max_fpr)

    return judged(judge, answers, counts, average=average, of_class=of_class, absent=absent)


def sensitivity_at(
    answers: ClassAnswers,
    counts: FloatArray,
    *,
    specificity: float,
    average: Average = "macro",
    of_class: int | None = None,
    absent: Absent | None = None,
) -> FloatArray:
    """The highest sensitivity of the thresholds whose specificity is at least the one asked for.

    Conservative at ties: cases of one score are called together, and nothing is interpolated. The threshold is found
    anew in each resample. 0 where only calling nobody is specific enough.
    """

    def judge(question: Question, counts: FloatArray) -> FloatArray:
        return sensitivity_at_of(question, counts, specificity=specificity)

    return judged(judge, answers, counts, average=average, of_class=of_class, absent=absent)


def specificity_at(
    answers: ClassAnswers,
    counts: FloatArray,
    *,
    sensitivity: float,
    average: Average = "macro",
    of_class: int | None = None,
    absent: Absent | None = None,
) -> FloatArray:
    """The highest specificity of the thresholds whose sensitivity is at least the one asked for; as `sensitivity_at`."""

    def judge(question: Question, counts: FloatArray) -> FloatArray:
        return specificity_at_of(question, counts, sensitivity=sensitivity)

    return judged(judge, answers, counts, average=average, of_class=of_class, absent=absent)


def judged(
    judge: Judge,
    answers: ClassAnswers,
    counts: FloatArray,
    *,
    average: Average,
    of_class: int | None,
    absent: Absent | None,
) -> FloatArray:
    """One question's judge over the questions of a task.

    Raises:
        MetricSpecError: there is no such class.
    """
    if of_class is not None:
        return judge(the_question(answers, of_class), counts)
    questions = answers.questions()
    if len(questions) == 1:
        return judge(questions[0], counts)
    if average == "micro":
        return _micro(judge, questions, counts)
    values = np.stack([judge(question, counts) for question in questions])
    supports = np.stack([counts @ question.positive.astype(np.float64) for question in questions])
    return average_over_classes(values, supports, average=average, absent=absent)


def the_question(answers: ClassAnswers, number: int, *, threshold: float | None = None) -> Question:
    """The question about one class.

    Raises:
        MetricSpecError: there is no such class.
    """
    if not 0 <= number < answers.classes:
        raise MetricSpecError(f"there is no class {number}; the {answers.classes} classes count from 0")
    return answers.question(number, threshold=threshold)


def _one_versus_one(answers: ClassAnswers, counts: FloatArray, *, average: Average, absent: Absent | None) -> FloatArray:
    questions = answers.questions()
    values, supports = [], []
    for one, other in combinations(questions, 2):
        among = np.flatnonzero(one.positive | other.positive)
        here = counts[:, among]
        values.append((auc_of(one.take(among), here) + auc_of(other.take(among), here)) / 2)
        supports.append(here.sum(axis=1))
    return average_over_classes(np.stack(values), np.stack(supports), average=average, absent=absent)


def _micro(judge: Judge, questions: list[Question], counts: FloatArray) -> FloatArray:
    """All questions as one, about as many cases as there are of them together; some resamples after others."""
    pooled = Question(
        np.concatenate([question.positive for question in questions]),
        np.concatenate([question.score for question in questions]),
        np.concatenate([question.decided for question in questions]),
    )
    at_once = max(1, NUMBERS_AT_ONCE // max(1, len(pooled.score)))
    starts = range(0, len(counts), at_once)
    portions = (np.tile(counts[start : start + at_once].T, (len(questions), 1)).T for start in starts)
    return np.concatenate([np.empty(0), *(judge(pooled, portion) for portion in portions)])
