"""Metrics of classes by scikit-learn, once per resample, to check the fast ones against. Arguments as for those.

A resample is drawn in earnest: its cases are repeated as often as it holds them. Kappa and the MCC of more than two
classes have no value here where a decision is missing, for nobody else's software says what the worst would be.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations

import numpy as np
from sklearn import metrics as sklearn_metrics

from sonobench_eval.metrics.calibration import CLIP
from sonobench_eval.metrics.class_answers import UNUSABLE_POSITIVE, ClassAnswers, FloatArray, Question
from sonobench_eval.metrics.class_averages import Absent, Average
from sonobench_eval.metrics.class_kappa import Weights
from sonobench_eval.metrics.class_ranks import Multiclass, the_question

Judge = Callable[[Question], float]
NO_VALUE = float("nan")


def auc(
    answers: ClassAnswers,
    counts: FloatArray,
    *,
    multiclass: Multiclass = "ovr",
    average: Average = "macro",
    of_class: int | None = None,
    absent: Absent | None = None,
) -> FloatArray:
    """scikit-learn's ROC AUC."""
    if multiclass == "ovo" and of_class is None and answers.classes > 2:
        return _in_each(answers, counts, lambda drawn: _one_versus_one(drawn, average, absent))
    return _ranked(judge_auc, answers, counts, average=average, of_class=of_class, absent=absent)


def auprc(
    answers: ClassAnswers,
    counts: FloatArray,
    *,
    average: Average = "macro",
    of_class: int | None = None,
    absent: Absent | None = None,
) -> FloatArray:
    """scikit-learn's average precision."""
    return _ranked(judge_auprc, answers, counts, average=average, of_class=of_class, absent=absent)


def pauc(
    answers: ClassAnswers,
    counts: FloatArray,
    *,
    max_fpr: float,
    average: Average = "macro",
    of_class: int | None = None,
    absent: Absent | None = None,
) -> FloatArray:
    """scikit-learn's standardised partial ROC AUC."""

    def judge(question: Question) -> float:
        if not _has_both(question):
            return NO_VALUE
        return float(sklearn_metrics.roc_auc_score(question.positive, question.score, max_fpr=max_fpr))

    return _ranked(judge, answers, counts, average=average, of_class=of_class, absent=absent)


def sensitivity_at(
    answers: ClassAnswers,
    counts: FloatArray,
    *,
    specificity: float,
    average: Average = "macro",
    of_class: int | None = None,
    absent: Absent | None = None,
) -> FloatArray:
    """From scikit-learn's ROC curve."""

    def judge(question: Question) -> float:
        if not _has_both(question):
            return NO_VALUE
        alarms, hits, _ = sklearn_metrics.roc_curve(question.positive, question.score, drop_intermediate=False)
        return float(np.max(hits[1 - alarms >= specificity - 1e-9]))

    return _ranked(judge, answers, counts, average=average, of_class=of_class, absent=absent)


def specificity_at(
    answers: ClassAnswers,
    counts: FloatArray,
    *,
    sensitivity: float,
    average: Average = "macro",
    of_class: int | None = None,
    absent: Absent | None = None,
) -> FloatArray:
    """From scikit-learn's ROC curve."""

    def judge(question: Question) -> float:
        if not _has_both(question):
            return NO_VALUE
        alarms, hits, _ = sklearn_metrics.roc_curve(question.positive, question.score, drop_intermediate=False)
        return float(np.max(1 - alarms[hits >= sensitivity - 1e-9]))

    return _ranked(judge, answers, counts, average=average, of_class=of_class, absent=absent)


def acc(answers: ClassAnswers, counts: FloatArray) -> FloatArray:
    """scikit-learn's accuracy."""
    return _in_each(answers, counts, lambda drawn: float(sklearn_metrics.accuracy_score(drawn.labels, drawn.decisions)))


def balanced_acc(answers: ClassAnswers, counts: FloatArray) -> FloatArray:
    """scikit-learn's mean recall over the classes that occur (its balanced accuracy warns of decisions for no class)."""

    def judge(drawn: ClassAnswers) -> float:
        held = np.unique(drawn.labels)
        return float(
            sklearn_metrics.recall_score(drawn.labels, drawn.decisions, labels=held, average="macro", zero_division=np.nan)
        )

    return _in_each(answers, counts, judge)


def mcc(answers: ClassAnswers, counts: FloatArray) -> FloatArray:
    """scikit-learn's Matthews correlation coefficient."""

    def judge(drawn: ClassAnswers) -> float:
        decisions = _completed(drawn)
        if decisions is None or len(np.unique(drawn.labels)) < 2:
            return NO_VALUE
        return float(sklearn_metrics.matthews_corrcoef(drawn.labels, decisions))

    return _in_each(answers, counts, judge)


def kappa(answers: ClassAnswers, counts: FloatArray, *, weights: Weights = "none") -> FloatArray:
    """scikit-learn's Cohen's kappa."""

    def judge(drawn: ClassAnswers) -> float:
        decisions = _completed(drawn)
        if decisions is None or len(np.unique(drawn.labels)) < 2:
            return NO_VALUE
        chosen, labels = None if weights == "none" else weights, range(drawn.classes)
        return float(sklearn_metrics.cohen_kappa_score(drawn.labels, decisions, labels=labels, weights=chosen))

    return _in_each(answers, counts, judge)


def brier(answers: ClassAnswers, counts: FloatArray) -> FloatArray:
    """scikit-learn's Brier score (of more than two classes its mean squared error, which does not ask for sums of 1)."""

    def judge(drawn: ClassAnswers) -> float:
        usable = drawn.take(np.flatnonzero(drawn.has_probabilities))
        lost, cases = len(drawn.labels) - len(usable.labels), len(drawn.labels)
        if not len(usable.labels):
            return 1.0
        truth = np.eye(drawn.classes)[usable.labels]
        asked = [1] if drawn.classes == 2 else list(range(drawn.classes))
        squared = sklearn_metrics.mean_squared_error(truth[:, asked], usable.probabilities[:, asked], multioutput="raw_values")
        found = float(np.sum(squared)) / (1 if drawn.classes == 2 else 2)
        return (found * len(usable.labels) + lost) / cases

    return _in_each(answers, counts, judge)


def log_loss(answers: ClassAnswers, counts: FloatArray, *, clip: float = CLIP) -> FloatArray:
    """scikit-learn's log loss, of the true class against all others."""

    def judge(drawn: ClassAnswers) -> float:
        own = drawn.probabilities[np.arange(len(drawn.labels)), drawn.labels]
        believed = np.clip(np.where(drawn.has_probabilities, own, 0.0), clip, 1 - clip)
        both = np.column_stack([1 - believed, believed])
        return float(sklearn_metrics.log_loss(np.ones(len(own)), both, labels=[0, 1]))

    return _in_each(answers, counts, judge)


def f1(
    answers: ClassAnswers,
    counts: FloatArray,
    *,
    average: Average = "macro",
    of_class: int | None = None,
    threshold: float | None = None,
) -> FloatArray:
    """scikit-learn's F1."""
    return _decided("f1", answers, counts, average=average, of_class=of_class, threshold=threshold)


def sensitivity(
    answers: ClassAnswers,
    counts: FloatArray,
    *,
    average: Average = "macro",
    of_class: int | None = None,
    threshold: float | None = None,
) -> FloatArray:
    """scikit-learn's recall."""
    return _decided("sensitivity", answers, counts, average=average, of_class=of_class, threshold=threshold)


def specificity(
    answers: ClassAnswers,
    counts: FloatArray,
    *,
    average: Average = "macro",
    of_class: int | None = None,
    threshold: float | None = None,
) -> FloatArray:
    """scikit-learn's recall of the negative cases."""
    return _decided("specificity", answers, counts, average=average, of_class=of_class, threshold=threshold)


def ppv(
    answers: ClassAnswers,
    counts: FloatArray,
    *,
    average: Average = "macro",
    of_class: int | None = None,
    threshold: float | None = None,
) -> FloatArray:
    """scikit-learn's precision."""
    return _decided("ppv", answers, counts, average=average, of_class=of_class, threshold=threshold)


def npv(
    answers: ClassAnswers,
    counts: FloatArray,
    *,
    average: Average = "macro",
    of_class: int | None = None,
    threshold: float | None = None,
) -> FloatArray:
    """scikit-learn's precision of the negative cases."""
    return _decided("npv", answers, counts, average=average, of_class=of_class, threshold=threshold)


def judge_auc(question: Question) -> float:
    """scikit-learn's ROC AUC of one question."""
    return float(sklearn_metrics.roc_auc_score(question.positive, question.score)) if _has_both(question) else NO_VALUE


def judge_auprc(question: Question) -> float:
    """scikit-learn's average precision of one question, less what it gives to positives without an answer.

    They come last, where everything is called and the precision is the share of positives.
    """
    if not question.positive.any():
        return NO_VALUE
    unanswered = np.mean(question.positive & (question.score == UNUSABLE_POSITIVE))
    return float(sklearn_metrics.average_precision_score(question.positive, question.score) - unanswered)


def judge_decisions(name: str, question: Question) -> float:
    """One of `f1`, `sensitivity`, `specificity`, `ppv`, `npv` of one question, by scikit-learn."""
    said, true = question.decided, question.positive
    if not len(true):
        return NO_VALUE
    if name in ("specificity", "npv"):
        said, true = ~said, ~true
    if name in ("sensitivity", "specificity"):
        return float(sklearn_metrics.recall_score(true, said, zero_division=np.nan))
    if name == "f1":
        return float(sklearn_metrics.f1_score(true, said, zero_division=np.nan))
    return float(sklearn_metrics.precision_score(true, said, zero_division=0 if true.any() else np.nan))


def averaged(values: Sequence[float], supports: Sequence[float], average: Average, absent: Absent | None) -> float:
    """The mean of per-class values, NaN being no value."""
    array, weights = np.array(values), np.array(supports, dtype=float)
    kept = ~np.isnan(array) if absent == "left_out" else np.ones(len(array), dtype=bool)
    weights = np.ones(len(array)) if average == "macro" else weights
    if not weights[kept].sum() > 0:
        return NO_VALUE
    return float(np.average(array[kept], weights=weights[kept]))


def pooled(questions: Sequence[Question]) -> Question:
    """All questions as one."""
    return Question(
        np.concatenate([question.positive for question in questions]),
        np.concatenate([question.score for question in questions]),
        np.concatenate([question.decided for question in questions]),
    )


def _in_each(answers: ClassAnswers, counts: FloatArray, judge: Callable[[ClassAnswers], float]) -> FloatArray:
    """One value per resample; none where it holds no case."""
    every = np.arange(len(answers.labels))
    drawn = (answers.take(np.repeat(every, row.astype(np.intp))) for row in counts)
    return np.array([judge(each) if len(each.labels) else NO_VALUE for each in drawn], dtype=np.float64)


def _ranked(
    judge: Judge, answers: ClassAnswers, counts: FloatArray, *, average: Average, of_class: int | None, absent: Absent | None
) -> FloatArray:
    def judged(drawn: ClassAnswers) -> float:
        if of_class is not None:
            return judge(the_question(drawn, of_class))
        questions = drawn.questions()
        if average == "micro" or len(questions) == 1:
            return judge(pooled(questions))
        supports = [float(question.positive.sum()) for question in questions]
        return averaged([judge(question) for question in questions], supports, average, absent)

    return _in_each(answers, counts, judged)


def _one_versus_one(drawn: ClassAnswers, average: Average, absent: Absent | None) -> float:
    values, supports = [], []
    for one, other in combinations(drawn.questions(), 2):
        among = one.positive | other.positive
        values.append((judge_auc(one.take(among)) + judge_auc(other.take(among))) / 2)
        supports.append(float(among.sum()))
    return averaged(values, supports, average, absent)


def _decided(
    name: str, answers: ClassAnswers, counts: FloatArray, *, average: Average, of_class: int | None, threshold: float | None
) -> FloatArray:
    def judged(drawn: ClassAnswers) -> float:
        if of_class is not None:
            return judge_decisions(name, the_question(drawn, of_class, threshold=threshold))
        if average == "micro" and threshold is None and drawn.classes > 2:
            drawn = _with_one_wrong_decision(drawn)
        questions = drawn.questions(threshold=threshold)
        if average == "micro" or len(questions) == 1:
            return judge_decisions(name, pooled(questions))
        supports = [float(question.positive.sum()) for question in questions]
        return averaged([judge_decisions(name, question) for question in questions], supports, average, "left_out")

    return _in_each(answers, counts, judged)


def _with_one_wrong_decision(drawn: ClassAnswers) -> ClassAnswers:
    """Pooled, it does not matter which wrong class a missing decision is."""
    wrong = (drawn.labels + 1) % drawn.classes
    return ClassAnswers(drawn.labels, drawn.probabilities, np.where(drawn.decisions < 0, wrong, drawn.decisions))


def _completed(drawn: ClassAnswers) -> FloatArray | None:
    """Decisions with missing ones wrong; None where it is not plain which class that is."""
    missing = drawn.decisions < 0
    if missing.any() and drawn.classes > 2:
        return None
    return np.where(missing, 1 - drawn.labels, drawn.decisions)


def _has_both(question: Question) -> bool:
    return bool(question.positive.any() and not question.positive.all())
