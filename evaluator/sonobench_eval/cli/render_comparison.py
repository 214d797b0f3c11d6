"""Paired comparisons as a table."""

from __future__ import annotations

from rich import box
from rich.table import Table
from rich.text import Text

from sonobench_eval.cli.render import plain
from sonobench_eval.ranking.comparison import Comparison, PairedScore
from sonobench_eval.report import figures


def comparison_table(comparison: Comparison) -> Table:
    """One line for each pair, task and metric; who is better beyond chance stands out."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("Task", "Metric", "First", "Second"):
        table.add_column(heading, overflow="fold")
    for heading in ("Values", "Difference", "CI", "p"):
        table.add_column(heading, justify="right")
    table.add_column("Better", overflow="fold")
    for each in comparison.scores:
        table.add_row(
            plain(each.task),
            figures.metric_label(each.metric),
            plain(each.first),
            plain(each.second),
            f"{figures.fixed(each.first_value, 3)} {figures.fixed(each.second_value, 3)}",
            _signed(each.difference),
            "" if each.ci_low is None or each.ci_high is None else f"{each.ci_low:+.3f} to {each.ci_high:+.3f}",
            _p(each),
            Text("") if each.better is None else plain(each.better),
        )
    return table


def _signed(value: float | None) -> str:
    return figures.NOT_MEASURED if value is None else f"{value:+.3f}"


def _p(each: PairedScore) -> str:
    if each.p_adjusted is None:
        return figures.NOT_MEASURED
    return "<0.001" if each.p_adjusted < 0.001 else f"{each.p_adjusted:.3f}"
