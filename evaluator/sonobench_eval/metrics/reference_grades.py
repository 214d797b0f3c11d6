"""Metrics of grades by scikit-learn and SciPy, once per resample, to check the fast ones against. Arguments as for those.

Kappa and rank correlations have no value here where an answer is missing: nobody else's software says what the worst
would be.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import stats
from sklearn import metrics as sklearn_metrics

from sonobench_eval.metrics import reference_values
from sonobench_eval.metrics.class_kappa import Weights
from sonobench_eval.metrics.ordinal_answers import GradeAnswers
from sonobench_eval.metrics.regression_answers import FloatArray, IntArray

Judge = Callable[[IntArray, IntArray], float]
"""(reference grades, predicted grades) of the cases of one resample -> a value."""
NO_VALUE = float("nan")


def kappa(answers: GradeAnswers, counts: FloatArray, *, weights: Weights) -> FloatArray:
    """scikit-learn's Cohen's kappa."""

    def judge(truth: IntArray, said: IntArray) -> float:
        if len(np.unique(truth)) < 2 or said.min() < 0:
            return NO_VALUE
        chosen, labels = None if weights == "none" else weights, range(answers.grades)
        return float(sklearn_metrics.cohen_kappa_score(truth, said, labels=labels, weights=chosen))

    return _in_each(answers, counts, judge)


def acc(answers: GradeAnswers, counts: FloatArray) -> FloatArray:
    """scikit-learn's accuracy."""
    return _in_each(answers, counts, lambda truth, said: float(sklearn_metrics.accuracy_score(truth, said)))


def within_one(answers: GradeAnswers, counts: FloatArray) -> FloatArray:
    """scikit-learn's accuracy of distances clipped to one grade."""

    def judge(truth: IntArray, said: IntArray) -> float:
        near = np.where((said >= 0) & (np.abs(truth - said) <= 1), truth, -1)
        return float(sklearn_metrics.accuracy_score(truth, near))

    return _in_each(answers, counts, judge)


def mae(answers: GradeAnswers, counts: FloatArray) -> FloatArray:
    """scikit-learn's mean absolute error."""
    return reference_values.mae(answers.as_values(), counts)


def rmse(answers: GradeAnswers, counts: FloatArray) -> FloatArray:
    """scikit-learn's root mean squared error."""
    return reference_values.rmse(answers.as_values(), counts)


def spearman(answers: GradeAnswers, counts: FloatArray) -> FloatArray:
    """SciPy's Spearman correlation."""
    return reference_values.spearman(answers.as_values(), counts)


def kendall_tau(answers: GradeAnswers, counts: FloatArray) -> FloatArray:
    """SciPy's Kendall tau-b."""

    def judge(truth: IntArray, said: IntArray) -> float:
        if len(np.unique(truth)) < 2 or said.min() < 0:
            return NO_VALUE
        return float(stats.kendalltau(truth, said).statistic) if len(np.unique(said)) > 1 else 0.0

    return _in_each(answers, counts, judge)


def _in_each(answers: GradeAnswers, counts: FloatArray, judge: Judge) -> FloatArray:
    truth, said = answers.reference_grades(), answers.predicted_grades()
    drawn = (np.repeat(np.arange(len(truth)), row.astype(np.intp)) for row in counts)
    return np.array([judge(truth[each], said[each]) if len(each) else NO_VALUE for each in drawn], dtype=np.float64)
