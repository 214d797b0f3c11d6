"""From the cases of one task to its score: overall, per center, per role, and the gap between roles.

One set of resamples serves them all: a center's interval comes from the task's own resamples, restricted to the
cases of that center, so a resample may hold more or fewer of them than there are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sonobench_eval.challenge.model import Bootstrap, Case, Center, CenterRole, Metric, Task
from sonobench_eval.evaluation import CenterScore, GeneralisationGap, MetricScore, TaskScore
from sonobench_eval.metrics.classification import once
from sonobench_eval.statistics.bootstrap import describe_units, method, percentile_interval
from sonobench_eval.statistics.resampling import Resampling

FloatArray = NDArray[np.float64]
Positions = NDArray[np.intp]
ReplicateKey = tuple[str, str, str]
"""A group's kind and id, and a metric's name."""

Measure = Callable[[Positions, FloatArray], FloatArray]
"""(positions of some cases, counts of shape (resamples, those cases)) -> one value per resample, NaN where none."""

ROLES: tuple[CenterRole, ...] = ("internal", "external")
FEWEST_UNITS = 2
"""One subject alone, resampled, is always itself: that says nothing about uncertainty."""


class Group(NamedTuple):
    """Some cases of a task that are scored together; positions count the task's cases in order."""

    kind: Literal["task", "center", "role"]
    id: str
    positions: Positions


class Part(NamedTuple):
    """A group that shows how a task goes on one center, or on all centers of one role."""

    group: Group
    role: CenterRole


@dataclass(frozen=True, slots=True)
class TaskCases:
    """One task with its measured cases: `measures` has a function for each of the task's metrics, by its key."""

    task: Task
    cases: Sequence[Case]
    measures: Mapping[str, Measure]


class ScoredTask(NamedTuple):
    """A task's score, and its replicates by metric name, shape (resamples,), NaN where undefined."""

    score: TaskScore
    replicates: dict[str, FloatArray]


def weighted_mean(scores: FloatArray) -> Measure:
    """The measure that averages one number per case, shape (cases,)."""

    def measure(positions: Positions, counts: FloatArray) -> FloatArray:
        total = counts.sum(axis=1)
        return np.asarray(np.divide(counts @ scores[positions], total, out=np.full(len(total), np.nan), where=total > 0))

    return measure


def score_task(measured: TaskCases, centers: Sequence[Center], bootstrap: Bootstrap) -> ScoredTask:
    """Score one task with its uncertainty.

    Args:
        measured: The task, its cases and how to measure them.
        centers: Every center of the challenge, in the order they shall appear.
        bootstrap: Resamples, confidence and seed.
    """
    return _Scoring(measured, centers, bootstrap).run()


class _Scoring:
    """What all groups of one task share."""

    def __init__(self, measured: TaskCases, centers: Sequence[Center], bootstrap: Bootstrap) -> None:
        self.task, self.cases, self.measures = measured.task, measured.cases, measured.measures
        self.bootstrap = bootstrap
        self.units = [case.unit for case in self.cases]
        self.whole = Group("task", self.task.id, np.arange(len(self.cases)))
        of_role = {role: {center.id for center in centers if center.role == role} for role in ROLES}
        self.centers = _with_cases(Part(self._cases_at("center", center.id, {center.id}), center.role) for center in centers)
        self.roles = _with_cases(Part(self._cases_at("role", role, of_role[role]), role) for role in ROLES)
        self.replicates = self._replicate([self.whole, *(part.group for part in [*self.centers, *self.roles])])

    def run(self) -> ScoredTask:
        whole = self._metrics(self.whole, self._drawn(self.whole))
        score = TaskScore(
            id=self.task.id,
            title=self.task.title or self.task.id,
            kind=self.task.kind,
            n=len(self.cases),
            metrics=whole,
            centers=tuple(map(self._part, self.centers)),
            roles=tuple(map(self._part, self.roles)),
            gaps=self._gaps(),
        )
        return ScoredTask(score, {metric.key: self._replicates(self.whole, metric.key) for metric in self.task.metrics})

    def _cases_at(self, kind: Literal["center", "role"], name: str, centers: set[str]) -> Group:
        inside = [position for position, case in enumerate(self.cases) if case.center in centers]
        return Group(kind, name, np.array(inside, dtype=np.intp))

    def _replicate(self, groups: Sequence[Group]) -> dict[ReplicateKey, FloatArray]:
        """Every metric of every group in every resample."""
        resampling = Resampling(self.units, resamples=self.bootstrap.resamples, seed=self.bootstrap.seed, task_id=self.task.id)
        found: dict[ReplicateKey, list[FloatArray]] = {(g.kind, g.id, name): [] for g in groups for name in self.measures}
        for counts in resampling.blocks():
            for group in groups:
                restricted = counts if group is self.whole else counts[:, group.positions]
                for name, measure in self.measures.items():
                    found[group.kind, group.id, name].append(measure(group.positions, restricted))
        return {key: np.concatenate([np.empty(0), *blocks]) for key, blocks in found.items()}

    def _replicates(self, group: Group, name: str) -> FloatArray:
        return self.replicates[group.kind, group.id, name]

    def _part(self, part: Part) -> CenterScore:
        whole, here = self._drawn(self.whole), self._drawn(part.group)
        drawn = whole if here == whole else f"the task's {whole}, restricted to the {here} here"
        return CenterScore(id=part.group.id, role=part.role, metrics=self._metrics(part.group, drawn))

    def _drawn(self, group: Group) -> str:
        # Units, not names: centers that count their subjects from 1 do not mean the same ones.
        subjects = {self.units[position] for position in group.positions if self.cases[position].subject is not None}
        return describe_units(subjects=len(subjects), single_cases=self._units(group) - len(subjects))

    def _metrics(self, group: Group, drawn: str) -> tuple[MetricScore, ...]:
        return tuple(self._metric(metric, group, drawn) for metric in self.task.metrics)

    def _metric(self, metric: Metric, group: Group, drawn: str) -> MetricScore:
        spec, value = self.task.spec(metric), self._value(metric.key, group)
        units = self._units(group)
        replicates = self._replicates(group, metric.key)
        interval = percentile_interval(replicates, confidence=self.bootstrap.confidence)
        shown = interval if value is not None and units >= FEWEST_UNITS else None
        return MetricScore(
            name=metric.key,
            definition=self.task.definition(metric),
            value=value,
            ci_low=shown.low if shown else None,
            ci_high=shown.high if shown else None,
            n=len(group.positions),
            units=units,
            ci_method=method(self.bootstrap.resamples, drawn) if shown else None,
            undefined=None if value is not None else spec.why_undefined or "it has no value here",
            undefined_resamples=int(np.isnan(replicates).sum()),
            higher_is_better=spec.higher_is_better,
            unit=metric.unit if metric.unit and spec.unit else spec.unit,
        )

    def _units(self, group: Group) -> int:
        return len({self.units[position] for position in group.positions})

    def _value(self, name: str, group: Group) -> float | None:
        value = float(self.measures[name](group.positions, once(len(group.positions)))[0])
        return None if np.isnan(value) else value

    def _gaps(self) -> tuple[GeneralisationGap, ...]:
        if len(self.roles) < len(ROLES):
            return ()
        internal, external = (part.group for part in self.roles)
        gaps = (self._gap(metric.key, internal, external) for metric in self.task.metrics)
        return tuple(gap for gap in gaps if gap is not None)

    def _gap(self, name: str, internal: Group, external: Group) -> GeneralisationGap | None:
        inside, outside = self._value(name, internal), self._value(name, external)
        if inside is None or outside is None:
            return None
        replicates = self._replicates(external, name) - self._replicates(internal, name)
        enough = min(self._units(internal), self._units(external)) >= FEWEST_UNITS
        interval = percentile_interval(replicates, confidence=self.bootstrap.confidence) if enough else None
        return GeneralisationGap(
            metric=name,
            value=outside - inside,
            ci_low=interval.low if interval else None,
            ci_high=interval.high if interval else None,
        )


def _with_cases(parts: Iterable[Part]) -> list[Part]:
    return [part for part in parts if part.group.positions.size]
