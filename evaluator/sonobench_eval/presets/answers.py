"""The answers of algorithms to one task, as the tables that metrics are given; read through the contract, as in scoring."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sonobench_eval.challenge.load import LoadedChallenge
from sonobench_eval.challenge.model import Task
from sonobench_eval.contract.port import Answers, ClassAnswer, ValueAnswer
from sonobench_eval.contract.registry import contract_of
from sonobench_eval.io.results import ResultSource
from sonobench_eval.kinds.port import problem_of
from sonobench_eval.metrics.class_answers import ABSTAIN, NO_DECISION, ClassAnswers
from sonobench_eval.metrics.ordinal_answers import GradeAnswers
from sonobench_eval.references import References


def answers_of(loaded: LoadedChallenge, results: Mapping[str, ResultSource]) -> dict[str, Answers]:
    """The answers of each algorithm, by its name."""
    contract, size = contract_of(loaded.challenge), References(loaded).image_size
    return {name: contract.read_answers(loaded.challenge, source, size) for name, source in results.items()}


def class_answers(loaded: LoadedChallenge, task: Task, answers: Answers) -> ClassAnswers:
    """One algorithm's answers to a binary or multiclass task, in the challenge's order of cases."""
    cases, absent = loaded.challenge.cases_of(task.id), (np.nan,) * len(task.classes or ())
    written = [_usable_class(answers.classification(case)) for case in cases]
    return ClassAnswers(
        labels=np.array([case.label for case in cases], dtype=np.intp),
        probabilities=np.array([absent if each.probabilities is None else each.probabilities for each in written]),
        decisions=np.array([_decision(each) for each in written], dtype=np.intp),
    )


def grade_answers(loaded: LoadedChallenge, task: Task, answers: Answers) -> GradeAnswers:
    """One algorithm's answers to an ordinal task, in the challenge's order of cases."""
    cases, (low, high) = loaded.challenge.cases_of(task.id), task.range or (0.0, 1.0)
    return GradeAnswers(
        reference=np.array([case.value for case in cases], dtype=np.float64),
        predicted=np.array([_number(answers.value(case)) for case in cases], dtype=np.float64),
        low=low,
        high=high,
        edges=task.edges,
    )


def _usable_class(answer: ClassAnswer) -> ClassAnswer:
    return answer if problem_of(answer.problem) is None else ClassAnswer(None, None, answer.problem)


def _decision(answer: ClassAnswer) -> int:
    if answer.prediction is None:
        return ABSTAIN if answer.abstains else NO_DECISION
    return answer.prediction


def _number(answer: ValueAnswer) -> float:
    return np.nan if answer.value is None or problem_of(answer.problem) is not None else answer.value
