"""Tables of answers from stored evaluations and the reference labels, for the charts that are drawn from answers."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sonobench_eval.evaluation import CaseScore, Evaluation
from sonobench_eval.metrics.class_answers import ABSTAIN, NO_DECISION, ClassAnswers, FloatArray


def class_answers(evaluation: Evaluation, task_id: str, labels: Mapping[str, int], *, classes: int) -> ClassAnswers:
    """The answers to a classification task, as far as an evaluation tells them.

    Args:
        evaluation: of one team.
        task_id: a binary or multiclass task.
        labels: case id -> reference class in [0, classes), for every case of the task; answers stand in this order.
        classes: how many the task declares.

    Returns:
        Probabilities and decisions as the team wrote them.

    Raises:
        KeyError: the evaluation lacks a case.
    """
    by_id = {case.id: case for case in evaluation.cases if case.task == task_id}
    rows = [_probabilities(by_id[case], classes) for case in labels]
    decisions = [_decision(by_id[case]) for case in labels]
    return ClassAnswers(
        labels=np.array(list(labels.values()), dtype=np.intp),
        probabilities=np.array(rows, dtype=np.float64).reshape(len(labels), classes),
        decisions=np.array(decisions, dtype=np.intp),
    )


def _probabilities(case: CaseScore, classes: int) -> FloatArray:
    row = np.array([case.scores.get(f"p_{number}", np.nan) for number in range(classes)], dtype=np.float64)
    return np.full(classes, np.nan) if np.isnan(row).any() else row


def _decision(case: CaseScore) -> int:
    if case.scores.get("abstained"):
        return ABSTAIN
    return int(case.scores.get("decided", NO_DECISION))
