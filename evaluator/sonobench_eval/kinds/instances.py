"""Instance segmentation: a mask for each case in which every object has a number of its own."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonobench_eval.contract.port import MaskAnswer
from sonobench_eval.kinds.port import Asked, Measured, Read, measured_table, problem_of
from sonobench_eval.metrics.case_figures import instance_case_figures
from sonobench_eval.metrics.instances import InstanceAnswers, Overlaps, instance_overlaps, nothing_found

LabelImage = NDArray[Any]


class InstanceScorer:
    """Reduces the masks of one algorithm to a small table, case by case, so that no mask is kept."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.overlaps: list[Overlaps] = []
        self.problems: list[str | None] = []
        self.unusable: list[bool] = []

    def add(self, answer: MaskAnswer, reference: LabelImage) -> None:
        """The next case's answer and its reference."""
        problem = problem_of(answer.problem)
        mask = None if problem is not None else answer.array
        self.overlaps.append(nothing_found(reference) if mask is None else instance_overlaps(mask, reference))
        self.unusable.append(mask is None)
        self.problems.append(problem)

    def measured(self) -> Measured:
        """All cases, in the order they were added."""
        table = InstanceAnswers(tuple(self.overlaps), np.array(self.unusable, dtype=np.bool_))
        return measured_table(self.asked, Read(table, self.problems, instance_case_figures(table)))
