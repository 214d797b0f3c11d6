"""Areas under ROC and precision-recall curves of one question, in many resamples at once.

A case of a resample is a row of counts. Walking through the cases by score, one addition of a row for each, costs time
linear in the cases and touches every count once, where it lies: this is what makes a thousand resamples cheap. Counts
that lie case by case in memory (Fortran order) are read in place, others are turned round first. All sums are of whole
and half numbers, hence exact, and do not depend on the order.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from sonobench_eval.metrics.class_answers import UNUSABLE_POSITIVE, BoolArray, FloatArray, IntArray, Question, ratio

FEW_RESAMPLES = 48
"""With fewer, whole-array operations over the cases beat walking through them one at a time."""


_NEGATIVES, _POSITIVES, _TIED_NEGATIVES, _TIED_POSITIVES = range(4)
_TIED = 2

_Run = tuple[int, list[int]]
"""Cases, by position, that follow each other in score, and which kind they are of. Positives and negatives of one score
are two runs, the tied positives first."""


def auc_of(question: Question, counts: FloatArray) -> FloatArray:
    """Area under the ROC curve: the share of pairs of a positive and a negative in the right order, ties counting half.

    Args:
        question: The n cases.
        counts: How often each resample holds each case, shape (resamples, n).

    Returns:
        Shape (resamples,), in [0, 1], higher is better; NaN where a resample lacks positives or negatives.

    Source: Mann and Whitney 1947; Bamber, J Math Psychol 1975. As `sklearn.metrics.roc_auc_score`.
    """
    if len(counts) < FEW_RESAMPLES:
        return _auc_of_few(question, counts)
    rows = np.ascontiguousarray(counts.T)
    return _share_won(question, rows)


def auc_of_many(positive: BoolArray, scores: FloatArray, counts: FloatArray) -> FloatArray:
    """`auc_of` for several algorithms that answered the same cases: counts are turned round once, where they have to be.

    Args:
        positive: Reference, bool, shape (n,).
        scores: Shape (algorithms, n), no NaN.
        counts: How often each resample holds each case, shape (resamples, n).

    Returns:
        Shape (algorithms, resamples), as `auc_of`.
    """
    questions = [Question(positive, each, positive) for each in scores]
    shape = (len(questions), len(counts))
    if len(counts) < FEW_RESAMPLES:
        return np.array([_auc_of_few(question, counts) for question in questions]).reshape(shape)
    rows = np.ascontiguousarray(counts.T)
    return np.array([_share_won(question, rows) for question in questions]).reshape(shape)


def auprc_of(question: Question, counts: FloatArray) -> FloatArray:
    """Average precision: precision at each threshold, weighted by the recall gained there, without interpolation.

    A positive without a usable answer is found at no threshold: the recall it would add counts with precision 0. (To rank
    it last would not be enough: cases of one score share the precision at their end, and a positive that moves from
    among them to the end can raise the average.)

    Args:
        question: The n cases. Those of one score share one threshold.
        counts: How often each resample holds each case, shape (resamples, n).

    Returns:
        Shape (resamples,), in [0, 1], higher is better; NaN where a resample lacks positives.

    Source: as `sklearn.metrics.average_precision_score`.
    """
    if len(counts) < FEW_RESAMPLES:
        return _auprc_of_few(question, counts)
    rows = np.ascontiguousarray(counts.T)
    hits, alarms, area = (np.zeros(len(counts)) for _ in range(3))
    called, buffer = np.empty(len(counts)), np.empty(len(counts))
    for negatives, positives in _thresholds(question):
        for case in negatives:
            np.add(alarms, rows[case], out=alarms)
        if not positives:
            continue
        gained = _sum_of(rows, positives, buffer)
        np.add(hits, gained, out=hits)
        if question.score[positives[0]] == UNUSABLE_POSITIVE:
            continue
        np.add(hits, alarms, out=called)
        np.maximum(called, 1.0, out=called)  # whole numbers: where nothing is called, nothing is gained either
        np.divide(hits, called, out=called)
        np.multiply(called, gained, out=called)
        np.add(area, called, out=area)
    return ratio(area, hits)


def _share_won(question: Question, rows: FloatArray) -> FloatArray:
    """Share of pairs in the right order, ties half. `rows`: counts, C order, shape (n, resamples).

    One walk past all cases, lowest score first. Positives tied with negatives win half of what is passed before these
    negatives, and half of what is after them. The latter waits for the next positives, where the two halves are one
    product: ties then cost little more than none.
    """
    won, halves, positives, passed = (np.zeros(rows.shape[1]) for _ in range(4))
    product, both, buffer, spare = (np.empty(rows.shape[1]) for _ in range(4))
    add, multiply = np.add, np.multiply
    waiting: FloatArray | None = None
    for kind, cases in _runs(question):
        if waiting is not None and kind < _TIED:
            add(halves, multiply(waiting, passed, product), halves)
            waiting = None
        if kind in {_NEGATIVES, _TIED_NEGATIVES}:
            for case in cases:
                add(passed, rows[case], passed)
            continue
        here = _sum_of(rows, cases, buffer)
        add(positives, here, positives)
        if kind == _POSITIVES:
            add(won, multiply(here, passed, product), won)
            continue
        together = here if waiting is None else add(waiting, here, both)
        add(halves, multiply(together, passed, product), halves)
        waiting, buffer, spare = here, spare, buffer
    if waiting is not None:
        halves += waiting * passed
    return ratio(won + halves / 2, positives * passed)


def _runs(question: Question) -> list[_Run]:
    """The cases in rising order of score, in runs: positives between two negatives beat the same cases."""
    order = np.lexsort((~question.positive, question.score))
    if not len(order):
        return []
    positive, group = question.positive[order], _tie_group(question.score[order])
    positives = np.bincount(group, weights=positive)
    mixed = ((positives > 0) & (positives < np.bincount(group)))[group]
    kind = positive + _TIED * mixed
    cuts = np.flatnonzero((kind[1:] != kind[:-1]) | (mixed[1:] & (group[1:] != group[:-1]))) + 1
    bounds, cases = [0, *cuts.tolist(), len(order)], order.tolist()
    kinds = kind[bounds[:-1]].tolist()
    return [(each, cases[start:stop]) for each, start, stop in zip(kinds, bounds[:-1], bounds[1:], strict=True)]


def _thresholds(question: Question) -> Iterator[tuple[list[int], list[int]]]:
    """(negatives, positives) of each score that someone has, highest first."""
    order = np.lexsort((question.positive, -question.score))
    if not len(order):
        return
    group = _tie_group(question.score[order])
    bounds = [0, *(np.flatnonzero(group[1:] != group[:-1]) + 1).tolist(), len(order)]
    first_positive = np.bincount(group, weights=~question.positive[order]).astype(np.intp).tolist()
    cases = order.tolist()
    for start, stop, negatives in zip(bounds[:-1], bounds[1:], first_positive, strict=True):
        yield cases[start : start + negatives], cases[start + negatives : stop]


def _tie_group(score: FloatArray) -> IntArray:
    """The number of each case's score among the scores, counted in the order given (sorted)."""
    return np.concatenate([[0], np.cumsum(score[1:] != score[:-1])])


def _sum_of(rows: FloatArray, cases: list[int], buffer: FloatArray) -> FloatArray:
    """The rows' sum: in the buffer, or the row itself where there is one only."""
    total: FloatArray = rows[cases[0]]
    for case in cases[1:]:
        total = np.add(total, rows[case], out=buffer)
    return total


def _auc_of_few(question: Question, counts: FloatArray) -> FloatArray:
    positives, negatives = _split(question)
    scores = question.score[positives]
    below = _running_sum(counts[:, negatives])
    beaten = below[:, np.searchsorted(question.score[negatives], scores, side="left")]
    beaten += below[:, np.searchsorted(question.score[negatives], scores, side="right")]
    weights = counts[:, positives]
    won = 0.5 * np.einsum("bp,bp->b", weights, beaten)
    return ratio(won, weights.sum(axis=1) * below[:, -1])


def _auprc_of_few(question: Question, counts: FloatArray) -> FloatArray:
    positives, negatives = _split(question)
    scores = question.score[positives]
    weights = counts[:, positives]
    hits, false_alarms = _at_least(scores, scores, weights), _at_least(scores, question.score[negatives], counts[:, negatives])
    precision = hits / np.maximum(hits + false_alarms, 1)  # both are whole numbers; where both are 0 the weight is 0 too
    precision *= scores != UNUSABLE_POSITIVE
    return ratio(np.einsum("bp,bp->b", weights, precision), weights.sum(axis=1))


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
