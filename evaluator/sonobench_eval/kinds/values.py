"""Ordinal and regression tasks: a grade or a measurement for each case."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from sonobench_eval.challenge.model import Case, Task
from sonobench_eval.contract.port import Answers, ValueAnswer
from sonobench_eval.kinds.port import Asked, Measured, Read, each, measured_table, problem_of
from sonobench_eval.metrics.ordinal_answers import GradeAnswers
from sonobench_eval.metrics.regression_answers import ValueAnswers


def measure_values(asked: Asked, answers: Answers, told: Callable[[], None]) -> Measured:
    """Score one algorithm's answers to an ordinal or a regression task."""
    written = [usable_value(answers.value(case)) for case in each(asked.cases, told)]
    make = grade_table if asked.task.kind == "ordinal" else value_table
    return _measured(asked, make(asked.task, asked.cases, written), written)


def value_table(task: Task, cases: Sequence[Case], written: Sequence[ValueAnswer]) -> ValueAnswers:
    """The table of a task's cases and the usable answers to them, in one order."""
    low, high = task.range or (0.0, 1.0)
    reference = np.array([case.value for case in cases], dtype=np.float64)
    predicted = np.array([np.nan if answer.value is None else answer.value for answer in written], dtype=np.float64)
    return ValueAnswers(reference, predicted, low, high)


def grade_table(task: Task, cases: Sequence[Case], written: Sequence[ValueAnswer]) -> GradeAnswers:
    """The same for an ordinal task, whose edges make grades."""
    values = value_table(task, cases, written)
    return GradeAnswers(values.reference, values.predicted, values.low, values.high, task.edges)


def _measured(asked: Asked, table: GradeAnswers | ValueAnswers, written: Sequence[ValueAnswer]) -> Measured:
    figures = [_figures(case, answer, table.low, table.high) for case, answer in zip(asked.cases, written, strict=True)]
    return measured_table(asked, Read(table, [problem_of(answer.problem) for answer in written], figures))


def usable_value(answer: ValueAnswer) -> ValueAnswer:
    """The answer with nothing in it where it does not count."""
    return answer if problem_of(answer.problem) is None else ValueAnswer(None, answer.problem)


def _figures(case: Case, answer: ValueAnswer, low: float, high: float) -> dict[str, float]:
    reference = case.value or 0.0
    if answer.value is None:
        return {"abs_error": max(reference - low, high - reference)}
    return {"value": answer.value, "error": answer.value - reference, "abs_error": abs(answer.value - reference)}
