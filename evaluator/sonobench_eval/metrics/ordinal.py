"""Metrics of grades: weighted kappa, errors, accuracy, within one grade, rank correlation, the confusion of grades.

Every function takes the answers to n cases and counts of shape (resamples, n), and returns one value per resample,
shape (resamples,), NaN where the metric has no value. Errors and Spearman's rank correlation are those of the scores as
they were given, everything else is about grades.

A case without a usable answer errs as far as the range allows and is wrong. For kappa it has the grade that lowers the
value most, and for rank correlations it disagrees with every other case about their order.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sonobench_eval.metrics import regression, regression_association
from sonobench_eval.metrics.class_answers import ratio
from sonobench_eval.metrics.class_kappa import Weights, disagreement, kappa_of, marginals
from sonobench_eval.metrics.confusion import ConfusionMatrix, tabulate
from sonobench_eval.metrics.ordinal_answers import NO_GRADE, GradeAnswers, binned, check_edges
from sonobench_eval.metrics.regression_answers import FloatArray
from sonobench_eval.metrics.regression_bounds import lowest_correlation


@dataclass(frozen=True, slots=True)
class GradeConfusion:
    """A confusion matrix of grades, rows the reference: grade i is [edges[i], edges[i + 1]), the last one closed."""

    edges: tuple[float, ...]
    matrix: ConfusionMatrix


def kappa(answers: GradeAnswers, counts: FloatArray, *, weights: Weights) -> FloatArray:
    """Cohen's kappa of predicted and reference grades, in [-1, 1], higher is better.

    Args:
        answers: The n cases.
        counts: Shape (resamples, n).
        weights: What a mistake costs: 1, the number of grades it is off (`linear`), or its square (`quadratic`).

    Source: Cohen, Psychol Bull 1968; as `sklearn.metrics.cohen_kappa_score` given all grades as labels (without them it
    numbers the grades that occur, and so shortens distances where one between them does not). No value where all
    references of a resample have one grade; scikit-learn gives 0 there where predictions differ.
    """
    costs = disagreement(answers.grades, weights)
    return kappa_of(marginals(answers.reference_grades(), answers.predicted_grades(), counts, costs=costs), costs)


def acc(answers: GradeAnswers, counts: FloatArray) -> FloatArray:
    """Share of cases with the right grade, in [0, 1], higher is better."""
    return _share_within(answers, counts, 0)


def within_one(answers: GradeAnswers, counts: FloatArray) -> FloatArray:
    """Share of cases whose grade is off by one at most, in [0, 1], higher is better."""
    return _share_within(answers, counts, 1)


def mae(answers: GradeAnswers, counts: FloatArray) -> FloatArray:
    """Mean absolute error of the scores, lower is better; as `regression.mae`."""
    return regression.mae(answers.as_values(), counts)


def rmse(answers: GradeAnswers, counts: FloatArray) -> FloatArray:
    """Root of the mean squared error of the scores, lower is better; as `regression.rmse`."""
    return regression.rmse(answers.as_values(), counts)


def spearman(answers: GradeAnswers, counts: FloatArray) -> FloatArray:
    """Spearman's rank correlation of the scores, in [-1, 1], higher is better; as `regression_association.spearman`."""
    return regression_association.spearman(answers.as_values(), counts)


def kendall_tau(answers: GradeAnswers, counts: FloatArray) -> FloatArray:
    """Kendall's tau-b of the grades: pairs in the right order minus pairs in the wrong one, over pairs that are not tied.

    Returns:
        In [-1, 1], higher is better; 0 where all predictions have one grade (SciPy has no value there); NaN where all
        references have.

    Source: Kendall, Biometrika 1945; as `scipy.stats.kendalltau` of grades.
    """
    number = answers.grades
    found = tabulate(answers.reference_grades(), answers.predicted_grades(), number, counts)
    usable, held = found.cases.sum(axis=2), found.held
    order = _in_order(found.cases) - _in_order(found.cases[:, :, ::-1])
    lost = _untied(held) - _untied(usable)
    answered, cases = usable.sum(axis=1), held.sum(axis=1)
    untied = _untied(found.cases.sum(axis=1))
    with_missing = (cases * (cases - 1) - answered * (answered - 1)) / 2
    return lowest_correlation(order - lost, _untied(held), least=untied + lost, most=untied + with_missing)


def grade_confusion(
    answers: GradeAnswers, counts: FloatArray | None = None, *, edges: tuple[float, ...] | None = None
) -> GradeConfusion:
    """Which grade was taken for which.

    Args:
        answers: The n cases.
        counts: Shape (resamples, n); None for the answers themselves, whose matrix then has no axis of resamples.
        edges: Bins of scores to take as grades, as (0, 4, 6, 8, 10) for the quality of abdominal planes: [edge, next
            edge), the last one closed. None: the grades of the answers.

    Raises:
        ValueError: the edges do not rise, or do not hold the range.
    """
    bins = edges or answers.edges or tuple(float(edge) for edge in np.arange(answers.grades + 1) + np.ceil(answers.low) - 0.5)
    truth, said = answers.reference_grades(), answers.predicted_grades()
    if edges is not None:
        check_edges(edges)
        if not edges[0] <= answers.low <= answers.high <= edges[-1]:
            raise ValueError(f"bins from {edges[0]:g} to {edges[-1]:g} do not hold {answers.low:g} to {answers.high:g}")
        truth = binned(answers.reference, edges)
        said = np.where(answers.usable, binned(np.where(answers.usable, answers.predicted, answers.low), edges), NO_GRADE)
    every = np.ones((1, len(truth)))
    found = tabulate(truth, said, len(bins) - 1, every if counts is None else counts)
    if counts is None:
        found = ConfusionMatrix(found.cases[0], found.unusable[0], found.abstained[0])
    return GradeConfusion(bins, found)


def _share_within(answers: GradeAnswers, counts: FloatArray, grades: int) -> FloatArray:
    off = np.abs(answers.predicted_grades() - answers.reference_grades())
    right = answers.usable & (off <= grades)
    return ratio(counts @ right.astype(np.float64), counts.sum(axis=1))


def _untied(held: FloatArray) -> FloatArray:
    """Pairs of cases of different grades, from cases of each grade, shape (resamples, grades)."""
    cases = held.sum(axis=1)
    return np.asarray((cases**2 - np.sum(held**2, axis=1)) / 2)


def _in_order(table: FloatArray) -> FloatArray:
    """Pairs of cases of which one has both the higher reference and the higher prediction, in each resample."""
    below = np.zeros_like(table)
    below[:, 1:, 1:] = np.cumsum(np.cumsum(table, axis=1), axis=2)[:, :-1, :-1]
    return np.asarray(np.sum(table * below, axis=(1, 2)))
