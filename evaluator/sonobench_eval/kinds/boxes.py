"""Detection tasks: boxes for each case, each with a class and a confidence."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from sonobench_eval.challenge.model import Case
from sonobench_eval.contract.port import Answers, BoxesAnswer
from sonobench_eval.kinds.port import Asked, Measured, Read, each, measured_table, problem_of
from sonobench_eval.kinds.spacing import spacing_of
from sonobench_eval.metrics.case_figures import box_case_figures
from sonobench_eval.metrics.class_answers import FloatArray
from sonobench_eval.metrics.detection_answers import Found, ToFind, detection_answers


def measure_boxes(asked: Asked, answers: Answers, told: Callable[[], None]) -> Measured:
    """Score one algorithm's boxes."""
    written = [answers.boxes(case) for case in each(asked.cases, told)]
    classes = asked.task.classes or ()
    table = detection_answers(
        [_to_find(case, classes) for case in asked.cases],
        [_found(answer) for answer in written],
        classes=len(classes),
        spacing_mm=spacings_mm(asked.cases),
    )
    return measured_table(asked, Read(table, [problem_of(answer.problem) for answer in written], box_case_figures(table)))


def spacings_mm(cases: Sequence[Case]) -> FloatArray | None:
    """Distance of pixels along x and y, shape (n, 2); None where a case does not say it."""
    found = [spacing_of(case, 2) for case in cases]
    known = [spacing[::-1] for spacing in found if spacing is not None]
    return np.array(known, dtype=np.float64) if len(known) == len(found) else None


def _to_find(case: Case, classes: Sequence[str]) -> list[ToFind]:
    return [ToFind(classes.index(box.kind), box.box, box.ignored) for box in case.boxes or ()]


def _found(answer: BoxesAnswer) -> list[Found] | None:
    if answer.boxes is None or problem_of(answer.problem) is not None:
        return None
    return [Found(box.class_index, (box.left, box.top, box.right, box.bottom), box.confidence) for box in answer.boxes]
