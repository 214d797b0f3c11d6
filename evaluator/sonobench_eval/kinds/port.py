"""What every kind of task gives: the cases one by one, and its metrics as functions of bootstrap counts.

A kind reads the answers of its cases through the contract, never sees a file, and knows nothing of intervals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from sonobench_eval.challenge.model import Case, Metric, Task
from sonobench_eval.evaluation import CaseScore
from sonobench_eval.io.findings import NOTES, FindingCode
from sonobench_eval.metrics.named import EngineName
from sonobench_eval.statistics.aggregation import ClosedForm, Measure, Positions, TaskCases


class Measured(NamedTuple):
    """One task's cases, scored one by one and ready to be resampled."""

    cases: list[CaseScore]
    task: TaskCases


def _unknown_size(case: Case) -> tuple[int, int]:
    raise LookupError(f"the size of the image of {case.id} was not asked for")


class Asked(NamedTuple):
    """One task with its cases, as every kind is asked about it."""

    task: Task
    cases: Sequence[Case]
    engine: EngineName
    image_size: Callable[[Case], tuple[int, int]] = _unknown_size
    """`(height, width)` in pixels of a case's image, for kinds whose worst error depends on it."""


class Table(Protocol):
    """The answers to n cases, which know how to be some of them."""

    def take(self, which: Positions) -> Table: ...


class Read(NamedTuple):
    """The answers of one algorithm to one task: the table its metrics are given, and for each case what was wrong."""

    table: Table
    problems: list[str | None]
    figures: list[dict[str, float]]


def measured_table(asked: Asked, read: Read, *, closed: Mapping[str, ClosedForm] | None = None) -> Measured:
    """The measures of every kind but masks: a metric's function on the table, for any cases and counts."""
    measures = {metric.key: _of_table(asked.task, metric, read.table, asked.engine) for metric in asked.task.metrics}
    cases = [
        CaseScore(id=case.id, task=case.task, center=case.center, scores=figures, problem=problem)
        for case, figures, problem in zip(asked.cases, read.figures, read.problems, strict=True)
    ]
    return Measured(cases, TaskCases(asked.task, asked.cases, measures, closed or {}))


def problem_of(code: FindingCode | None) -> str | None:
    """What made an answer unusable; None where it is usable, with or without a remark."""
    return None if code is None or code in NOTES else code.value


def each(cases: Sequence[Case], told: Callable[[], None]) -> Iterator[Case]:
    """The cases, one after the other; `told` is called when one is done."""
    for case in cases:
        yield case
        told()


def _of_table(task: Task, metric: Metric, table: Table, engine: EngineName) -> Measure:
    function = task.spec(metric).load(engine=engine)
    arguments = task.arguments(metric)
    return lambda positions, counts: function(table.take(positions), counts, **arguments)
