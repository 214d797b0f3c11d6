"""The metrics of classes: AUC, accuracy, F1, AUPRC and their kin, of many weighted samples at once.

Every function takes the answers to n cases and a matrix of counts, shape (resamples, n): how often each
resample holds each case. It returns one value per resample, shape (resamples,), NaN where the metric has no value.
The plain value is that of counts which are all 1 (`once`).

The rooms behind this door: `class_answers` (what is judged), `class_ranks` (AUC and curves), `class_decisions`
(accuracy, F1, kappa), `calibration`, `class_abstention`, `confusion` and `class_table`.
"""

from __future__ import annotations

from sonobench_eval.metrics.class_answers import (
    ABSTAIN,
    NO_DECISION,
    UNUSABLE_NEGATIVE,
    UNUSABLE_POSITIVE,
    BoolArray,
    ClassAnswers,
    FloatArray,
    IntArray,
    Question,
    once,
)
from sonobench_eval.metrics.class_decisions import acc, f1
from sonobench_eval.metrics.class_ranks import auc, auprc

__all__ = [
    "ABSTAIN",
    "NO_DECISION",
    "UNUSABLE_NEGATIVE",
    "UNUSABLE_POSITIVE",
    "BoolArray",
    "ClassAnswers",
    "FloatArray",
    "IntArray",
    "Question",
    "acc",
    "auc",
    "auprc",
    "f1",
    "once",
]
