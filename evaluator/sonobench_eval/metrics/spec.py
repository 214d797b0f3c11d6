"""What a metric is, said as data: its name, range, direction, parameters, source, and where its function is.

Light on purpose: a challenge file is checked against these records, and the commands that only list metrics load no NumPy.
Declarations stand in `catalogue/`, one file a family; packages of others join through the entry points `sonobench.metrics`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Literal

Family = Literal["masks", "instances", "classes", "labels", "grades", "values", "boxes", "points"]
"""What a metric's function is given. The kinds of task that bring it: segmentation; instances; binary and multiclass;
multilabel; ordinal; regression; detection; keypoints."""

ParameterValue = float | int | str | bool | None


class MetricSpecError(ValueError):
    """A metric is used with parameters it does not have; the message says which and what it takes."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One setting of a metric.

    `default` None with `required` means that the challenge must say it; None without it means "off".
    Numbers lie in [low, high].
    """

    name: str
    kind: Literal["number", "whole", "choice"]
    summary: str
    default: ParameterValue = None
    required: bool = False
    choices: tuple[str, ...] = ()
    low: float = -math.inf
    high: float = math.inf

    def checked(self, metric: str, value: object) -> ParameterValue:
        """The value, as the metric's function takes it.

        Raises:
            MetricSpecError: it is of another kind or out of range.
        """
        if problem := self.problem(value):
            raise MetricSpecError(f"{metric}: {self.name} {problem}")
        if self.kind == "choice":
            return str(value)
        number = float(str(value))
        return int(number) if self.kind == "whole" else number

    def problem(self, value: object) -> str | None:
        """Why this value cannot be taken (`must be a number`); None where it can."""
        if self.kind == "choice":
            return None if value in self.choices else f"must be one of {', '.join(self.choices)}, not {value!r}"
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            return f"must be a {'whole ' if self.kind == 'whole' else ''}number"
        if self.kind == "whole" and value != int(value):
            return f"must be a whole number, not {value:g}"
        if not self.low <= value <= self.high:
            return f"must lie between {self.low:g} and {self.high:g}, not {value:g}"
        return None


@dataclass(frozen=True, slots=True)
class MetricSpec:
    """One metric.

    `function` and `reference` are `module:name`; the reference is other people's software, to check ours with.
    `low` and `high` bound the value (infinite where nothing does); `unit` is empty for pure numbers, and `value`
    where it is that of the task's own values.
    `fixed` are arguments that the function is given and nobody can change (`percentile=95` makes `hd95` of `hd`).
    `why_undefined` is the sentence for a value that does not exist. `intervals` are the confidence intervals it can have:
    the bootstrap's (`percentile`, `bca`), `delong` for an AUC, `wilson` and `exact` for a share of cases.
    """

    name: str
    title: str
    family: Family
    function: str
    summary: str
    source: str
    low: float = 0.0
    high: float = 1.0
    higher_is_better: bool = True
    unit: str = ""
    parameters: tuple[Parameter, ...] = ()
    fixed: Mapping[str, ParameterValue] = field(default_factory=dict)
    reference: str | None = None
    why_undefined: str = ""
    intervals: tuple[str, ...] = ("percentile", "bca")

    @property
    def best(self) -> float:
        return self.high if self.higher_is_better else self.low

    def arguments(self, given: Mapping[str, object]) -> dict[str, ParameterValue]:
        """What the function is called with: what a challenge gave, checked, defaults, and what is fixed.

        Raises:
            MetricSpecError: a parameter is unknown, missing, of another kind or out of range.
        """
        known = {parameter.name: parameter for parameter in self.parameters}
        if unknown := [name for name in given if name not in known]:
            takes = ", ".join(known) or "no parameters"
            raise MetricSpecError(f"{self.name} has no {unknown[0]}; it takes {takes}")
        if missing := [name for name, each in known.items() if each.required and given.get(name) is None]:
            raise MetricSpecError(f"{self.name} needs {', '.join(missing)}: {known[missing[0]].summary}")
        said = {
            name: each.default if given.get(name) is None else each.checked(self.name, given[name])
            for name, each in known.items()
        }
        return {**said, **self.fixed}

    def load(self, *, engine: Literal["fast", "reference"] = "fast") -> Callable[..., Any]:
        """The function, imported now.

        Raises:
            MetricSpecError: there is no reference implementation of it.
        """
        place = self.function if engine == "fast" else self.reference
        if place is None:
            raise MetricSpecError(
                f"{self.name} has no implementation of others to check with; leave it out, or use --engine fast"
            )
        module, _, name = place.partition(":")
        loaded: Callable[..., Any] = getattr(import_module(module), name)
        return loaded
