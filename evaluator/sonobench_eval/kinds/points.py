"""Keypoint tasks: named points for each case."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sonobench_eval.challenge.model import Case
from sonobench_eval.contract.port import Answers, PointsAnswer
from sonobench_eval.kinds.boxes import spacings_mm
from sonobench_eval.kinds.port import Asked, Measured, Read, each, measured_table, problem_of
from sonobench_eval.metrics.case_figures import point_case_figures
from sonobench_eval.metrics.keypoints import KeypointAnswers

_NOWHERE = (np.nan, np.nan)


def measure_points(asked: Asked, answers: Answers, told: Callable[[], None]) -> Measured:
    """Score one algorithm's points. A point that is missing errs by the image's diagonal."""
    written = [answers.points(case) for case in each(asked.cases, told)]
    names = asked.task.points or ()
    reference = [[(case.points or {}).get(name) or _NOWHERE for name in names] for case in asked.cases]
    predicted = [_predicted(answer, len(names)) for answer in written]
    table = KeypointAnswers(
        reference=np.array(reference, dtype=np.float64).reshape(-1, len(names), 2),
        predicted=np.array(predicted, dtype=np.float64).reshape(-1, len(names), 2),
        size_px=np.array([_size(asked, case) for case in asked.cases], dtype=np.float64).reshape(-1, 2),
        spacing_mm=spacings_mm(asked.cases),
    )
    return measured_table(asked, Read(table, [problem_of(answer.problem) for answer in written], point_case_figures(table)))


def _predicted(answer: PointsAnswer, count: int) -> list[tuple[float, float]]:
    if answer.points is None or problem_of(answer.problem) is not None:
        return [_NOWHERE] * count
    return [point or _NOWHERE for point in answer.points]


def _size(asked: Asked, case: Case) -> tuple[int, int]:
    """Along x and y."""
    height, width = asked.image_size(case)
    return width, height
