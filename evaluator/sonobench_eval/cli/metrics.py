"""`sonobench metrics`: every metric there is, with what it means, its settings and its source."""

from __future__ import annotations

import json as json_module
from typing import TYPE_CHECKING, Annotated, Any

import typer

from sonobench_eval.cli.console import show, write_data
from sonobench_eval.cli.exits import CommandError, ExitCode
from sonobench_eval.cli.scoring import PANEL

if TYPE_CHECKING:
    from sonobench_eval.metrics.spec import MetricSpec, Parameter

SCHEMA = "sonobench.metrics/1"

NameArgument = Annotated[str | None, typer.Argument(metavar="[NAME]", help="One metric, with everything about it.")]
KindOption = Annotated[str | None, typer.Option("--kind", metavar="KIND", help="Only metrics for this kind of task.")]
JsonOption = Annotated[bool, typer.Option("--json", help="As JSON on stdout.")]


def register(app: typer.Typer) -> None:
    app.command("metrics", rich_help_panel=PANEL)(metrics_command)


def metrics_command(name: NameArgument = None, *, kind: KindOption = None, json: JsonOption = False) -> None:
    """List the metrics that a challenge can ask for, those of installed plug-ins among them.

    Examples:

        sonobench metrics --kind segmentation

        sonobench metrics nsd
    """
    chosen = [spec for spec in _specs(kind) if name is None or spec.name == name]
    if not chosen:
        asked = f"metric {name!r}" if kind is None else f"metric {name!r} for {kind} tasks"
        raise CommandError(f"There is no {asked}; `sonobench metrics` lists those there are.", ExitCode.NOT_FOUND)
    if json:
        write_data(json_module.dumps({"schema": SCHEMA, "metrics": [_document(spec) for spec in chosen]}, indent=1), None)
    elif name is None:
        _show_table(chosen)
    else:
        for spec in chosen:
            _show_one(spec)


def _specs(kind: str | None) -> list[MetricSpec]:
    from sonobench_eval.challenge.kinds import KINDS
    from sonobench_eval.metrics.named import FAMILIES, specs_of

    rules = {str(name): each for name, each in KINDS.items()}
    if kind is not None and kind not in rules:
        raise CommandError(f"There is no kind of task {kind!r}; choose from {', '.join(rules)}.", ExitCode.USAGE)
    families = FAMILIES if kind is None else (rules[kind].family,)
    return [spec for family in families for spec in specs_of(family).values()]


def _kinds(spec: MetricSpec) -> list[str]:
    from sonobench_eval.challenge.kinds import KINDS

    return [name for name, rules in KINDS.items() if rules.family == spec.family]


def _document(spec: MetricSpec) -> dict[str, Any]:
    finite = {"low": spec.low, "high": spec.high}
    return {
        "name": spec.name,
        "title": spec.title,
        "kinds": _kinds(spec),
        "summary": spec.summary,
        **{name: value if abs(value) != float("inf") else None for name, value in finite.items()},
        "higher_is_better": spec.higher_is_better,
        "unit": spec.unit,
        "intervals": list(spec.intervals),
        "parameters": [_parameter_document(parameter) for parameter in spec.parameters],
        "has_reference": spec.reference is not None,
        "source": spec.source,
    }


def _parameter_document(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "kind": parameter.kind,
        "summary": parameter.summary,
        "required": parameter.required,
        "default": parameter.default,
        "choices": list(parameter.choices),
    }


def _show_table(specs: list[MetricSpec]) -> None:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("Name", "What it is", "Tasks", "Range", "Best", "Settings"):
        table.add_column(heading)
    for spec in specs:
        settings = ", ".join(parameter.name for parameter in spec.parameters)
        table.add_row(spec.name, spec.title, ", ".join(_kinds(spec)), _range(spec), _best(spec), settings)
    show(table)


def _show_one(spec: MetricSpec) -> None:
    from rich.text import Text

    lines = [
        f"{spec.name}: {spec.title} ({', '.join(_kinds(spec))})",
        f"  {spec.summary}",
        f"  Range {_range(spec)}, {_best(spec)} is best.",
        *(f"  {_setting(parameter)}" for parameter in spec.parameters),
        f"  Intervals: {', '.join(spec.intervals)}.",
        f"  Source: {spec.source}",
    ]
    show(Text("\n".join(lines)))


def _setting(parameter: Parameter) -> str:
    takes = f" ({' | '.join(parameter.choices)})" if parameter.choices else ""
    default = "required" if parameter.required else "off" if parameter.default is None else f"default {parameter.default}"
    return f"{parameter.name}{takes}: {parameter.summary}; {default}"


def _range(spec: MetricSpec) -> str:
    bounds = ["-inf" if spec.low == float("-inf") else f"{spec.low:g}", "inf" if spec.high == float("inf") else f"{spec.high:g}"]
    return f"{bounds[0]} to {bounds[1]}{f' {spec.unit}' if spec.unit else ''}"


def _best(spec: MetricSpec) -> str:
    if abs(spec.best) == float("inf"):
        return "highest" if spec.higher_is_better else "lowest"
    return f"{spec.best:g}"
