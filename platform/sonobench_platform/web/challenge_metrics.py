"""The metrics that a challenge uses, each with its formula, its range, and what its parameters are here."""

from __future__ import annotations

from collections.abc import Iterator
from math import isinf

from markupsafe import Markup

from sonobench_eval.challenge.model import Challenge, Metric, Task
from sonobench_eval.metrics.spec import MetricSpec, ParameterValue
from sonobench_eval.report import figures
from sonobench_platform.web.contexts_challenge import MetricEntry
from sonobench_platform.web.formulas import formula_of
from sonobench_platform.web.mathml import mathml
from sonobench_platform.web.rules import metric_words
from sonobench_platform.web.texts import _
from sonobench_platform.web.wording import joined, shown_name

_LEFT_OUT = frozenset({"unit"})
_OF_MANY_CLASSES = frozenset({"multiclass", "average"})
"""Parameters that say nothing of a task with two classes."""


def metric_entries(challenge: Challenge) -> tuple[MetricEntry, ...]:
    """One entry for each metric as it is defined: the same name with another tolerance is another metric."""
    used: dict[tuple[str, str], list[tuple[Task, Metric]]] = {}
    for task in challenge.tasks:
        for metric in task.metrics:
            used.setdefault((task.rules.family, task.definition(metric)), []).append((task, metric))
    return tuple(_entry(number, uses) for number, uses in enumerate(used.values(), 1))


def _entry(number: int, uses: list[tuple[Task, Metric]]) -> MetricEntry:
    task, metric = uses[0]
    spec = task.spec(metric)
    formula = formula_of(spec)
    return MetricEntry(
        anchor=f"metric-{number}",
        title=shown_name(spec.title),
        name=metric_words(metric),
        summary=_sentence(shown_name(spec.summary)),
        formula=Markup("") if formula is None else mathml(formula.notation),
        letters="" if formula is None else formula.letters,
        facts=tuple(_facts(task, metric, spec)),
        tasks=joined([shown_name(each.title or each.id) for each, _metric in uses]),
        source=shown_name(spec.source),
    )


def _facts(task: Task, metric: Metric, spec: MetricSpec) -> Iterator[tuple[str, str]]:
    yield _("Range"), _range(spec)
    yield _("Direction"), _direction(spec)
    yield _("Unit"), _unit(task, metric, spec)
    left_out = _LEFT_OUT | (_OF_MANY_CLASSES if task.kind == "binary" else frozenset())
    for parameter in spec.parameters:
        value = task.arguments(metric).get(parameter.name)
        if value is not None and parameter.name not in left_out:
            unit = f" {metric.unit}" if parameter.name == "tolerance" and metric.unit else ""
            yield parameter.name.replace("_", " ").capitalize(), f"{_value(value)}{unit} ({parameter.summary})"
    if task.rules.family == "masks":
        yield _("No value"), _("Where a mask holds nothing; what counts then stands under missing and empty results.")
    elif spec.why_undefined:
        yield _("No value"), _sentence(_("where {reason}").format(reason=spec.why_undefined))


def _range(spec: MetricSpec) -> str:
    if isinf(spec.low) and isinf(spec.high):
        return _("any number")
    if isinf(spec.high):
        return _("{low} or more").format(low=_number(spec.low))
    if isinf(spec.low):
        return _("{high} or less").format(high=_number(spec.high))
    return _("{low} to {high}").format(low=_number(spec.low), high=_number(spec.high))


def _direction(spec: MetricSpec) -> str:
    direction = _("higher is better") if spec.higher_is_better else _("lower is better")
    return (
        direction if isinf(spec.best) else _("{direction}; {value} is best").format(direction=direction, value=_number(spec.best))
    )


def _unit(task: Task, metric: Metric, spec: MetricSpec) -> str:
    """That of the task's own values, the one chosen of several, the metric's own, or none."""
    if spec.unit == "value":
        return task.value_unit or _("that of the values")
    if spec.unit and metric.unit:
        return metric.unit
    return spec.unit or _("none: a pure number")


def _value(value: ParameterValue) -> str:
    if isinstance(value, int | float):
        return f"{value:g}"
    return {"ovr": _("one-vs-rest"), "ovo": _("one-vs-one")}.get(str(value), shown_name(str(value)))


def _number(value: float) -> str:
    return f"{value:g}".replace("-", figures.MINUS)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."
