"""Rows as CSV that a spreadsheet cannot take for formulas: text that would begin one gets an apostrophe, numbers stay numbers."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence

Cell = str | int | float | bool | None

# What Excel, LibreOffice or Google Sheets takes for the beginning of a formula, full-width forms too.
_STARTERS = tuple("=+-@\t\r\n|%\uff1d\uff0b\uff0d\uff20")

# Where a comma is the decimal sign, they split lines at semicolons, whatever quotes say: a text may hold cells of its own.
_INNER = re.compile(r"(;[ \u00a0\ufeff\u200b\0\"]*)(?=[=+\-@|%\uff1d\uff0b\uff0d\uff20])")


def csv_lines(headings: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    """A heading and one line per row, by RFC 4180. None is an empty cell, a truth value `true` or `false`."""
    kept = io.StringIO()
    writer = csv.writer(kept)
    writer.writerow(headings)
    yield _taken(kept)
    for row in rows:
        writer.writerow([_cell(each) for each in row])
        yield _taken(kept)


def harmless(text: str) -> str:
    """Text that no spreadsheet runs: with an apostrophe before what would begin a formula, spaces before it or not."""
    within = _INNER.sub(r"\1'", text)
    return f"'{within}" if text.lstrip(" \u00a0\ufeff\u200b\0").startswith(_STARTERS) else within


def _cell(value: Cell) -> str | int | float:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str():
            return harmless(value)
    return value


def _taken(kept: io.StringIO) -> str:
    text = kept.getvalue()
    kept.seek(0)
    kept.truncate()
    return text
