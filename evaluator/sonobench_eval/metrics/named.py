"""The metrics there are, found by family and name: ours, and those that other packages bring.

Another package joins through an entry point of the group `sonobench.metrics`, which names a `MetricSpec` or a list of
them. It cannot take the name of one of ours.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import Literal, get_args

from sonobench_eval.metrics.spec import Family, MetricSpec, MetricSpecError

EngineName = Literal["fast", "reference"]
"""`fast` is ours; `reference` is other people's software, to check it with."""

GROUP = "sonobench.metrics"
FAMILIES: tuple[Family, ...] = get_args(Family)


@cache
def specs_of(family: Family) -> dict[str, MetricSpec]:
    """Every metric of a family by its name, ours first.

    Raises:
        MetricSpecError: a package brings a metric that is already there, or something that is none.
    """
    ours: tuple[MetricSpec, ...] = import_module(f"sonobench_eval.metrics.catalogue.{family}").METRICS
    found = {spec.name: spec for spec in ours}
    for name, package, spec in _of_others():
        if spec.family != family:
            continue
        if spec.name in found:
            raise MetricSpecError(f"the entry point {name} of {package} brings a metric {spec.name!r}, which is already there")
        found[spec.name] = spec
    return found


def spec_named(family: Family, name: str) -> MetricSpec:
    """The metric of that name.

    Raises:
        MetricSpecError: there is none in this family; the message says which there are.
    """
    known = specs_of(family)
    if name in known:
        return known[name]
    near = get_close_matches(name, known, n=1, cutoff=0.6)
    hint = f"did you mean {near[0]}?" if near else f"choose from {', '.join(sorted(known))}"
    raise MetricSpecError(f"{name} is not a metric of {family}; {hint}")


@cache
def _of_others() -> tuple[tuple[str, str, MetricSpec], ...]:
    """(entry point, package, metric) of every package that brings metrics."""
    found = []
    for point in entry_points(group=GROUP):
        package = point.dist.name if point.dist is not None else point.value
        loaded = point.load()
        for spec in loaded if isinstance(loaded, Iterable) else (loaded,):
            if not isinstance(spec, MetricSpec):
                raise MetricSpecError(f"the entry point {point.name} of {package} is no MetricSpec")
            found.append((point.name, package, spec))
    return tuple(found)
