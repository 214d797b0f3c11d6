"""Ordinal and regression tasks: a grade or a measurement for each case."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sonobench_eval.challenge.model import Case
from sonobench_eval.contract.port import Answers, ValueAnswer
from sonobench_eval.kinds.port import Asked, Measured, Read, each, measured_table, problem_of
from sonobench_eval.metrics.ordinal_answers import GradeAnswers
from sonobench_eval.metrics.regression_answers import ValueAnswers


def measure_values(asked: Asked, answers: Answers, told: Callable[[], None]) -> Measured:
    """Score one algorithm's answers to an ordinal or a regression task."""
    written = [_usable(answers.value(case)) for case in each(asked.cases, told)]
    low, high = asked.task.range or (0.0, 1.0)
    reference = np.array([case.value for case in asked.cases], dtype=np.float64)
    predicted = np.array([np.nan if answer.value is None else answer.value for answer in written])
    table: GradeAnswers | ValueAnswers = ValueAnswers(reference, predicted, low, high)
    if asked.task.kind == "ordinal":
        table = GradeAnswers(reference, predicted, low, high, asked.task.edges)
    figures = [_figures(case, answer, low, high) for case, answer in zip(asked.cases, written, strict=True)]
    return measured_table(asked, Read(table, [problem_of(answer.problem) for answer in written], figures))


def _usable(answer: ValueAnswer) -> ValueAnswer:
    return answer if problem_of(answer.problem) is None else ValueAnswer(None, answer.problem)


def _figures(case: Case, answer: ValueAnswer, low: float, high: float) -> dict[str, float]:
    reference = case.value or 0.0
    if answer.value is None:
        return {"abs_error": max(reference - low, high - reference)}
    return {"value": answer.value, "error": answer.value - reference, "abs_error": abs(answer.value - reference)}
