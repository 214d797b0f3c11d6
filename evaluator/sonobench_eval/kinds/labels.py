"""Multilabel tasks: for each class of a case whether it is there, with a probability."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sonobench_eval.challenge.model import Case
from sonobench_eval.contract.port import Answers, LabelsAnswer
from sonobench_eval.kinds.port import Asked, Measured, Read, each, measured_table, problem_of
from sonobench_eval.metrics.class_answers import NO_DECISION
from sonobench_eval.metrics.multilabel_answers import UNCERTAIN, LabelAnswers


def measure_labels(asked: Asked, answers: Answers, told: Callable[[], None]) -> Measured:
    """Score one algorithm's answers to a multilabel task. A class that the reference is unsure about is uncertain."""
    written = [_usable(answers.labels(case)) for case in each(asked.cases, told)]
    count = len(asked.task.classes or ())
    table = LabelAnswers(
        reference=np.array([_reference(case) for case in asked.cases]).reshape(-1, count),
        probabilities=np.array([answer.probabilities or (np.nan,) * count for answer in written]).reshape(-1, count),
        decisions=np.array([answer.decisions or (NO_DECISION,) * count for answer in written], dtype=np.intp).reshape(-1, count),
    )
    figures = [_figures(case, answer) for case, answer in zip(asked.cases, written, strict=True)]
    return measured_table(asked, Read(table, [problem_of(answer.problem) for answer in written], figures))


def _usable(answer: LabelsAnswer) -> LabelsAnswer:
    return answer if problem_of(answer.problem) is None else LabelsAnswer(None, None, answer.problem)


def _reference(case: Case) -> list[float]:
    return [UNCERTAIN if label is None else float(label) for label in case.labels or ()]


def _figures(case: Case, answer: LabelsAnswer) -> dict[str, float]:
    if answer.decisions is None:
        return {"label_acc": 0.0}
    known = [(said, label) for said, label in zip(answer.decisions, case.labels or (), strict=True) if label is not None]
    right = {"label_acc": sum(said == bool(label) for said, label in known) / len(known)} if known else {}
    return {**right, **{f"p_{number}": value for number, value in enumerate(answer.probabilities or ())}}
