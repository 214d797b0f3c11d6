"""From the rules of a challenge to a scheme over the figures it has: which metrics count, in which part, on which scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sonobench_eval.challenge.model import Challenge, Metric, Task
from sonobench_eval.challenge.ranking_rules import CLASSIFICATION, SEGMENTATION, Group, Leaf, Ranking, SchemeName, metric_span
from sonobench_eval.ranking.records import Scheme, Weights
from sonobench_eval.ranking.sonobench_70_30 import (
    between,
    part_of_values,
    relative_time_scale,
    sonobench_70_30,
    time_scale,
)
from sonobench_eval.ranking.uusic25 import part_of_ranks, uusic25

PARTS = ("segmentation", "classification", "other")


class SchemeError(ValueError):
    """The scheme cannot be used here; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class RankedMetric:
    """A metric of a task that the ranking counts."""

    task: Task
    metric: Metric

    @property
    def key(self) -> tuple[str, str]:
        return self.task.id, self.metric.key

    @property
    def figure(self) -> str:
        return f"{self.task.id}.{self.metric.key}"

    @property
    def part(self) -> str:
        return part_of(self.task)

    @property
    def less_is_better(self) -> bool:
        return not self.task.spec(self.metric).higher_is_better

    @property
    def leaf(self) -> Leaf:
        """The figure by rank, better as the metric says."""
        return Leaf(of=self.figure, better="lower" if self.less_is_better else "higher")


def part_of(task: Task) -> str:
    """Which part of the performance a task belongs to."""
    if task.kind in SEGMENTATION:
        return "segmentation"
    return "classification" if task.kind in CLASSIFICATION else "other"


def ranked_metrics(challenge: Challenge) -> tuple[RankedMetric, ...]:
    """Every metric that the declared ranking counts, in the challenge's order; those of a tree are the ones it names."""
    rules = challenge.ranking
    if rules.tree is not None:
        named = {leaf.of.partition("@")[0] for leaf in rules.tree.leaves()}
        every = (RankedMetric(task, metric) for task in challenge.tasks for metric in task.metrics)
        return tuple(each for each in every if each.figure in named)
    return tuple(
        RankedMetric(task, metric)
        for task in challenge.tasks
        for metric in task.metrics
        if {metric.name, metric.key} & set(rules.metrics_of(task.kind))
    )


def scheme_of(challenge: Challenge, counted: Sequence[RankedMetric], *, name: SchemeName | None = None) -> Scheme | None:
    """The declared scheme (or another one, for comparison) over metrics that have a value; None where none has.

    Raises:
        SchemeError: the scheme needs what the challenge does not declare.
    """
    rules = challenge.ranking
    wanted = name or rules.scheme
    if wanted == "custom":
        return None if rules.tree is None else Scheme("custom", _with_directions(rules.tree, counted))
    by_part = {part: _by_task([each for each in counted if each.part == part]) for part in PARTS}
    there = {part: tasks for part, tasks in by_part.items() if tasks}
    if not there:
        return None
    if wanted == "uusic25":
        ranked = [part_of_ranks(part, [[each.leaf for each in metrics] for metrics in tasks]) for part, tasks in there.items()]
        return uusic25(ranked, Weights(rules.performance, rules.efficiency))
    valued = [
        part_of_values(part, [[_valued(rules, each) for each in metrics] for metrics in tasks]) for part, tasks in there.items()
    ]
    relative = challenge.measuring.relative_to_reference
    time = relative_time_scale(rules.time_scale) if relative else time_scale(rules.time_scale, limit_s=challenge.limits.time_s)
    return sonobench_70_30(valued, rules, time)


def _valued(rules: Ranking, each: RankedMetric) -> Leaf:
    span = metric_span(rules, each.task, each.metric)
    if span is None:
        raise SchemeError(
            f"{each.metric.key} of {each.task.id} has no bounds, so sonobench-70-30 cannot count it: "
            f"declare ranking.metric_scales, for example {{{each.metric.key}: {{worst: 50, best: 0}}}}"
        )
    return between(each.leaf, span)


def _by_task(metrics: Sequence[RankedMetric]) -> list[list[RankedMetric]]:
    tasks: dict[str, list[RankedMetric]] = {}
    for each in metrics:
        tasks.setdefault(each.task.id, []).append(each)
    return list(tasks.values())


def _with_directions(group: Group, counted: Sequence[RankedMetric]) -> Group:
    """A custom tree whose leaves know which end of their metric is better, where the file left that open."""
    lower = {each.figure for each in counted if each.less_is_better}
    return group.model_copy(update={"children": tuple(_directed(child, lower, counted) for child in group.children)})


def _directed(node: Leaf | Group, lower: set[str], counted: Sequence[RankedMetric]) -> Leaf | Group:
    if isinstance(node, Group):
        return _with_directions(node, counted)
    figure, _, how = node.of.partition("@")
    if node.better is not None or figure not in lower or how not in {"", "mean", "median"}:
        return node
    return node.model_copy(update={"better": "lower"})
