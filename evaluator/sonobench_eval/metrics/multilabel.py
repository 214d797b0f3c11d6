"""Metrics of labels: AUC, AUPRC, label and subset accuracy, F1, sensitivity, specificity, predictive value.

Every function takes the answers to n cases and counts of shape (resamples, n), and returns one value per resample,
shape (resamples,), in [0, 1], higher is better, NaN where the metric has no value. `uncertain` says what uncertain
reference labels count for; unlabelled ones never count.

A label without a usable answer ranks worst and is wrong.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from sonobench_eval.metrics.class_answers import FloatArray, ratio
from sonobench_eval.metrics.class_averages import Absent, Average, average_over_classes
from sonobench_eval.metrics.class_decisions import Outcomes
from sonobench_eval.metrics.class_ranks import Judge
from sonobench_eval.metrics.multilabel_answers import JudgedLabels, LabelAnswers, Uncertain
from sonobench_eval.metrics.roc import auc_of, auprc_of
from sonobench_eval.metrics.spec import MetricSpecError

NUMBERS_AT_ONCE = 4_000_000
"""How many counts of pooled labels are held at a time (32 MB)."""


def auc(
    answers: LabelAnswers,
    counts: FloatArray,
    *,
    average: Average = "macro",
    uncertain: Uncertain = "ignore",
    of_label: int | None = None,
    absent: Absent | None = None,
) -> FloatArray:
    """Area under the ROC curve of each label, averaged. No value where a resample lacks positives or negatives of a label.

    Args:
        answers: The n cases.
        counts: Shape (resamples, n).
        average: `macro`, `weighted` by positive cases, or `micro`: all labels pooled.
        uncertain: What uncertain labels count for.
        of_label: One label only.
        absent: `left_out` leaves labels out that a resample cannot judge.

    Raises:
        MetricSpecError: there is no such label.

    Source: as `sklearn.metrics.roc_auc_score` on indicator matrices; the policies for uncertain labels: Irvin et al.,
    CheXpert, AAAI 2019.
    """
    return _ranked(auc_of, answers.judged(uncertain), counts, average=average, of_label=of_label, absent=absent)


def auprc(
    answers: LabelAnswers,
    counts: FloatArray,
    *,
    average: Average = "macro",
    uncertain: Uncertain = "ignore",
    of_label: int | None = None,
    absent: Absent | None = None,
) -> FloatArray:
    """Average precision of each label, averaged (micro: mAP of all labels pooled). Arguments as for `auc`.

    Source: as `sklearn.metrics.average_precision_score`.
    """
    return _ranked(auprc_of, answers.judged(uncertain), counts, average=average, of_label=of_label, absent=absent)


def label_acc(
    answers: LabelAnswers,
    counts: FloatArray,
    *,
    average: Literal["micro", "macro"] = "micro",
    uncertain: Uncertain = "ignore",
) -> FloatArray:
    """Share of labels decided right: one minus the Hamming loss.

    Args:
        answers: The n cases.
        counts: Shape (resamples, n).
        average: `micro`: over all known labels. `macro`: the mean over labels of each one's accuracy; the same where every
            label of every case is known.
        uncertain: What uncertain labels count for.

    Source: as one minus `sklearn.metrics.hamming_loss`.
    """
    judged = answers.judged(uncertain)
    right = counts @ (judged.known & (judged.decided == judged.positive)).astype(np.float64)
    known = counts @ judged.known.astype(np.float64)
    if average == "micro":
        return ratio(right.sum(axis=1), known.sum(axis=1))
    return average_over_classes(ratio(right, known).T, known.T, average="macro", absent="left_out")


def subset_acc(answers: LabelAnswers, counts: FloatArray, *, uncertain: Uncertain = "ignore") -> FloatArray:
    """Share of cases with every known label decided right (exact match). Cases without a known label do not count.

    Source: as `sklearn.metrics.accuracy_score` on indicator matrices.
    """
    judged = answers.judged(uncertain)
    counted = judged.known.any(axis=1)
    right = counted & (judged.decided == judged.positive).all(axis=1)
    return ratio(counts @ right.astype(np.float64), counts @ counted.astype(np.float64))


def f1(
    answers: LabelAnswers,
    counts: FloatArray,
    *,
    average: Literal["macro", "weighted", "micro", "samples"] = "macro",
    uncertain: Uncertain = "ignore",
    of_label: int | None = None,
) -> FloatArray:
    """F1 of the team's own decisions, 2TP / (2TP + FP + FN).

    Args:
        answers: The n cases.
        counts: Shape (resamples, n).
        average: `samples`: the mean over cases of each one's F1 over its labels, 1 where nothing is there and nothing was
            found (scikit-learn's `zero_division=1`). Else over labels; those neither there nor found are left out.
        uncertain: What uncertain labels count for.
        of_label: One label only.
    """
    judged = answers.judged(uncertain)
    if average != "samples" or of_label is not None:
        found = _outcomes(judged, counts, pool=average == "micro", of_label=of_label)
        return _averaged(found.f1, found, "macro" if average == "samples" else average)
    hits = np.sum(judged.positive & judged.decided, axis=1)
    slips = np.sum(judged.positive != judged.decided, axis=1)
    each = np.divide(2.0 * hits, 2 * hits + slips, out=np.ones(len(hits)), where=hits + slips > 0)
    counted = judged.known.any(axis=1).astype(np.float64)
    return ratio(counts @ (each * counted), counts @ counted)


def sensitivity(
    answers: LabelAnswers,
    counts: FloatArray,
    *,
    average: Average = "macro",
    uncertain: Uncertain = "ignore",
    of_label: int | None = None,
) -> FloatArray:
    """Recall, TP / (TP + FN). Labels without a positive case are left out of the mean."""
    found = _outcomes(answers.judged(uncertain), counts, pool=average == "micro", of_label=of_label)
    return _averaged(found.sensitivity, found, average)


def specificity(
    answers: LabelAnswers,
    counts: FloatArray,
    *,
    average: Average = "macro",
    uncertain: Uncertain = "ignore",
    of_label: int | None = None,
) -> FloatArray:
    """TN / (TN + FP). Labels without a negative case are left out of the mean."""
    found = _outcomes(answers.judged(uncertain), counts, pool=average == "micro", of_label=of_label)
    return _averaged(found.specificity, found, average)


def ppv(
    answers: LabelAnswers,
    counts: FloatArray,
    *,
    average: Average = "macro",
    uncertain: Uncertain = "ignore",
    of_label: int | None = None,
) -> FloatArray:
    """Precision, TP / (TP + FP); 0 where a label is there and never found, left out of the mean where it is neither."""
    found = _outcomes(answers.judged(uncertain), counts, pool=average == "micro", of_label=of_label)
    return _averaged(found.ppv, found, average)


def _ranked(
    judge: Judge, judged: JudgedLabels, counts: FloatArray, *, average: Average, of_label: int | None, absent: Absent | None
) -> FloatArray:
    if average == "micro" and of_label is None:
        return _pooled(judge, judged, counts)
    values, supports = [], []
    for number in _asked(judged, of_label):
        question, among = judged.question(number)
        here = counts if len(among) == counts.shape[1] else counts[:, among]
        values.append(judge(question, here))
        supports.append(here @ question.positive.astype(np.float64))
    if of_label is not None:
        return values[0]
    return average_over_classes(np.stack(values), np.stack(supports), average=average, absent=absent)


def _pooled(judge: Judge, judged: JudgedLabels, counts: FloatArray) -> FloatArray:
    """All labels as one question; some resamples after others, so that little is held at a time."""
    question, cases = judged.pooled()
    at_once = max(1, NUMBERS_AT_ONCE // max(1, len(cases)))
    starts = range(0, len(counts), at_once)
    portions = (counts[start : start + at_once].T[cases].T for start in starts)
    return np.concatenate([np.empty(0), *(judge(question, portion) for portion in portions)])


def _outcomes(judged: JudgedLabels, counts: FloatArray, *, pool: bool, of_label: int | None) -> Outcomes:
    asked = _asked(judged, of_label)
    known, positive, decided = judged.known[:, asked], judged.positive[:, asked], judged.decided[:, asked]
    cells = (positive & decided, positive & ~decided, ~positive & decided, known & ~positive & ~decided)
    found = [(counts @ cell.astype(np.float64)).T for cell in cells]
    return Outcomes(*([each.sum(axis=0, keepdims=True) for each in found] if pool else found))


def _asked(judged: JudgedLabels, of_label: int | None) -> list[int]:
    number = judged.known.shape[1]
    if of_label is not None and not 0 <= of_label < number:
        raise MetricSpecError(f"there is no label {of_label}; the {number} labels count from 0")
    return list(range(number)) if of_label is None else [of_label]


def _averaged(values: FloatArray, found: Outcomes, average: Average) -> FloatArray:
    if len(values) == 1:
        return np.asarray(values[0])
    return average_over_classes(values, found.hits + found.misses, average=average, absent="left_out")
