"""Binary and multiclass tasks: a class for each case, with probabilities."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from sonobench_eval.challenge.model import Case, Task
from sonobench_eval.contract.port import Answers, ClassAnswer
from sonobench_eval.kinds.port import Asked, Measured, Read, each, measured_table, problem_of
from sonobench_eval.metrics.class_answers import ABSTAIN, NO_DECISION, BoolArray, ClassAnswers
from sonobench_eval.statistics.aggregation import ClosedForm, Positions
from sonobench_eval.statistics.delong import auc_interval
from sonobench_eval.statistics.interval import ConfidenceInterval
from sonobench_eval.statistics.proportions import ProportionKind, proportion_interval


def measure_classes(asked: Asked, answers: Answers, told: Callable[[], None]) -> Measured:
    """Score one algorithm's answers to a binary or multiclass task."""
    written = [usable_class(answers.classification(case)) for case in each(asked.cases, told)]
    table = class_table(asked.task, asked.cases, written)
    figures = [_figures(answer, right=bool(right)) for answer, right in zip(written, table.right, strict=True)]
    read = Read(table, [problem_of(answer.problem) for answer in written], figures)
    return measured_table(asked, read, closed=_closed_forms(asked, table))


def usable_class(answer: ClassAnswer) -> ClassAnswer:
    """The answer with nothing in it where it does not count."""
    return answer if problem_of(answer.problem) is None else ClassAnswer(None, None, answer.problem)


def class_table(task: Task, cases: Sequence[Case], written: Sequence[ClassAnswer]) -> ClassAnswers:
    """The table of a task's cases and the usable answers to them, in one order."""
    absent = (np.nan,) * len(task.classes or ())
    return ClassAnswers(
        labels=np.array([case.label for case in cases], dtype=np.intp),
        probabilities=np.array([absent if answer.probabilities is None else answer.probabilities for answer in written]),
        decisions=np.array([_decision(answer) for answer in written], dtype=np.intp),
    )


def _decision(answer: ClassAnswer) -> int:
    if answer.prediction is None:
        return ABSTAIN if answer.abstains else NO_DECISION
    return answer.prediction


def _figures(answer: ClassAnswer, *, right: bool) -> dict[str, float]:
    probabilities = {f"p_{number}": each for number, each in enumerate(answer.probabilities or ())}
    abstained = {"abstained": 1.0} if answer.abstains else {}
    decided = {} if answer.prediction is None else {"decided": float(answer.prediction)}
    return {"acc": 1.0 if right else 0.0, **decided, **abstained, **probabilities}


def _closed_forms(asked: Asked, table: ClassAnswers) -> dict[str, ClosedForm]:
    """Intervals that need no resamples, for the metrics whose `interval` asks for one."""
    units = [case.unit for case in asked.cases]
    found: dict[str, ClosedForm] = {}
    for metric in asked.task.metrics:
        if metric.interval == "delong":
            found[metric.key] = _delong(table, units)
        elif metric.interval in ("wilson", "exact"):
            found[metric.key] = _share(metric.name, table, units, kind=metric.interval)
    return found


def _delong(table: ClassAnswers, units: Sequence[str]) -> ClosedForm:
    question = table.question(1)

    def interval(positions: Positions, confidence: float) -> ConfidenceInterval:
        here = question.take(positions)
        return auc_interval(here.positive, here.score, [units[each] for each in positions], confidence=confidence)

    return interval


def _share(name: str, table: ClassAnswers, units: Sequence[str], *, kind: ProportionKind) -> ClosedForm:
    hit, among = _hits(name, table)

    def interval(positions: Positions, confidence: float) -> ConfidenceInterval:
        here = positions[among[positions]]
        return proportion_interval(hit[here], [units[each] for each in here], confidence=confidence, kind=kind)

    return interval


def _hits(name: str, table: ClassAnswers) -> tuple[BoolArray, BoolArray]:
    """Which cases are hits, among which cases: the two parts of a metric that is a share of cases."""
    everything = np.ones(len(table.labels), dtype=bool)
    if name == "acc":
        return table.right, everything
    question = table.question(1)
    if name == "sensitivity":
        return question.decided, question.positive
    if name == "specificity":
        return ~question.decided, ~question.positive
    if name == "ppv":
        return question.positive, question.decided
    return ~question.positive, ~question.decided
