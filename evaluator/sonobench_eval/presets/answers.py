"""The answers of algorithms to one task, as the tables that metrics are given; read through the contract, as in scoring."""

from __future__ import annotations

from collections.abc import Mapping

from sonobench_eval.challenge.load import LoadedChallenge
from sonobench_eval.challenge.model import Task
from sonobench_eval.contract.port import Answers
from sonobench_eval.contract.registry import contract_of
from sonobench_eval.io.results import ResultSource
from sonobench_eval.kinds.classes import class_table, usable_class
from sonobench_eval.kinds.values import grade_table, usable_value
from sonobench_eval.metrics.class_answers import ClassAnswers
from sonobench_eval.metrics.ordinal_answers import GradeAnswers
from sonobench_eval.references import References


def answers_of(loaded: LoadedChallenge, results: Mapping[str, ResultSource]) -> dict[str, Answers]:
    """The answers of each algorithm, by its name."""
    contract, size = contract_of(loaded.challenge), References(loaded).image_size
    return {name: contract.read_answers(loaded.challenge, source, size) for name, source in results.items()}


def class_answers(loaded: LoadedChallenge, task: Task, answers: Answers) -> ClassAnswers:
    """One algorithm's answers to a binary or multiclass task, in the challenge's order of cases."""
    cases = loaded.challenge.cases_of(task.id)
    return class_table(task, cases, [usable_class(answers.classification(case)) for case in cases])


def grade_answers(loaded: LoadedChallenge, task: Task, answers: Answers) -> GradeAnswers:
    """One algorithm's answers to an ordinal task, in the challenge's order of cases."""
    cases = loaded.challenge.cases_of(task.id)
    return grade_table(task, cases, [usable_value(answers.value(case)) for case in cases])
