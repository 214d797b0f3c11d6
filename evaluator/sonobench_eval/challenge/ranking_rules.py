"""The `ranking:` block of a challenge: which scheme, and its constants. A custom scheme is a tree written out in the file.

Pure records: `sonobench_eval.ranking` computes with them. Every scale maps to numbers of which more is better.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence, Set
from difflib import get_close_matches
from typing import Annotated, Any, Literal, Protocol, Self

from pydantic import Discriminator, Field, SerializerFunctionWrapHandler, Tag, model_serializer, model_validator

from sonobench_eval.challenge.errors import Problem
from sonobench_eval.challenge.kinds import KINDS, TaskKind
from sonobench_eval.challenge.record import Record
from sonobench_eval.challenge.sizes import Bytes
from sonobench_eval.metrics.named import specs_of
from sonobench_eval.metrics.spec import MetricSpec

SchemeName = Literal["uusic25", "sonobench-70-30", "custom"]
PERFORMANCE, EFFICIENCY = "performance", "efficiency"
SEGMENTATION: tuple[TaskKind, ...] = ("segmentation", "instances")
CLASSIFICATION: tuple[TaskKind, ...] = ("binary", "multiclass", "multilabel")
AMOUNTS = ("time_s", "gpu_memory_bytes", "host_memory_bytes", "energy_j")
"""What is measured of a run; of all of them less is better."""

Weight = Annotated[float, Field(ge=0, le=1e6)]
MetricId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
Figure = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.@ -]{0,159}$")]
"""`task.metric`, one of `AMOUNTS`, or the name of a table's column."""


class _ScaleRecord(Record):
    """Keeps its `by` where defaults are left out: a hash of the challenge must tell one scale from another."""

    by: str

    @model_serializer(mode="wrap")
    def _with_its_name(self, standard: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {"by": self.by, **standard(self)}


class RankScale(_ScaleRecord):
    """1 for the first, 0 for the last place among the teams, evenly between; ties share the better place."""

    by: Literal["rank"] = "rank"


class PlaceScale(_ScaleRecord):
    """The figure is a rank already, 1 to the number of teams: 1 for the first, 0 for the last place."""

    by: Literal["place"] = "place"


class MinMaxScale(_ScaleRecord):
    """1 for the best of the teams, 0 for the worst, linear between; 1 for all where all are the same."""

    by: Literal["min-max"] = "min-max"


class ZScale(_ScaleRecord):
    """How many standard deviations (of the teams) above their mean; 0 for all where all are the same."""

    by: Literal["z"] = "z"


class IdentityScale(_ScaleRecord):
    """The figure itself; its negative where less is better."""

    by: Literal["identity"] = "identity"


class LinearScale(_ScaleRecord):
    """0 at `worst` and beyond, 1 at `best` and beyond, linear between: no other team has a say in it."""

    by: Literal["linear"] = "linear"
    worst: float = 0.0
    best: float = 1.0

    @model_validator(mode="after")
    def _has_a_length(self) -> Self:
        if self.worst == self.best:
            raise ValueError("worst and best of a scale must differ")
        return self


class LogScale(_ScaleRecord):
    """For amounts of which less is better: 1 up to `floor`, 0 from `worst` on, even steps for even ratios between.

    Both are multiples of `reference`, which is in the figure's own unit. No other team has a say in it.
    """

    by: Literal["log"] = "log"
    reference: Annotated[float, Field(gt=0)] = 1.0
    floor: Annotated[float, Field(gt=0)]
    worst: Annotated[float, Field(gt=0)]

    @model_validator(mode="after")
    def _floor_is_below_worst(self) -> Self:
        if self.floor >= self.worst:
            raise ValueError("floor must lie below worst: up to floor all amounts are equally good")
        return self


Scale = Annotated[
    RankScale | PlaceScale | MinMaxScale | ZScale | IdentityScale | LinearScale | LogScale, Field(discriminator="by")
]

SCALES = ("rank", "place", "min-max", "z", "identity", "linear", "log")
"""Every scale by the name a file gives it."""


class Gate(Record):
    """A group counts only for teams whose sibling `part` reaches `at_least`; for the others it is 0."""

    part: str
    at_least: float


class Leaf(Record):
    """One figure on one scale.

    `better` and `missing` have defaults by what is measured: of amounts less is better, and no ranking is made where only some
    teams have one; of a metric the metric itself knows, and a team without a value counts as the last (`last`). With `unranked`
    a team without a value is shown without a rank, and the others are ranked as if it were not there.
    """

    of: Figure
    name: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    weight: Weight = 1.0
    scale: Scale = RankScale()
    better: Literal["higher", "lower"] | None = None
    missing: Literal["last", "no-ranking", "unranked"] | None = None

    @property
    def title(self) -> str:
        return self.name or self.of

    @property
    def less_is_better(self) -> bool:
        return self.better == "lower" if self.better is not None else self.of in AMOUNTS

    @property
    def if_missing(self) -> Literal["last", "no-ranking", "unranked"]:
        return self.missing or ("no-ranking" if self.of in AMOUNTS else "last")


class Group(Record):
    """Several parts in one number: combined with their weights, then put on a scale of their own where `then` says so.

    `harmonic` and `geometric` are 0 where a part is 0 or less. `median` knows no weights.
    """

    name: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    weight: Weight = 1.0
    combine: Literal["mean", "median", "geometric", "harmonic"] = "mean"
    then: Scale | None = None
    only_if: Gate | None = None
    children: Annotated[tuple[Node, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if not any(child.weight for child in self.children):
            raise ValueError("at least one part needs a weight above 0")
        if self.combine == "median" and len({child.weight for child in self.children}) > 1:
            raise ValueError("a median knows no weights; give all parts the same")
        names = [child.name for child in self.children if child.name is not None]
        if twice := [name for name in names if names.count(name) > 1]:
            raise ValueError(f"two parts have the name {twice[0]!r}")
        for child in self.children:
            if isinstance(child, Group) and child.only_if is not None:
                self._check_gate(child, child.only_if)
        return self

    def _check_gate(self, child: Group, gate: Gate) -> None:
        sibling = next((other for other in self.children if other.name == gate.part), None)
        if sibling is None or sibling is child:
            raise ValueError(f"only_if names {gate.part!r}, which is no other part beside {child.title!r}")
        if isinstance(sibling, Group) and sibling.only_if is not None:
            raise ValueError(f"only_if of {child.title!r} names {gate.part!r}, which has an only_if of its own")

    @property
    def title(self) -> str:
        return self.name or "its parts"

    def leaves(self) -> Iterator[Leaf]:
        """Every leaf below, in order."""
        for child in self.children:
            if isinstance(child, Leaf):
                yield child
            else:
                yield from child.leaves()


def _kind(node: object) -> str:
    has_children = "children" in node if isinstance(node, Mapping) else isinstance(node, Group)
    return "group" if has_children else "leaf"


Node = Annotated[Annotated[Leaf, Tag("leaf")] | Annotated[Group, Tag("group")], Discriminator(_kind)]
Group.model_rebuild()


class TimeScale(Record):
    """When a run is fast: 1 up to `floor`, 0 from `worst` on, in multiples of `reference_s` on a logarithmic scale.

    `reference_s` None is the challenge's time limit. Where times are ranked in units of the reference container, it is not used:
    `floor` and `worst` are then multiples of what that container took.
    """

    reference_s: Annotated[float, Field(gt=0)] | None = None
    floor: Annotated[float, Field(gt=0)] | None = None
    worst: Annotated[float, Field(gt=0)] | None = None


class MemoryScale(Record):
    """When a run is small: up to `floor_bytes` memory is equal and counts 1; from `worst_bytes` on it counts 0; logarithmic."""

    floor_bytes: Bytes = 2 * 2**30
    worst_bytes: Bytes = 24 * 2**30

    @model_validator(mode="after")
    def _floor_is_below_worst(self) -> Self:
        if self.floor_bytes >= self.worst_bytes:
            raise ValueError("floor_bytes must lie below worst_bytes")
        return self


class Span(Record):
    """Where a metric counts 0 (`worst`: what an answer without any skill gets) and where 1 (`best`)."""

    worst: float
    best: float

    @model_validator(mode="after")
    def _has_a_length(self) -> Self:
        if self.worst == self.best:
            raise ValueError("worst and best must differ")
        return self


class Ranking(Record):
    """How teams are ranked (see docs/ranking.md).

    `gate`, `metric_scales`, `time_scale` and `memory_scale` are constants of `sonobench-70-30`; `metric_scales` goes by
    metric, or by `task.metric`. `tree` belongs to `custom`, which brings its own weights and figures.
    """

    scheme: SchemeName = "uusic25"
    performance: Annotated[float, Field(ge=0, le=1)] = 0.7
    efficiency: Annotated[float, Field(ge=0, le=1)] = 0.3
    segmentation_metrics: tuple[MetricId, ...] = ("dsc", "nsd")
    classification_metrics: tuple[MetricId, ...] = ("auc", "acc")
    other_metrics: tuple[MetricId, ...] = ()
    gate: Annotated[float, Field(ge=0, le=1)] = 0.25
    metric_scales: dict[str, Span] = Field(default_factory=dict)
    time_scale: TimeScale = TimeScale()
    memory_scale: MemoryScale = MemoryScale()
    tree: Group | None = None

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        if abs(self.performance + self.efficiency - 1) > 1e-9:
            raise ValueError(f"performance and efficiency must sum to 1, not {self.performance + self.efficiency:g}")
        if (self.scheme == "custom") != (self.tree is not None):
            raise ValueError("scheme custom and tree belong together: a tree says how a custom ranking is made")
        return self

    def metrics_of(self, kind: TaskKind) -> tuple[str, ...]:
        """Names or ids of the metrics that count on tasks of this kind."""
        if kind in SEGMENTATION:
            return self.segmentation_metrics
        return self.classification_metrics if kind in CLASSIFICATION else self.other_metrics


class RankedMetric(Protocol):
    """What a ranking needs to know of a metric of a task."""

    @property
    def name(self) -> str: ...
    @property
    def key(self) -> str: ...


class RankedTask(Protocol):
    """What a ranking needs to know of a task."""

    @property
    def id(self) -> str: ...
    @property
    def kind(self) -> TaskKind: ...
    @property
    def classes(self) -> tuple[str, ...] | None: ...
    @property
    def metrics(self) -> Sequence[RankedMetric]: ...


_CHANCE = {"auc": 0.5, "pauc": 0.5, "r2": 0.0}
_CHANCE_BY_CLASSES = frozenset({"acc", "balanced_acc"})


def metric_span(ranking: Ranking, task: RankedTask, metric: RankedMetric) -> Span | None:
    """Where the metric counts 0 and 1 in `sonobench-70-30`; None where that must be declared (a metric without bounds).

    What is declared for `task.metric` comes first, then what is for the metric; else from what answers without any skill
    get (half for AUC, one in as many classes for accuracy, 0 for agreement and correlation) to the metric's best value.
    """
    for key in (f"{task.id}.{metric.key}", metric.key, metric.name):
        if key in ranking.metric_scales:
            return ranking.metric_scales[key]
    if (own := getattr(metric, "from_image", None)) is not None:
        return default_span(own.spec(metric.name, KINDS[task.kind].family), 0)
    spec = specs_of(KINDS[task.kind].family).get(metric.name)
    return Span(worst=0, best=1) if spec is None else default_span(spec, len(task.classes or ()))


def default_span(spec: MetricSpec, classes: int) -> Span | None:
    """From what answers without any skill get to the metric's best value; `classes` is 0 where it is not known."""
    worst, best = (spec.low, spec.high) if spec.higher_is_better else (spec.high, spec.low)
    if (spec.low, spec.high) == (-1, 1):
        worst = 0.0
    if spec.name in _CHANCE_BY_CLASSES and classes:
        worst = 1 / classes
    if spec.name == "log_loss" and classes:
        worst = math.log(classes)
    worst = _CHANCE.get(spec.name, worst)
    return Span(worst=worst, best=best) if math.isfinite(worst) and math.isfinite(best) else None


def ranking_problems(ranking: Ranking, tasks: Sequence[RankedTask]) -> list[Problem]:
    """What does not fit between the ranking and the tasks of a challenge; places are relative to the `ranking:` block."""
    problems = []
    for key, kinds in (
        ("segmentation_metrics", SEGMENTATION),
        ("classification_metrics", CLASSIFICATION),
        ("other_metrics", tuple(kind for kind in KINDS if kind not in (*SEGMENTATION, *CLASSIFICATION))),
    ):
        known = _metric_names(kinds) | {metric.key for task in tasks if task.kind in kinds for metric in task.metrics}
        names: tuple[str, ...] = getattr(ranking, key)
        problems += [
            Problem((key, number), f"{name} is not a {key.split('_', maxsplit=1)[0]} metric; {_hint(name, known)}")
            for number, name in enumerate(names)
            if name not in known
        ]
    if ranking.scheme == "sonobench-70-30":
        problems += _spanless(ranking, tasks)
    if ranking.tree is not None:
        figures = {*AMOUNTS, *(f"{task.id}.{metric.key}" for task in tasks for metric in task.metrics)}
        problems += [
            Problem(("tree",), f"of {leaf.of!r} is nothing this challenge measures; {_hint(leaf.of, figures)}")
            for leaf in ranking.tree.leaves()
            if leaf.of.partition("@")[0] not in figures
        ]
    return problems


def _spanless(ranking: Ranking, tasks: Sequence[RankedTask]) -> Iterator[Problem]:
    for task in tasks:
        for metric in task.metrics:
            counts = {metric.name, metric.key} & set(ranking.metrics_of(task.kind))
            if counts and metric_span(ranking, task, metric) is None:
                sentence = f"{metric.key} of {task.id} has no bounds; say what counts 0 and what 1: {{worst: 50, best: 0}}"
                yield Problem(("metric_scales",), sentence)


def _metric_names(kinds: Sequence[TaskKind]) -> set[str]:
    return {name for kind in kinds for name in specs_of(KINDS[kind].family)}


def _hint(name: str, known: Set[str]) -> str:
    near = get_close_matches(name, known, n=1, cutoff=0.6)
    return f"did you mean {near[0]}?" if near else f"choose from {', '.join(sorted(known)[:20])}"
