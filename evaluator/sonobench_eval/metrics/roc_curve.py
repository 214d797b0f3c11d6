"""ROC and precision-recall curves of one question: their points, part of their area, and operating points on them.

A curve has one point for each score that someone has (called positive: all with that score or a higher one), and the
corner where nobody is called. Operating points are taken from these thresholds only, never interpolated between them:
no threshold would give an interpolated one, least of all within a tie.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from sonobench_eval.metrics.class_answers import FloatArray, IntArray, Question, once, ratio

NUMBERS_AT_ONCE = 300_000
"""How many points of curves are held at a time: few enough to stay in the processor's cache, which halves the time."""
ROUNDING = 1e-9
"""A specificity of 0.9 is reached with 9 of 10, although 0.9 * 10 may be a hair more than 9 in binary."""


@dataclass(frozen=True, slots=True)
class RocCurve:
    """Points of a ROC curve from (0, 0) to (1, 1), shapes (points,); the first threshold, which nobody reaches, is infinite.

    A threshold outside [0, 1] is that of cases without a usable answer.
    """

    thresholds: FloatArray
    false_positive_rate: FloatArray
    true_positive_rate: FloatArray


@dataclass(frozen=True, slots=True)
class PrCurve:
    """Points of a precision-recall curve by falling threshold, shapes (points,); where nobody is called is no point."""

    thresholds: FloatArray
    recall: FloatArray
    precision: FloatArray


class _Called(NamedTuple):
    """Who is called positive at each threshold, from nobody to all, shapes (points, resamples)."""

    hits: FloatArray
    alarms: FloatArray


def roc_curve(question: Question) -> RocCurve | None:
    """The ROC curve of a question; None where there are no positives or no negatives."""
    hits, alarms = (each[:, 0] for each in _called(question, once(len(question.score))))
    if not hits[-1] or not alarms[-1]:
        return None
    return RocCurve(np.append(np.inf, _thresholds(question)), alarms / alarms[-1], hits / hits[-1])


def pr_curve(question: Question) -> PrCurve | None:
    """The precision-recall curve of a question; None where there are no positives."""
    hits, alarms = (each[1:, 0] for each in _called(question, once(len(question.score))))
    if not len(hits) or not hits[-1]:
        return None
    return PrCurve(_thresholds(question), hits / hits[-1], hits / (hits + alarms))


def pauc_of(question: Question, counts: FloatArray, *, max_fpr: float) -> FloatArray:
    """Area under the ROC curve up to a false-positive rate, standardised so that chance is 0.5 and the best 1.

    Args:
        question: The n cases.
        counts: How often each resample holds each case, shape (resamples, n).
        max_fpr: The largest false-positive rate, in (0, 1].

    Returns:
        Shape (resamples,), in [0, 1], higher is better; NaN where a resample lacks positives or negatives.

    Source: McClish, Med Decis Making 1989; as `sklearn.metrics.roc_auc_score` with `max_fpr`.
    """

    def area(called: _Called) -> FloatArray:
        negatives, positives = called.alarms[-1], called.hits[-1]
        allowed = max_fpr * negatives
        step, rise = np.diff(called.alarms, axis=0), np.diff(called.hits, axis=0)
        inside = np.clip(allowed - called.alarms[:-1], 0, step)
        reached = np.divide(inside, step, out=np.zeros_like(step), where=step > 0)
        under = np.einsum("pb,pb->b", inside, called.hits[:-1] + rise * reached / 2)
        partial, chance = ratio(under, negatives * positives), max_fpr**2 / 2
        return np.asarray(0.5 * (1 + (partial - chance) / (max_fpr - chance)))

    return _in_portions(area, question, counts)


def sensitivity_at_of(question: Question, counts: FloatArray, *, specificity: float) -> FloatArray:
    """The highest sensitivity of the thresholds whose specificity is at least the one asked for.

    Args:
        question: The n cases.
        counts: How often each resample holds each case, shape (resamples, n).
        specificity: In [0, 1].

    Returns:
        Shape (resamples,), in [0, 1], higher is better; 0 where only calling nobody is specific enough; NaN where a
        resample lacks positives or negatives.
    """

    def best(called: _Called) -> FloatArray:
        negatives, positives = called.alarms[-1], called.hits[-1]
        allowed = (1 - specificity + ROUNDING) * negatives
        hits = np.max(np.where(called.alarms <= allowed, called.hits, 0.0), axis=0)
        return np.where(negatives > 0, ratio(hits, positives), np.nan)

    return _in_portions(best, question, counts)


def specificity_at_of(question: Question, counts: FloatArray, *, sensitivity: float) -> FloatArray:
    """The highest specificity of the thresholds whose sensitivity is at least the one asked for.

    Args and Returns mirror `sensitivity_at_of`. Calling everybody always reaches any sensitivity, with specificity 0.
    """

    def best(called: _Called) -> FloatArray:
        negatives, positives = called.alarms[-1], called.hits[-1]
        needed = (sensitivity - ROUNDING) * positives
        alarms = np.min(np.where(called.hits >= needed, called.alarms, negatives), axis=0)
        return np.where(positives > 0, ratio(negatives - alarms, negatives), np.nan)

    return _in_portions(best, question, counts)


def _thresholds(question: Question) -> FloatArray:
    return np.asarray(np.unique(question.score)[::-1])


def _called(question: Question, counts: FloatArray) -> _Called:
    order = np.argsort(-question.score, kind="stable")
    score, positive = question.score[order], question.positive[order]
    last = np.flatnonzero(np.append(score[1:] != score[:-1], True)) if len(order) else order
    rows, truth = counts.T[order], positive[:, np.newaxis]
    return _Called(_sums_until(rows * truth, last), _sums_until(rows * ~truth, last))


def _sums_until(rows: FloatArray, last: IntArray) -> FloatArray:
    sums = np.zeros((len(last) + 1, rows.shape[1]))
    sums[1:] = np.cumsum(rows, axis=0)[last]
    return sums


def _in_portions(measure: Callable[[_Called], FloatArray], question: Question, counts: FloatArray) -> FloatArray:
    """The measure of some resamples after others, so that little is held at a time."""
    at_once = max(1, NUMBERS_AT_ONCE // max(1, counts.shape[1]))
    starts = range(0, len(counts), at_once)
    return np.concatenate([np.empty(0), *(measure(_called(question, counts[i : i + at_once])) for i in starts)])
