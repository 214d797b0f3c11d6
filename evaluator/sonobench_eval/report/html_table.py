"""Tables as HTML that says what it means: a caption, headings with their scope, names that cannot turn a line around."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from sonobench_eval.report.charts.labels import plain
from sonobench_eval.report.figures import MINUS, NOT_MEASURED
from sonobench_eval.report.paper import Column, PaperTable, Printed, printed


def html_text(text: str) -> str:
    """The text as it is shown: nothing of it is markup, and nothing turns a line around."""
    return escape(plain(text), quote=True)


def html_table(table: PaperTable) -> str:
    """The table in a region of its own that scrolls where it is wider than the page, and its notes below it."""
    head = "".join(_heading(column) for column in table.columns)
    row_heading = next((at for at, column in enumerate(table.columns) if column.kind == "team"), 0)
    body = "\n".join(_row(table.columns, row, row_heading) for row in printed(table))
    notes = "".join(f"<li>{html_text(note)}</li>" for note in table.notes)
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{html_text(table.title)}">\n'
        f"<table>\n<caption><span>{html_text(table.caption)}</span></caption>\n"
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>\n</div>\n"
        + (f'<ul class="notes">{notes}</ul>\n' if notes else "")
    )


def _heading(column: Column) -> str:
    side = "" if column.is_numeric else ' class="text"'
    return f'<th scope="col"{side}><bdi>{html_text(column.heading)}</bdi></th>'


def _row(columns: Sequence[Column], row: Sequence[Printed], row_heading: int) -> str:
    cells = [
        f'<th scope="row" class="text">{_content(cell)}</th>'
        if at == row_heading
        else f"<td{_side(column)}>{_content(cell)}</td>"
        for at, (column, cell) in enumerate(zip(columns, row, strict=True))
    ]
    return f"<tr>{''.join(cells)}</tr>"


def _side(column: Column) -> str:
    return "" if column.is_numeric else ' class="text"'


def _content(cell: Printed) -> str:
    if not cell.text:
        return f'<span class="none">{NOT_MEASURED}</span>'
    shown = f"<bdi>{html_text(_with_minus(cell.text))}</bdi>"
    if cell.is_best:
        shown = f"<strong>{shown}</strong>"
    return shown + (f' <span class="interval">{_with_minus(cell.interval)}</span>' if cell.interval else "")


def _with_minus(text: str) -> str:
    """A true minus before numbers; names keep their hyphens."""
    return text.replace("-", MINUS) if set(text) <= set("0123456789.,-[] ") else text
