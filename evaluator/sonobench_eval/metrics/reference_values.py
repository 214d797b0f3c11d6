"""Metrics of values by scikit-learn and SciPy, once per resample, to check the fast ones against. Arguments as for those.

Missing answers are put where the declared range allows the largest error. What is no sum over cases (bias, limits of
agreement, correlations) has no value here where an answer is missing: nobody else's software says what the worst would be.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import stats
from sklearn import metrics as sklearn_metrics

from sonobench_eval.metrics.regression import LIMITS
from sonobench_eval.metrics.regression_answers import FloatArray, ValueAnswers
from sonobench_eval.metrics.regression_association import IccForm

Judge = Callable[[FloatArray, FloatArray], float]
"""(reference, predicted) of the cases of one resample -> a value."""
NO_VALUE = float("nan")


def mae(answers: ValueAnswers, counts: FloatArray) -> FloatArray:
    """scikit-learn's mean absolute error."""
    return _of_errors(answers, counts, lambda x, y: float(sklearn_metrics.mean_absolute_error(x, y)))


def rmse(answers: ValueAnswers, counts: FloatArray) -> FloatArray:
    """scikit-learn's root mean squared error."""
    return _of_errors(answers, counts, lambda x, y: float(sklearn_metrics.root_mean_squared_error(x, y)))


def medae(answers: ValueAnswers, counts: FloatArray) -> FloatArray:
    """scikit-learn's median absolute error."""
    return _of_errors(answers, counts, lambda x, y: float(sklearn_metrics.median_absolute_error(x, y)))


def r2(answers: ValueAnswers, counts: FloatArray) -> FloatArray:
    """scikit-learn's coefficient of determination."""
    return _of_errors(answers, counts, lambda x, y: float(sklearn_metrics.r2_score(x, y)) if _varies(x) else NO_VALUE)


def bias(answers: ValueAnswers, counts: FloatArray) -> FloatArray:
    """NumPy's mean of the differences."""
    return _in_each(answers, counts, lambda x, y: float(np.abs(np.mean(y - x))))


def loa_width(answers: ValueAnswers, counts: FloatArray) -> FloatArray:
    """From NumPy's standard deviation of the differences."""
    return _in_each(answers, counts, lambda x, y: 2 * LIMITS * float(np.std(y - x, ddof=1)) if len(x) > 1 else NO_VALUE)


def pearson(answers: ValueAnswers, counts: FloatArray) -> FloatArray:
    """SciPy's Pearson correlation."""
    return _in_each(answers, counts, _unless_constant(lambda x, y: float(stats.pearsonr(x, y).statistic)))


def spearman(answers: ValueAnswers, counts: FloatArray) -> FloatArray:
    """SciPy's Spearman correlation."""
    return _in_each(answers, counts, _unless_constant(lambda x, y: float(stats.spearmanr(x, y).statistic)))


def ccc(answers: ValueAnswers, counts: FloatArray) -> FloatArray:
    """From NumPy's covariance matrix."""

    def judge(x: FloatArray, y: FloatArray) -> float:
        if not _varies(x):
            return NO_VALUE
        moments = np.cov(x, y, bias=True)
        return float(2 * moments[0, 1] / (moments[0, 0] + moments[1, 1] + (x.mean() - y.mean()) ** 2))

    return _in_each(answers, counts, judge)


def icc(answers: ValueAnswers, counts: FloatArray, *, form: IccForm = "2,1") -> FloatArray:
    """From the mean squares of a two-way analysis of variance, written out as Shrout and Fleiss print them."""

    def judge(x: FloatArray, y: FloatArray) -> float:
        if not _varies(x):
            return NO_VALUE
        cases, table = len(x), np.column_stack([x, y])
        of_rows, of_columns, grand = table.mean(axis=1), table.mean(axis=0), table.mean()
        between = 2 * np.sum((of_rows - grand) ** 2) / (cases - 1)
        raters = cases * np.sum((of_columns - grand) ** 2)
        residual = np.sum((table - of_rows[:, np.newaxis] - of_columns + grand) ** 2) / (cases - 1)
        chance = 2 * (raters - residual) / cases if form == "2,1" else 0.0
        above, below = between - residual, between + residual + chance
        return max(-1.0, float(above / below)) if below > 1e-12 else -1.0

    return _in_each(answers, counts, judge)


def _of_errors(answers: ValueAnswers, counts: FloatArray, judge: Judge) -> FloatArray:
    """Missing answers at the far end of the range."""
    far = np.where(answers.reference - answers.low > answers.high - answers.reference, answers.low, answers.high)
    predicted = np.where(answers.usable, answers.predicted, far)
    return _in_each(ValueAnswers(answers.reference, predicted, answers.low, answers.high), counts, judge)


def _in_each(answers: ValueAnswers, counts: FloatArray, judge: Judge) -> FloatArray:
    """One value per resample; none where it holds no case, or one without an answer."""
    every = np.arange(len(answers.reference))
    drawn = (answers.take(np.repeat(every, row.astype(np.intp))) for row in counts)
    found = [judge(each.reference, each.predicted) if len(each.reference) and each.usable.all() else NO_VALUE for each in drawn]
    return np.array(found, dtype=np.float64)


def _unless_constant(judge: Judge) -> Judge:
    """No value where the reference is constant, 0 where only the predictions are (SciPy has no value and warns)."""

    def careful(x: FloatArray, y: FloatArray) -> float:
        if not _varies(x):
            return NO_VALUE
        return judge(x, y) if _varies(y) else 0.0

    return careful


def _varies(values: FloatArray) -> bool:
    return bool(np.ptp(values) > 0)
