"""Metrics of labels by scikit-learn, once per resample, to check the fast ones against. Arguments as for those."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from sklearn import metrics as sklearn_metrics

from sonobench_eval.metrics.class_answers import FloatArray, Question
from sonobench_eval.metrics.class_averages import Absent, Average
from sonobench_eval.metrics.multilabel_answers import JudgedLabels, LabelAnswers, Uncertain
from sonobench_eval.metrics.reference_classes import (
    NO_VALUE,
    Judge,
    averaged,
    judge_auc,
    judge_auprc,
    judge_decisions,
    pooled,
)


def auc(
    answers: LabelAnswers,
    counts: FloatArray,
    *,
    average: Average = "macro",
    uncertain: Uncertain = "ignore",
    of_label: int | None = None,
    absent: Absent | None = None,
) -> FloatArray:
    """scikit-learn's ROC AUC."""
    return _asked(judge_auc, answers, counts, average=average, uncertain=uncertain, of_label=of_label, absent=absent)


def auprc(
    answers: LabelAnswers,
    counts: FloatArray,
    *,
    average: Average = "macro",
    uncertain: Uncertain = "ignore",
    of_label: int | None = None,
    absent: Absent | None = None,
) -> FloatArray:
    """scikit-learn's average precision."""
    return _asked(judge_auprc, answers, counts, average=average, uncertain=uncertain, of_label=of_label, absent=absent)


def label_acc(
    answers: LabelAnswers,
    counts: FloatArray,
    *,
    average: Literal["micro", "macro"] = "micro",
    uncertain: Uncertain = "ignore",
) -> FloatArray:
    """scikit-learn's accuracy of known labels."""

    def judge(drawn: JudgedLabels) -> float:
        columns = [drawn.question(number)[0] for number in range(drawn.known.shape[1])]
        asked = [pooled(columns)] if average == "micro" else columns
        found = [
            float(sklearn_metrics.accuracy_score(each.positive, each.decided)) if len(each.positive) else NO_VALUE
            for each in asked
        ]
        return averaged(found, [1.0] * len(found), "macro", "left_out")

    return _in_each(answers, counts, uncertain, judge)


def subset_acc(answers: LabelAnswers, counts: FloatArray, *, uncertain: Uncertain = "ignore") -> FloatArray:
    """scikit-learn's accuracy of indicator rows."""

    def judge(drawn: JudgedLabels) -> float:
        read = drawn.known.any(axis=1)
        if not read.any():
            return NO_VALUE
        rows = ["".join(map(str, row.astype(int))) for row in drawn.positive[read]]
        said = ["".join(map(str, row.astype(int))) for row in drawn.decided[read]]
        return float(sklearn_metrics.accuracy_score(rows, said))

    return _in_each(answers, counts, uncertain, judge)


def f1(
    answers: LabelAnswers,
    counts: FloatArray,
    *,
    average: Literal["macro", "weighted", "micro", "samples"] = "macro",
    uncertain: Uncertain = "ignore",
    of_label: int | None = None,
) -> FloatArray:
    """scikit-learn's F1."""
    if average != "samples":
        return _decided("f1", answers, counts, average=average, uncertain=uncertain, of_label=of_label)
    if of_label is not None:
        return _decided("f1", answers, counts, average="macro", uncertain=uncertain, of_label=of_label)

    def judge(drawn: JudgedLabels) -> float:
        read = drawn.known.any(axis=1)
        each = [
            float(sklearn_metrics.f1_score(true, said, zero_division=1.0))
            for true, said in zip(drawn.positive[read], drawn.decided[read], strict=True)
        ]
        return float(np.mean(each)) if each else NO_VALUE

    return _in_each(answers, counts, uncertain, judge)


def sensitivity(
    answers: LabelAnswers,
    counts: FloatArray,
    *,
    average: Average = "macro",
    uncertain: Uncertain = "ignore",
    of_label: int | None = None,
) -> FloatArray:
    """scikit-learn's recall."""
    return _decided("sensitivity", answers, counts, average=average, uncertain=uncertain, of_label=of_label)


def specificity(
    answers: LabelAnswers,
    counts: FloatArray,
    *,
    average: Average = "macro",
    uncertain: Uncertain = "ignore",
    of_label: int | None = None,
) -> FloatArray:
    """scikit-learn's recall of the negative cases."""
    return _decided("specificity", answers, counts, average=average, uncertain=uncertain, of_label=of_label)


def ppv(
    answers: LabelAnswers,
    counts: FloatArray,
    *,
    average: Average = "macro",
    uncertain: Uncertain = "ignore",
    of_label: int | None = None,
) -> FloatArray:
    """scikit-learn's precision."""
    return _decided("ppv", answers, counts, average=average, uncertain=uncertain, of_label=of_label)


def _in_each(
    answers: LabelAnswers, counts: FloatArray, uncertain: Uncertain, judge: Callable[[JudgedLabels], float]
) -> FloatArray:
    every = np.arange(len(answers.reference))
    drawn = (answers.take(np.repeat(every, row.astype(np.intp))).judged(uncertain) for row in counts)
    return np.array([judge(each) if len(each.known) else NO_VALUE for each in drawn], dtype=np.float64)


def _decided(
    name: str, answers: LabelAnswers, counts: FloatArray, *, average: Average, uncertain: Uncertain, of_label: int | None
) -> FloatArray:
    def judge(question: Question) -> float:
        return judge_decisions(name, question)

    return _asked(judge, answers, counts, average=average, uncertain=uncertain, of_label=of_label, absent="left_out")


def _asked(
    judge: Judge,
    answers: LabelAnswers,
    counts: FloatArray,
    *,
    average: Average,
    uncertain: Uncertain,
    of_label: int | None,
    absent: Absent | None,
) -> FloatArray:
    def judged(drawn: JudgedLabels) -> float:
        if of_label is not None:
            return judge(drawn.question(of_label)[0])
        questions = [drawn.question(number)[0] for number in range(drawn.known.shape[1])]
        if average == "micro":
            return judge(pooled(questions))
        supports = [float(question.positive.sum()) for question in questions]
        return averaged([judge(question) for question in questions], supports, average, absent)

    return _in_each(answers, counts, uncertain, judged)
