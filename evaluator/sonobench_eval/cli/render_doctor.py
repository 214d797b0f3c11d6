"""A node's examination as rich renderables: one line for each check, grouped; below, what to do about those that need it."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sonobench_eval.cli.render import plain
from sonobench_eval.doctor.report import Check, Kind, NodeReport, Verdict

_GROUPS: tuple[tuple[Kind, str], ...] = (
    ("fact", "The node"),
    ("isolation", "What a hostile container could see and do"),
    ("limit", "What a hostile container could use up"),
)
_MARKS: dict[Verdict, tuple[str, str]] = {
    "ok": ("✓", "green"),
    "warn": ("!", "yellow"),
    "bad": ("✗", "red"),
    "unknown": ("?", "yellow"),
}
_NAME_WIDTH = 28


def node_report(report: NodeReport) -> RenderableType:
    """The whole report, with its conclusion last."""
    parts: list[RenderableType] = [_heading(report)]
    for kind, title in _GROUPS:
        if checks := [check for check in report.checks if check.kind == kind]:
            parts += [Text(f"\n{title}", style="bold"), _lines(checks)]
    if cures := [check for check in report.checks if check.cure]:
        parts += [Text("\nWhat to do", style="bold"), _cures(cures)]
    return Group(*parts, Text(), _conclusion(report))


def _heading(report: NodeReport) -> Text:
    return plain(f"{report.engine}, runtime {report.runtime}")


def _lines(checks: Sequence[Check]) -> Table:
    grid = _grid()
    for check in checks:
        found = plain(check.found)
        found.stylize("dim" if check.verdict == "ok" else "")
        grid.add_row(_mark(check), plain(check.name), found)
    return grid


def _cures(checks: Sequence[Check]) -> Table:
    grid = _grid()
    for check in sorted(checks, key=lambda check: check.holds):
        grid.add_row(_mark(check), plain(check.name), plain(check.cure))
    return grid


def _grid() -> Table:
    grid = Table.grid(padding=(0, 1), expand=True)
    grid.add_column(width=1)
    grid.add_column(width=_NAME_WIDTH, overflow="fold")
    grid.add_column(ratio=1, overflow="fold")
    return grid


def _mark(check: Check) -> Text:
    mark, style = _MARKS[check.verdict]
    return Text(mark, style=style)


def _conclusion(report: NodeReport) -> Text:
    if not report.probed:
        return Text("Nothing was tried; whether limits bite here is not known.", style="yellow")
    if not report.is_safe:
        named = ", ".join(check.name for check in report.open_doors)
        return Text("✗ ", style="red").append(plain(f"Hidden data must not come here: {named}.").plain, style="bold")
    to_mend = sum(check.verdict in {"warn", "unknown"} for check in report.checks)
    later = f" {to_mend} {'thing is' if to_mend == 1 else 'things are'} worth a look." if to_mend else ""
    return Text("✓ ", style="green").append("Hidden data may come here.", style="bold").append(later, style="not bold")
