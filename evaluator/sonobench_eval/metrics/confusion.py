"""The confusion matrix: which class was taken for which."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sonobench_eval.metrics.class_answers import ABSTAIN, NO_DECISION, ClassAnswers, FloatArray, IntArray, once


@dataclass(frozen=True, slots=True)
class ConfusionMatrix:
    """How many cases of a class (rows) were decided for which (columns).

    cases: shape (k, k), or (resamples, k, k) where counts were given. unusable, abstained: cases of each class without a
    usable answer, and with an abstention, shape (k,) or (resamples, k). All of them together are the cases there are.
    """

    cases: FloatArray
    unusable: FloatArray
    abstained: FloatArray

    @property
    def held(self) -> FloatArray:
        """Cases of each class, answered or not, shape (k,) or (resamples, k)."""
        return np.asarray(self.cases.sum(axis=-1) + self.unusable + self.abstained)

    @property
    def shares(self) -> FloatArray:
        """Of each class's cases, the share decided for which; the rows of a class without cases are NaN."""
        held = self.held[..., np.newaxis]
        return np.asarray(np.divide(self.cases, held, out=np.full(self.cases.shape, np.nan), where=held > 0))


def confusion_matrix(answers: ClassAnswers, counts: FloatArray | None = None) -> ConfusionMatrix:
    """Count the team's own decisions.

    Args:
        answers: The n cases.
        counts: How often each resample holds each case, shape (resamples, n); None for the answers themselves.

    Source: as `sklearn.metrics.confusion_matrix`, which has no place for a missing decision.
    """
    found = tabulate(answers.labels, answers.decisions, answers.classes, once(len(answers.labels)) if counts is None else counts)
    return found if counts is not None else ConfusionMatrix(found.cases[0], found.unusable[0], found.abstained[0])


def tabulate(labels: IntArray, decisions: IntArray, classes: int, counts: FloatArray) -> ConfusionMatrix:
    """Count reference and decision together, in every resample; only pairs that occur cost time."""
    columns = np.where(decisions == NO_DECISION, classes, np.where(decisions == ABSTAIN, classes + 1, decisions))
    cells, cell_of = np.unique(labels * (classes + 2) + columns, return_inverse=True)
    table = np.zeros((len(counts), classes * (classes + 2)))
    for number, cell in enumerate(cells):
        table[:, cell] = counts[:, cell_of == number].sum(axis=1)
    rows = table.reshape(len(counts), classes, classes + 2)
    return ConfusionMatrix(rows[:, :, :classes], rows[:, :, classes], rows[:, :, classes + 1])
