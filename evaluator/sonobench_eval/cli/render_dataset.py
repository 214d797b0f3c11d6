"""What is wrong with a data set, as a table for a terminal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.table import Table

from sonobench_eval.cli.render import plain

if TYPE_CHECKING:
    from sonobench_eval.challenge.verify_data import DatasetFinding

_COLOURS = {"error": "red", "warning": "yellow"}


def findings_table(findings: Iterable[DatasetFinding]) -> Table:
    """One line for each finding."""
    table = Table(box=None, pad_edge=False)
    for heading in ("", "What", "Row", "Phase", "Case or file", "Why"):
        table.add_column(heading, overflow="fold", no_wrap=heading in {"", "What", "Row"})
    for each in findings:
        row = "" if each.row is None else str(each.row)
        where = each.case or each.path
        level = f"[{_COLOURS[each.level]}]{each.level}[/]"
        table.add_row(level, each.code, row, plain(each.phase), plain(where), plain(each.sentence))
    return table
