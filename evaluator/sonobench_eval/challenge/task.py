"""Tasks and their metrics: one question asked of every algorithm, and how answers to it are measured."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from difflib import get_close_matches
from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from sonobench_eval.challenge.errors import CrossCheckError, Problem
from sonobench_eval.challenge.kinds import CLASS_KINDS, KINDS, MASK_KINDS, Kind, TaskKind
from sonobench_eval.challenge.record import Record, Slug
from sonobench_eval.challenge.scoring_image import ImageMetric
from sonobench_eval.challenge.undefined import MetricUndefined, UndefinedPolicy
from sonobench_eval.metrics.named import spec_named, specs_of
from sonobench_eval.metrics.spec import MetricSpec, MetricSpecError, ParameterValue

IntervalName = Literal["percentile", "bca", "delong", "wilson", "exact"]
_WORDS = {"ovr": "one-vs-rest", "ovo": "one-vs-one"}
_MANY_CLASSES_ONLY = frozenset({"multiclass", "average"})


class Metric(Record):
    """A metric and the parameters that define it; a score is meaningless without them.

    In a file the parameters stand beside the name (`{name: nsd, convention: pixel, tolerance: 2, unit: px}`). Which
    there are is the metric's own word (`sonobench metrics`). `id` tells two of one name apart. One with `from_image` is
    computed by the challenge's scoring image, which chose its name.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
    id: Slug | None = None
    interval: IntervalName | None = None
    undefined: MetricUndefined | None = None
    from_image: ImageMetric | None = None
    parameters: dict[str, float | str] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _parameters_stand_beside(cls, given: object) -> object:
        if not isinstance(given, Mapping) or "parameters" in given:
            return given  # already apart: made by code
        own = {key: value for key, value in given.items() if key in cls.model_fields}
        beside = {key: value for key, value in given.items() if key not in own and value is not None}
        return {**own, "parameters": beside}

    @model_serializer(mode="wrap")
    def _beside(self, standard: SerializerFunctionWrapHandler) -> dict[str, Any]:
        written: dict[str, Any] = standard(self)
        beside = written.pop("parameters", {})
        return {**written, **beside}

    @property
    def key(self) -> str:
        """What tells it apart in its task."""
        return self.id or self.name

    @property
    def convention(self) -> str | None:
        said = self.parameters.get("convention")
        return None if said is None else str(said)

    @property
    def tolerance(self) -> float | None:
        said = self.parameters.get("tolerance")
        return float(said) if isinstance(said, int | float) else None

    @property
    def unit(self) -> str | None:
        said = self.parameters.get("unit")
        return None if said is None else str(said)


class Task(Record):
    """One question asked of every algorithm.

    `dataset_name` and `organ` are what the container is told in its case list. `labels` maps the structures of a
    segmentation task to their value in a mask, or to `nonzero`; `classes` names the classes of a classification,
    multilabel or detection task in the order of their indices; `range` is the lowest and highest value of an ordinal or
    regression task, `edges` are the bins that make grades of scores, `points` the names of keypoints.
    """

    id: Slug
    kind: TaskKind
    dataset_name: Annotated[str, Field(min_length=1, max_length=100)]
    organ: Annotated[str, Field(min_length=1, max_length=100)]
    title: str | None = None
    labels: dict[str, int | Literal["nonzero"]] | None = None
    classes: tuple[str, ...] | None = None
    range: tuple[float, float] | None = None
    edges: tuple[float, ...] | None = None
    points: tuple[str, ...] | None = None
    value_unit: Annotated[str, Field(max_length=20)] | None = None
    undefined: UndefinedPolicy | None = None
    metrics: Annotated[tuple[Metric, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _shape_fits_kind(self) -> Self:
        self._check_declarations()
        problems = self._metric_problems()
        if problems:
            raise CrossCheckError(problems)
        return self

    @property
    def rules(self) -> Kind:
        return KINDS[self.kind]

    @property
    def is_segmentation(self) -> bool:
        """Answered by a mask."""
        return self.kind in MASK_KINDS

    @property
    def is_classification(self) -> bool:
        """Answered by one of several classes, with probabilities."""
        return self.kind in CLASS_KINDS

    def spec(self, metric: Metric) -> MetricSpec:
        """What the metric is.

        Raises:
            MetricSpecError: this kind of task has no such metric.
        """
        if metric.from_image is not None:
            return metric.from_image.spec(metric.name, self.rules.family)
        return spec_named(self.rules.family, metric.name)

    @property
    def without_image_metrics(self) -> Task:
        """The same task with the metrics that are computed here, which may be none."""
        return self.model_copy(update={"metrics": tuple(metric for metric in self.metrics if metric.from_image is None)})

    def arguments(self, metric: Metric) -> dict[str, ParameterValue]:
        """What the metric's function is called with."""
        return self.spec(metric).arguments(metric.parameters)

    def definition(self, metric: Metric) -> str:
        """The metric with what defines it: `nsd pixel 2 px`, `auc one-vs-rest macro`. Only what is defined alike is averaged."""
        if metric.from_image is not None:
            return f"{metric.name} {metric.from_image.definition}"
        words = [_said_as(name, value) for name, value in self._said(metric).items() if value is not None]
        return " ".join([metric.name, *words, *self._of_what(words)])

    def _of_what(self, words: list[str]) -> list[str]:
        """What keeps scores of different things apart: an error in mm is never averaged with one in weeks."""
        if self.kind == "multiclass" and not words:
            return ["multiclass"]
        if self.range is None:
            return []
        span = f"{self.range[0]:g} to {self.range[1]:g}"
        return [f"grades {span}" if self.kind == "ordinal" else self.value_unit or f"values {span}"]

    def _said(self, metric: Metric) -> dict[str, ParameterValue]:
        spec = self.spec(metric)
        given = spec.arguments(metric.parameters)
        left_out = set(spec.fixed) | (_MANY_CLASSES_ONLY if self.kind == "binary" else set())
        return {name: value for name, value in given.items() if name not in left_out}

    def _check_declarations(self) -> None:
        kind = self.kind
        if self.labels is not None and kind != "segmentation":
            raise ValueError(f"a {kind} task has {_what_it_has(self.rules)}, not labels")
        if self.classes is not None and self.rules.classes is None:
            raise ValueError(f"a {kind} task has {_what_it_has(self.rules)}, not classes")
        if kind == "segmentation":
            self._check_labels()
        if self.rules.classes is not None:
            self._check_classes(*self.rules.classes)
        for name in ("range", "points"):
            wanted, given = name in self.rules.declares, getattr(self, name) is not None
            if wanted and not given:
                raise ValueError(f"a {kind} task needs {name}, for example {_EXAMPLES[name]}")
            if given and not wanted:
                raise ValueError(f"a {kind} task has {_what_it_has(self.rules)}, not {name}")
        if self.range is not None and not self.range[0] < self.range[1]:
            raise ValueError("range is the lowest and the highest value, in this order")
        if self.edges is not None:
            self._check_edges(self.edges)
        if self.points is not None and (not self.points or len(set(self.points)) != len(self.points)):
            raise ValueError("points are the names of the keypoints, each once")

    def _check_labels(self) -> None:
        if not self.labels:
            raise ValueError("a segmentation task needs labels, for example {foreground: nonzero}")
        values = list(self.labels.values())
        if "nonzero" in values and len(values) > 1:
            raise ValueError("nonzero stands alone: give each structure its own value instead")
        numbers = [value for value in values if value != "nonzero"]
        if len(set(numbers)) != len(numbers) or any(not 1 <= value <= 255 for value in numbers):
            raise ValueError("label values are different whole numbers from 1 to 255")

    def _check_classes(self, fewest: int, most: int) -> None:
        count = len(self.classes or ())
        if not fewest <= count <= most:
            needed = f"exactly {fewest}" if fewest == most else f"at least {fewest}" if count < fewest else f"at most {most}"
            raise ValueError(f"a {self.kind} task needs {needed} classes, not {count}")
        if len(set(self.classes or ())) != count:
            raise ValueError("two classes have the same name")

    def _check_edges(self, edges: tuple[float, ...]) -> None:
        if self.kind != "ordinal" or self.range is None:
            raise ValueError("edges make grades of scores, so only an ordinal task has them")
        rising = all(lower < upper for lower, upper in pairwise(edges))
        if len(edges) < 3 or not rising or (edges[0], edges[-1]) != self.range:
            raise ValueError(f"edges rise from {self.range[0]:g} to {self.range[1]:g}, with at least one between them")

    def _metric_problems(self) -> list[Problem]:
        problems = []
        keys = Counter(metric.key for metric in self.metrics)
        for number, metric in enumerate(self.metrics):
            if keys[metric.key] > 1:
                problems.append(Problem(("metrics", number), f"metric {metric.key} is declared twice; tell them apart by id"))
                continue
            problem = self._metric_problem(number, metric)
            if problem is not None:
                problems.append(problem)
        return problems

    def _metric_problem(self, number: int, metric: Metric) -> Problem | None:
        place = ("metrics", number)
        if metric.from_image is not None and metric.name in specs_of(self.rules.family):
            return Problem((*place, "name"), f"{metric.name} is one of Sonobench's own metrics; choose another name")
        try:
            spec = self.spec(metric)
        except MetricSpecError as error:
            return Problem((*place, "name"), str(error).replace(f"of {self.rules.family}", f"for a {self.kind} task"))
        known = {parameter.name: parameter for parameter in spec.parameters}
        for key, value in metric.parameters.items():
            if key not in known:
                return Problem((*place, key), f"unknown key; {_hint(key, metric.name, list(known))}")
            if sentence := known[key].problem(value):
                return Problem((*place, key), sentence)
        try:
            spec.arguments(metric.parameters)
        except MetricSpecError as error:
            return Problem(place, str(error))
        if metric.interval is not None and metric.interval not in spec.intervals:
            can_have = ", ".join(spec.intervals) or "no interval, as there is one value for the whole task"
            return Problem((*place, "interval"), f"{metric.name} can have {can_have}, not {metric.interval}")
        return None


def _hint(key: str, metric: str, known: list[str]) -> str:
    near = get_close_matches(key, [*known, *Metric.model_fields], n=1, cutoff=0.5)
    return f"did you mean {near[0]}?" if near else f"{metric} takes {', '.join(known) or 'no parameters'}"


def _said_as(name: str, value: ParameterValue) -> str:
    """`one-vs-rest`, `2`, `confidence 0.25`: numbers say what they are, but for the tolerance, whose unit follows."""
    if isinstance(value, str):
        return _WORDS.get(value, value)
    return f"{value:g}" if name == "tolerance" else f"{name} {value:g}"


_EXAMPLES = {"range": "[0, 10]", "points": "[apex, base]"}


def _what_it_has(rules: Kind) -> str:
    parts = [*rules.declares, *(["classes"] if rules.classes is not None else [])]
    return " and ".join(parts) or "a mask for each case"
