"""Segmentation tasks: a mask for each case, every metric of every structure, averaged over the structures.

The reference of a case is read and measured once for all algorithms that are scored together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sonobench_eval.challenge.model import Metric, UndefinedPolicy
from sonobench_eval.challenge.undefined import Reason
from sonobench_eval.contract.port import MaskAnswer
from sonobench_eval.evaluation import CaseScore
from sonobench_eval.io.findings import FindingCode
from sonobench_eval.kinds.port import Asked, Measured, problem_of
from sonobench_eval.metrics.empty import Empty
from sonobench_eval.metrics.mask_pair import Mask, MaskPair
from sonobench_eval.metrics.mask_worst import worst
from sonobench_eval.metrics.spec import MetricSpec, ParameterValue
from sonobench_eval.statistics.aggregation import Measure, TaskCases, weighted_mean

LabelImage = NDArray[Any]
"""Label values, whole numbers, shape (rows, columns) or (planes, rows, columns)."""

_REASONS: dict[str, Reason] = {
    "missing_result": "missing",
    "wrong_size": "wrong_size",
    "wrong_geometry": "wrong_geometry",
}


@dataclass(frozen=True, slots=True)
class Ruler:
    """One metric of a task, ready to measure."""

    metric: Metric
    spec: MetricSpec
    arguments: dict[str, ParameterValue]
    measure: Callable[..., float | Empty]

    @classmethod
    def of(cls, asked: Asked, metric: Metric) -> Ruler:
        spec = asked.task.spec(metric)
        return cls(metric, spec, asked.task.arguments(metric), spec.load(engine=asked.engine))

    def counted(self, why: Reason, reference: Mask, *, spacing: Sequence[float] | None, policy: UndefinedPolicy) -> float:
        """What counts where there is no value: the metric's own word, else the policy's share between worst and best."""
        own = None if self.metric.undefined is None else self.metric.undefined.value(why)
        if own is not None:
            return own
        least = worst(self.spec, reference, spacing=spacing, arguments=self.arguments)
        return least + policy.share(why) * (self.spec.best - least)


class MaskScores(NamedTuple):
    """Scores by the metric's key; `problem` says what was wrong, or which mask was empty, None where all is well."""

    scores: dict[str, float]
    problem: str | None


class Reference(NamedTuple):
    """The structures of one case's reference, each measured once, and the distance between its pixels in mm."""

    structures: list[Mask]
    spacing: tuple[float, ...] | None


class MaskScorer:
    """Scores the masks of one task, case by case."""

    def __init__(self, asked: Asked, policy: UndefinedPolicy) -> None:
        self.task, self.policy = asked.task, asked.task.undefined or policy
        self.rulers = [Ruler.of(asked, metric) for metric in asked.task.metrics]
        self.values = list((asked.task.labels or {}).values())

    def reference(self, labels: LabelImage, spacing: tuple[float, ...] | None) -> Reference:
        """A case's reference, ready for any number of answers; `spacing` in mm along each axis, None where it is unknown."""
        return Reference([self._structure(labels, value) for value in self.values], spacing)

    def score(self, answer: MaskAnswer, reference: Reference) -> MaskScores:
        """One answer against its reference. Never raises for what a stranger wrote."""
        if answer.array is None or problem_of(answer.problem) is not None:
            code = answer.problem or FindingCode.UNREADABLE_IMAGE
            return MaskScores(self._unusable(_REASONS.get(code.value, "unreadable"), reference), code.value)
        structures = [self._structure(answer.array, value) for value in self.values]
        pairs = [
            MaskPair(ours, theirs, spacing=reference.spacing)
            for ours, theirs in zip(structures, reference.structures, strict=True)
        ]
        scores = {ruler.metric.key: self._mean(ruler, pairs) for ruler in self.rulers}
        return MaskScores(scores, _emptiness([pair.empty for pair in pairs]))

    def _structure(self, labels: LabelImage, value: int | str) -> Mask:
        return Mask(labels) if value == "nonzero" else Mask.of_label(labels, int(value))

    def _unusable(self, why: Reason, reference: Reference) -> dict[str, float]:
        counted = partial(Ruler.counted, spacing=reference.spacing, policy=self.policy)
        return {
            ruler.metric.key: float(np.mean([counted(ruler, why, mask) for mask in reference.structures]))
            for ruler in self.rulers
        }

    def _mean(self, ruler: Ruler, pairs: Sequence[MaskPair]) -> float:
        return sum(self._value(ruler, pair) for pair in pairs) / len(pairs)

    def _value(self, ruler: Ruler, pair: MaskPair) -> float:
        value = ruler.measure(pair, **ruler.arguments)
        if isinstance(value, Empty):
            return ruler.counted(value.value, pair.reference, spacing=pair.spacing, policy=self.policy)
        return value


def measured_masks(asked: Asked, found: Sequence[MaskScores]) -> Measured:
    """The scores of one algorithm's masks, one for each case, ready to be resampled."""
    measures: dict[str, Measure] = {
        metric.key: weighted_mean(np.array([each.scores[metric.key] for each in found])) for metric in asked.task.metrics
    }
    cases = [
        CaseScore(id=case.id, task=case.task, center=case.center, scores=each.scores, problem=each.problem)
        for case, each in zip(asked.cases, found, strict=True)
    ]
    return Measured(cases, TaskCases(asked.task, asked.cases, measures))


def _emptiness(found: Sequence[Empty | None]) -> str | None:
    """A structure missing on one side is a problem; absent on both it is one only where nothing else is there either."""
    for empty in (Empty.PREDICTION, Empty.REFERENCE):
        if empty in found:
            return empty.value
    return Empty.BOTH.value if all(empty is Empty.BOTH for empty in found) else None
