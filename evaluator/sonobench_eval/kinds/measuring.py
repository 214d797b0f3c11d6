"""Every kind of task by its name: which answers it asks for, and how they are measured."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from numpy.typing import NDArray

from sonobench_eval.challenge.kinds import TaskKind
from sonobench_eval.challenge.model import Case, Task, UndefinedPolicy
from sonobench_eval.contract.port import Answers
from sonobench_eval.kinds.boxes import measure_boxes
from sonobench_eval.kinds.classes import measure_classes
from sonobench_eval.kinds.instances import InstanceScorer
from sonobench_eval.kinds.labels import measure_labels
from sonobench_eval.kinds.masks import MaskScorer, MaskScores, measured_masks
from sonobench_eval.kinds.points import measure_points
from sonobench_eval.kinds.port import Asked, Measured
from sonobench_eval.kinds.spacing import spacing_of
from sonobench_eval.kinds.values import measure_values

Told = Callable[[], None]
_OF_ENTRIES: dict[TaskKind, Callable[[Asked, Answers, Told], Measured]] = {
    "binary": measure_classes,
    "multiclass": measure_classes,
    "multilabel": measure_labels,
    "ordinal": measure_values,
    "regression": measure_values,
    "detection": measure_boxes,
    "keypoints": measure_points,
}
_ASKED: dict[TaskKind, Callable[[Answers, Case], object]] = {
    "segmentation": lambda answers, case: answers.mask(case),
    "instances": lambda answers, case: answers.mask(case),
    "binary": lambda answers, case: answers.classification(case),
    "multiclass": lambda answers, case: answers.classification(case),
    "multilabel": lambda answers, case: answers.labels(case),
    "ordinal": lambda answers, case: answers.value(case),
    "regression": lambda answers, case: answers.value(case),
    "detection": lambda answers, case: answers.boxes(case),
    "keypoints": lambda answers, case: answers.points(case),
}


class Truth(Protocol):
    """The organiser's files."""

    def flat_size(self, case: Case) -> tuple[int, int]: ...

    def spacing_mm(self, case: Case) -> tuple[float, ...] | None: ...

    def masks(self, cases: Sequence[Case]) -> Iterator[NDArray[Any]]: ...


def measure_task(
    asked: Asked, answers: Sequence[Answers], truth: Truth, *, policy: UndefinedPolicy, told: Told
) -> list[Measured]:
    """Score the answers of several algorithms to one task, in their order.

    Args:
        asked: The task, its cases, and whose metrics.
        answers: Of each algorithm.
        truth: Reference masks, each read once for all algorithms.
        policy: What counts where a metric of masks has no value.
        told: Called after each case of each algorithm.
    """
    if asked.task.kind == "segmentation":
        return _measure_masks(asked, answers, truth, policy=policy, told=told)
    if asked.task.kind == "instances":
        return _measure_instances(asked, answers, truth, told=told)
    if asked.task.kind in ("detection", "keypoints"):
        asked = asked._replace(image_size=truth.flat_size)
    return [_OF_ENTRIES[asked.task.kind](asked, each, told) for each in answers]


def ask(answers: Answers, task: Task, case: Case) -> None:
    """Read one answer for what is found on the way."""
    _ = _ASKED[task.kind](answers, case)


def _measure_masks(
    asked: Asked, answers: Sequence[Answers], truth: Truth, *, policy: UndefinedPolicy, told: Told
) -> list[Measured]:
    scorer = MaskScorer(asked, policy)
    found: list[list[MaskScores]] = [[] for _ in answers]
    streams = [each.masks(asked.cases) for each in answers]
    for case, labels in zip(asked.cases, truth.masks(asked.cases), strict=True):
        reference = scorer.reference(labels, spacing_of(case, labels.ndim) or truth.spacing_mm(case))
        for scores, masks in zip(found, streams, strict=True):
            scores.append(scorer.score(next(masks), reference))
            told()
    return [measured_masks(asked, scores) for scores in found]


def _measure_instances(asked: Asked, answers: Sequence[Answers], truth: Truth, *, told: Told) -> list[Measured]:
    scorers = [InstanceScorer(asked) for _ in answers]
    streams = [each.masks(asked.cases) for each in answers]
    for reference in truth.masks(asked.cases):
        for scorer, masks in zip(scorers, streams, strict=True):
            scorer.add(next(masks), reference)
            told()
    return [scorer.measured() for scorer in scorers]
