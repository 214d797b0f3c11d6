"""Metrics of one name that were computed with several tolerances: which one counts.

A surface score within 1 pixel and one within 2 are two metrics of a task, told apart by their ids. A variant is named by its
tolerance and unit; a task that lacks the wanted one keeps what it has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sonobench_eval.challenge.model import Metric, Task
from sonobench_eval.challenge.ranking_rules import Group, Leaf
from sonobench_eval.ranking.schemes import RankedMetric


@dataclass(frozen=True, slots=True)
class Variant:
    """A tolerance that can be chosen: `key` is `nsd-2-px`, `lacking` are the tasks that count the metric without having it so."""

    metric: str
    tolerance: float
    unit: str
    lacking: tuple[str, ...]

    @property
    def key(self) -> str:
        return "-".join(part for part in (self.metric, f"{self.tolerance:g}", self.unit) if part)


def variants(counted: Sequence[RankedMetric]) -> tuple[Variant, ...]:
    """The tolerances that there are to choose from, smallest first; empty where no counted metric has several."""
    tasks = {each.task.id: each.task for each in counted if each.metric.tolerance is not None}
    of_tasks = {task.id: _toleranced(task, _counting_name(task, counted)) for task in tasks.values()}
    if not any(len(metrics) > 1 for metrics in of_tasks.values()):
        return ()
    known = {(metric.name, metric.tolerance or 0.0, metric.unit or "") for metrics in of_tasks.values() for metric in metrics}
    return tuple(
        Variant(name, tolerance, unit, tuple(id_ for id_, metrics in of_tasks.items() if not _has(metrics, tolerance, unit)))
        for name, tolerance, unit in sorted(known, key=lambda each: (each[0], each[2], each[1]))
    )


def with_tolerance(counted: Sequence[RankedMetric], variant: Variant) -> tuple[RankedMetric, ...]:
    """The counted metrics, those of the variant's name in its tolerance; each task counts it once."""
    found: dict[tuple[str, str], RankedMetric] = {}
    for each in counted:
        chosen = _in(each, variant)
        found.setdefault(chosen.key, chosen)
    return tuple(found.values())


def leaves_with_tolerance(group: Group, counted: Sequence[RankedMetric], variant: Variant) -> Group:
    """A tree of the organizers' own with the same change in its leaves."""
    other = {each.figure: _in(each, variant).figure for each in counted}
    children: list[Leaf | Group] = []
    for child in group.children:
        if isinstance(child, Group):
            children.append(leaves_with_tolerance(child, counted, variant))
            continue
        of = other.get(child.of, child.of)
        if of == child.of or not any(isinstance(each, Leaf) and each.of == of for each in children):
            children.append(child if of == child.of else child.model_copy(update={"of": of}))
    return group.model_copy(update={"children": tuple(children)})


def _in(each: RankedMetric, variant: Variant) -> RankedMetric:
    if each.metric.name != variant.metric or each.metric.tolerance is None:
        return each
    for metric in _toleranced(each.task, variant.metric):
        if (metric.tolerance, metric.unit or "") == (variant.tolerance, variant.unit):
            return RankedMetric(each.task, metric)
    return each


def _counting_name(task: Task, counted: Sequence[RankedMetric]) -> str:
    return next(each.metric.name for each in counted if each.task.id == task.id and each.metric.tolerance is not None)


def _toleranced(task: Task, name: str) -> list[Metric]:
    return [metric for metric in task.metrics if metric.name == name and metric.tolerance is not None]


def _has(metrics: Sequence[Metric], tolerance: float, unit: str) -> bool:
    return any((metric.tolerance, metric.unit or "") == (tolerance, unit) for metric in metrics)
