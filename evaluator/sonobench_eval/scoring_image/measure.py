"""From an image's values to measures: per case they are averaged and resampled as any metric is, per task there is one value."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sonobench_eval.challenge.model import Challenge, Metric, Task, UndefinedPolicy
from sonobench_eval.challenge.undefined import Reason
from sonobench_eval.evaluation import CaseScore
from sonobench_eval.kinds.port import Measured
from sonobench_eval.metrics.empty import Empty
from sonobench_eval.scoring_image.scores import ImageScores
from sonobench_eval.statistics.aggregation import Measure, Positions, TaskCases, weighted_mean

FloatArray = NDArray[np.float64]

_REASONS: dict[str, Reason] = {
    "missing_result": "missing",
    "wrong_size": "wrong_size",
    "wrong_geometry": "wrong_geometry",
    Empty.BOTH.value: "both_empty",
    Empty.PREDICTION.value: "prediction_empty",
    Empty.REFERENCE.value: "reference_empty",
}
_EMPTY = frozenset(Empty)


def without_value(cases: Sequence[CaseScore]) -> frozenset[str]:
    """The cases for which a scoring image need not give a value: the answer cannot be used, or a mask is empty."""
    return frozenset(case.id for case in cases if case.problem is not None)


def with_image_scores(measured: Measured, task: Task, scores: ImageScores | None, challenge: Challenge) -> Measured:
    """The task's cases with the scoring image's metrics beside the others; without `scores` they have no value."""
    policy = task.undefined or challenge.undefined
    cases, measures = list(measured.cases), dict(measured.task.measures)
    for metric in task.metrics:
        if metric.from_image is None:
            continue
        if scores is None:
            measures[metric.key] = _nothing
        elif metric.from_image.per == "task":
            measures[metric.key] = _of_the_whole(scores.tasks[task.id, metric.key], len(cases))
        else:
            values = [_counted(case, metric, scores, policy) for case in cases]
            measures[metric.key] = weighted_mean(np.array(values, dtype=np.float64))
            cases = [_with(case, metric.key, value) for case, value in zip(cases, values, strict=True)]
    return Measured(cases, TaskCases(task, measured.task.cases, measures, measured.task.closed))


def _counted(case: CaseScore, metric: Metric, scores: ImageScores, policy: UndefinedPolicy) -> float:
    """The image's value; the policy's word where there is none, or where there was no answer to give one to."""
    value = scores.cases[case.id, metric.key]
    if value is not None and (case.problem is None or case.problem in _EMPTY):
        return value
    reason = _REASONS.get(case.problem or "", "unreadable")
    own = None if metric.undefined is None else metric.undefined.value(reason)
    if own is not None or metric.from_image is None:
        return own or 0.0
    low, high = metric.from_image.range
    worst, best = (low, high) if metric.from_image.better == "higher" else (high, low)
    return worst + policy.share(reason) * (best - worst)


def _with(case: CaseScore, key: str, value: float) -> CaseScore:
    return case.model_copy(update={"scores": {**case.scores, key: value}})


def _nothing(_positions: Positions, counts: FloatArray) -> FloatArray:
    return np.full(len(counts), np.nan)


def _of_the_whole(value: float | None, cases: int) -> Measure:
    """One value for all cases as they are: parts of them, and resamples, have none."""

    def measure(positions: Positions, counts: FloatArray) -> FloatArray:
        # Resamples come many at a time; the sample itself comes alone.
        whole = len(positions) == cases and len(counts) == 1 and bool((counts == 1).all())
        return np.full(len(counts), value if whole and value is not None else np.nan)

    return measure
