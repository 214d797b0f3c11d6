"""The reference engine: other people's software, slow and without short cuts, to check the fast one against.

Dice is MedPy's; AUC, accuracy, F1 and AUPRC are scikit-learn's, called once per resample. Neither has an NSD, so
it is written out on the whole image with SciPy, taking borders by erosion as MedPy does.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from medpy.metric import binary
from scipy import ndimage
from sklearn import metrics as sklearn_metrics

from sonobench_eval.metrics.classification import BoolArray, ClassAnswers, FloatArray, Question
from sonobench_eval.metrics.empty import BoolMask, Empty, emptiness
from sonobench_eval.metrics.surface import ROUNDING, UUSIC25_EPSILON, Convention, Spacing

_CROSS = ndimage.generate_binary_structure(2, 1)
_Judge = Callable[[Question, BoolArray, FloatArray], float]


def dsc(prediction: BoolMask, reference: BoolMask) -> float | Empty:
    """MedPy's Dice coefficient; arguments as for `overlap.dsc`."""
    return emptiness(prediction, reference) or float(binary.dc(prediction, reference))


def nsd(
    prediction: BoolMask, reference: BoolMask, *, convention: Convention, tolerance: float, spacing: Spacing
) -> float | Empty:
    """NSD on the whole image, borders by erosion; arguments as for `surface.outline_distances` and `surface.nsd`."""
    if empty := emptiness(prediction, reference):
        return empty
    ours, theirs = _border(prediction, convention), _border(reference, convention)
    matched = _within(ours, theirs, tolerance, spacing) + _within(theirs, ours, tolerance, spacing)
    total = np.count_nonzero(ours) + np.count_nonzero(theirs)
    return matched / (total + (UUSIC25_EPSILON if convention == "uusic25" else 0.0))


def acc(answers: ClassAnswers, counts: FloatArray) -> FloatArray:
    """scikit-learn's accuracy for each resample."""
    return np.array([_acc(answers, weights) for weights in counts])


def f1(answers: ClassAnswers, counts: FloatArray) -> FloatArray:
    """scikit-learn's F1 for each resample; classes neither held nor called are left out of the mean."""
    per_class = _for_each(_judge_f1, answers, counts)
    return np.array([np.mean(row[~np.isnan(row)]) if not np.isnan(row).all() else np.nan for row in per_class])


def auc(answers: ClassAnswers, counts: FloatArray) -> FloatArray:
    """scikit-learn's ROC AUC for each resample, one-vs-rest macro."""
    return np.asarray(_for_each(_judge_auc, answers, counts).mean(axis=1))


def auprc(answers: ClassAnswers, counts: FloatArray) -> FloatArray:
    """scikit-learn's average precision for each resample, one-vs-rest macro."""
    return np.asarray(_for_each(_judge_auprc, answers, counts).mean(axis=1))


def _border(mask: BoolMask, convention: Convention) -> BoolMask:
    eroded = ndimage.binary_erosion(mask, structure=_CROSS, border_value=1 if convention == "uusic25" else 0)
    return np.asarray(mask ^ eroded)


def _within(of: BoolMask, to: BoolMask, tolerance: float, spacing: Spacing) -> int:
    if not to.any():
        return 0
    away = ndimage.distance_transform_edt(~to, sampling=spacing)
    return int(np.count_nonzero(away[of] <= tolerance * (1 + ROUNDING)))


def _for_each(judge: _Judge, answers: ClassAnswers, counts: FloatArray) -> FloatArray:
    """One number per resample and question, shape (resamples, questions), over the cases a resample holds."""
    questions = answers.questions()
    return np.array([[judge(question, weights > 0, weights[weights > 0]) for question in questions] for weights in counts])


def _acc(answers: ClassAnswers, weights: FloatArray) -> float:
    held = weights > 0
    if not held.any():
        return float("nan")
    return float(sklearn_metrics.accuracy_score(answers.labels[held], answers.decisions[held], sample_weight=weights[held]))


def _judge_f1(question: Question, held: BoolArray, weights: FloatArray) -> float:
    if not held.any():
        return float("nan")
    said, true = question.decided[held], question.positive[held]
    return float(sklearn_metrics.f1_score(true, said, sample_weight=weights, zero_division=np.nan))


def _judge_auc(question: Question, held: BoolArray, weights: FloatArray) -> float:
    true = question.positive[held]
    if true.all() or not true.any():
        return float("nan")
    return float(sklearn_metrics.roc_auc_score(true, question.score[held], sample_weight=weights))


def _judge_auprc(question: Question, held: BoolArray, weights: FloatArray) -> float:
    true = question.positive[held]
    if not true.any():
        return float("nan")
    return float(sklearn_metrics.average_precision_score(true, question.score[held], sample_weight=weights))
