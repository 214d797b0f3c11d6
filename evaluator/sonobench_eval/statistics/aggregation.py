"""From the cases of one task to its score: overall, per center, per role, per subgroup, and the gap between roles.

One set of resamples serves them all: a center's interval comes from the task's own resamples, restricted to the
cases of that center, so a resample may hold more or fewer of them than there are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sonobench_eval.challenge.model import Bootstrap, Case, Center, CenterRole, Metric, Subgroups, Task
from sonobench_eval.evaluation import CenterScore, GeneralisationGap, MetricScore, SubgroupScore, TaskScore
from sonobench_eval.metrics.class_answers import once
from sonobench_eval.statistics.bootstrap import IntervalKind, describe_units, method
from sonobench_eval.statistics.interval import ClusteredCasesError, ConfidenceInterval
from sonobench_eval.statistics.resampled import FEWEST_UNITS, Replicated, bounds, in_strata
from sonobench_eval.statistics.resampling import Resampling
from sonobench_eval.statistics.subgroups import too_few

FloatArray = NDArray[np.float64]
Positions = NDArray[np.intp]
ReplicateKey = tuple[str, str, str]
"""A group's kind and id, and a metric's key."""

Measure = Callable[[Positions, FloatArray], FloatArray]
"""(positions of some cases, counts of shape (resamples, those cases)) -> one value per resample, NaN where none."""
ClosedForm = Callable[[Positions, float], ConfidenceInterval]
"""(positions of some cases, confidence) -> an interval that needs no resamples."""

ROLES: tuple[CenterRole, ...] = ("internal", "external")


class Group(NamedTuple):
    """Some cases of a task that are scored together; positions count the task's cases in order."""

    kind: Literal["task", "center", "role", "subgroup"]
    id: str
    positions: Positions


class Part(NamedTuple):
    """A group that shows how a task goes on one center, or on all centers of one role."""

    group: Group
    role: CenterRole


class Subgroup(NamedTuple):
    """A group of cases that have the same value (`id`) of something (`divided_by`)."""

    group: Group
    divided_by: str
    id: str


@dataclass(frozen=True, slots=True)
class TaskCases:
    """One task with its measured cases: `measures` has a function for each of the task's metrics, by its key.

    `closed` has the intervals that need no resamples, for the metrics that ask for one.
    """

    task: Task
    cases: Sequence[Case]
    measures: Mapping[str, Measure]
    closed: Mapping[str, ClosedForm] = field(default_factory=dict)


class ScoredTask(NamedTuple):
    """A task's score, and its replicates by metric key, shape (resamples,), NaN where undefined."""

    score: TaskScore
    replicates: dict[str, FloatArray]


class _Shown(NamedTuple):
    """An interval and how it was made; all None where there is none."""

    low: float | None
    high: float | None
    method: str | None


_NONE = _Shown(None, None, None)


def weighted_mean(scores: FloatArray) -> Measure:
    """The measure that averages one number per case, shape (cases,)."""

    def measure(positions: Positions, counts: FloatArray) -> FloatArray:
        total = counts.sum(axis=1)
        return np.asarray(np.divide(counts @ scores[positions], total, out=np.full(len(total), np.nan), where=total > 0))

    return measure


def score_task(
    measured: TaskCases, centers: Sequence[Center], bootstrap: Bootstrap, subgroups: Subgroups | None = None
) -> ScoredTask:
    """Score one task with its uncertainty.

    Args:
        measured: The task, its cases and how to measure them.
        centers: Every center of the challenge, in the order they shall appear.
        bootstrap: Resamples, strata, confidence and seed.
        subgroups: Which are reported, and the smallest that is.
    """
    return _Scoring(measured, centers, bootstrap, subgroups or Subgroups()).run()


class _Scoring:
    """What all groups of one task share."""

    def __init__(self, measured: TaskCases, centers: Sequence[Center], bootstrap: Bootstrap, subgroups: Subgroups) -> None:
        self.task, self.cases, self.measures, self.closed = measured.task, measured.cases, measured.measures, measured.closed
        self.bootstrap, self.fewest_cases = bootstrap, subgroups.fewest_cases
        self.units = [case.unit for case in self.cases]
        self.resampling = self._resampling()
        self.whole = Group("task", self.task.id, np.arange(len(self.cases)))
        of_role = {role: {center.id for center in centers if center.role == role} for role in ROLES}
        self.centers = _with_cases(Part(self._cases_at("center", center.id, {center.id}), center.role) for center in centers)
        self.roles = _with_cases(Part(self._cases_at("role", role, of_role[role]), role) for role in ROLES)
        self.subgroups = self._subgroups(subgroups.report)
        scored = [each.group for each in self.subgroups if too_few(each.group.positions.size, self.fewest_cases) is None]
        self.replicated = self._replicate([self.whole, *(part.group for part in [*self.centers, *self.roles]), *scored])

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
            subgroups=tuple(map(self._subgroup, self.subgroups)),
        )
        return ScoredTask(score, {metric.key: self._of(self.whole, metric.key).replicates for metric in self.task.metrics})

    def _resampling(self) -> Resampling:
        strata = None
        if self.bootstrap.stratify == "center":
            strata = [case.center for case in self.cases]
        elif self.bootstrap.stratify == "class" and self.task.is_classification:
            strata = [str(case.label) for case in self.cases]
        return Resampling(
            self.units,
            resamples=self.bootstrap.resamples,
            seed=self.bootstrap.seed,
            task_id=self.task.id,
            stratum_of_case=strata,
        )

    def _cases_at(self, kind: Literal["center", "role"], name: str, centers: set[str]) -> Group:
        inside = [position for position, case in enumerate(self.cases) if case.center in centers]
        return Group(kind, name, np.array(inside, dtype=np.intp))

    def _subgroups(self, reported: Sequence[str] | None) -> list[Subgroup]:
        """In the order of their names; cases that do not say are in none."""
        found: dict[tuple[str, str], list[int]] = {}
        for position, case in enumerate(self.cases):
            for name, value in case.subgroups.items():
                if reported is None or name in reported:
                    found.setdefault((name, value), []).append(position)
        return [
            Subgroup(Group("subgroup", f"{name}\0{value}", np.array(found[name, value], dtype=np.intp)), name, value)
            for name, value in sorted(found)
        ]

    def _kind(self, metric: Metric) -> IntervalKind:
        wanted = metric.interval or self.bootstrap.interval
        return "bca" if wanted == "bca" else "percentile"

    def _replicate(self, groups: Sequence[Group]) -> dict[ReplicateKey, Replicated]:
        """Every metric of every group: its value, in every resample, and for BCa without each unit in turn."""
        every = {metric.key for metric in self.task.metrics}
        corrected = {metric.key for metric in self.task.metrics if self._kind(metric) == "bca"}
        replicates = self._measured(groups, every, self.resampling.blocks())
        jackknife = self._measured(groups, corrected, self.resampling.without_one() if corrected else ())
        return {
            (group.kind, group.id, key): self._replicated(group, key, replicates, jackknife) for group in groups for key in every
        }

    def _measured(
        self, groups: Sequence[Group], keys: Iterable[str], blocks: Iterable[FloatArray]
    ) -> dict[ReplicateKey, FloatArray]:
        found: dict[ReplicateKey, list[FloatArray]] = {(g.kind, g.id, key): [] for g in groups for key in keys}
        for counts in blocks:
            for group in groups:
                restricted = counts if group is self.whole else counts.T.take(group.positions, axis=0).T
                for key in keys:
                    found[group.kind, group.id, key].append(self.measures[key](group.positions, restricted))
        return {key: np.concatenate([np.empty(0), *parts]) for key, parts in found.items()}

    def _replicated(
        self,
        group: Group,
        key: str,
        replicates: Mapping[ReplicateKey, FloatArray],
        jackknife: Mapping[ReplicateKey, FloatArray],
    ) -> Replicated:
        value = float(self.measures[key](group.positions, once(len(group.positions)))[0])
        without_one = jackknife.get((group.kind, group.id, key), np.empty(0))
        here = np.unique(self.resampling.unit_index[group.positions])  # leaving out any other unit changes nothing
        strata = self.resampling.stratum_of_unit[here]
        return Replicated(
            value, replicates[group.kind, group.id, key], without_one[here] if without_one.size else without_one, strata
        )

    def _of(self, group: Group, key: str) -> Replicated:
        return self.replicated[group.kind, group.id, key]

    def _part(self, part: Part) -> CenterScore:
        return CenterScore(id=part.group.id, role=part.role, metrics=self._metrics(part.group, self._drawn_here(part.group)))

    def _subgroup(self, subgroup: Subgroup) -> SubgroupScore:
        group = subgroup.group
        few = too_few(group.positions.size, self.fewest_cases)
        return SubgroupScore(
            group=subgroup.divided_by,
            id=subgroup.id,
            n=group.positions.size,
            too_few=few,
            metrics=() if few else self._metrics(group, self._drawn_here(group)),
        )

    def _drawn_here(self, group: Group) -> str:
        whole, here = self._drawn(self.whole), self._drawn(group)
        return whole if here == whole else f"the task's {whole}, restricted to the {here} here"

    def _drawn(self, group: Group) -> str:
        # Units, not names: centers that count their subjects from 1 do not mean the same ones.
        subjects = {self.units[position] for position in group.positions if self.cases[position].subject is not None}
        return describe_units(subjects=len(subjects), single_cases=self._units(group) - len(subjects))

    def _metrics(self, group: Group, drawn: str) -> tuple[MetricScore, ...]:
        return tuple(self._metric(metric, group, drawn) for metric in self.task.metrics)

    def _metric(self, metric: Metric, group: Group, drawn: str) -> MetricScore:
        spec, found, units = self.task.spec(metric), self._of(group, metric.key), self._units(group)
        value = None if np.isnan(found.value) else found.value
        shown = self._interval(metric, group, drawn) if value is not None and units >= FEWEST_UNITS else _NONE
        return MetricScore(
            name=metric.key,
            definition=self.task.definition(metric),
            value=value,
            ci_low=shown.low,
            ci_high=shown.high,
            n=len(group.positions),
            units=units,
            ci_method=shown.method,
            undefined=None if value is not None else spec.why_undefined or "it has no value here",
            undefined_resamples=int(np.isnan(found.replicates).sum()),
            higher_is_better=spec.higher_is_better,
            unit=_unit_of(self.task, metric),
        )

    def _interval(self, metric: Metric, group: Group, drawn: str) -> _Shown:
        instead = ""
        if metric.key in self.closed:
            try:
                found = self.closed[metric.key](group.positions, self.bootstrap.confidence)
            except ClusteredCasesError:
                instead = f"not {metric.interval}: subjects have several cases"
            else:
                if found.low is not None:
                    return _Shown(found.low, found.high, found.method)
                instead = f"not {metric.interval}: {found.why_none}"
        shown = bounds(self._of(group, metric.key), confidence=self.bootstrap.confidence, kind=self._kind(metric))
        if shown is None:
            return _NONE
        because = shown.instead_because or instead
        words = method(self.bootstrap.resamples, in_strata(drawn, self.resampling), shown.kind, because)
        return _Shown(shown.low, shown.high, f"{words}, seed {self.bootstrap.seed}")

    def _units(self, group: Group) -> int:
        return len({self.units[position] for position in group.positions})

    def _gaps(self) -> tuple[GeneralisationGap, ...]:
        if len(self.roles) < len(ROLES):
            return ()
        internal, external = (part.group for part in self.roles)
        gaps = (self._gap(metric, internal, external) for metric in self.task.metrics)
        return tuple(gap for gap in gaps if gap is not None)

    def _gap(self, metric: Metric, internal: Group, external: Group) -> GeneralisationGap | None:
        inside, outside = self._of(internal, metric.key), self._of(external, metric.key)
        if np.isnan(inside.value) or np.isnan(outside.value):
            return None
        difference = Replicated(
            outside.value - inside.value, outside.replicates - inside.replicates, np.empty(0), np.empty(0, dtype=np.intp)
        )
        enough = min(self._units(internal), self._units(external)) >= FEWEST_UNITS
        interval = bounds(difference, confidence=self.bootstrap.confidence, kind="percentile") if enough else None
        return GeneralisationGap(
            metric=metric.key,
            value=difference.value,
            ci_low=interval.low if interval else None,
            ci_high=interval.high if interval else None,
        )


def _unit_of(task: Task, metric: Metric) -> str:
    """The unit of a score: a distance's is the challenge's to choose, a measurement's the task's own."""
    unit, chosen = task.spec(metric).unit, metric.unit
    if unit == "value":
        return task.value_unit or ""
    if not unit or chosen in ("diagonal", "segment"):
        return ""
    return "mm² or mm³" if chosen == "mm" and "mm³" in unit else chosen or unit


def _with_cases(parts: Iterable[Part]) -> list[Part]:
    return [part for part in parts if part.group.positions.size]
