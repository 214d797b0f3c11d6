"""CSV from strangers: UTF-8, one line of column names, and rows that stand or fall alone.

What is accepted beyond the letter: a byte order mark (spreadsheets write one), and empty lines. A broken quote, a
column that stands twice or a missing column of names costs the whole file, as nobody could say which cell is whose.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import NamedTuple

from sonobench_eval.contract.fields import Row
from sonobench_eval.contract.judging import Cell, Unusable
from sonobench_eval.io.findings import FindingCode
from sonobench_eval.io.strict_json import shown

DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t"}
_MOST_COLUMNS = 2000


class TableRefused(ValueError):
    """No case can be read from the table; the message is safe to show to whoever wrote it."""


class Line(NamedTuple):
    """A row: what it calls its case, and its cells, or why they cannot be used."""

    key: str | None
    row: Row | Unusable


def read_table(data: bytes, *, id_column: str, delimiter: str) -> Iterator[Line]:
    """The rows of a table, in their order. A row that does not say whose it is has no key.

    Raises:
        TableRefused: (before the first row or on the way) it is no table, or has no such column.
    """
    reader = csv.reader(io.StringIO(_text(data), newline=""), delimiter=delimiter, strict=True)
    try:
        columns = _columns(next(reader, []), id_column)
        at = columns.index(id_column)
        for cells in reader:
            if cells:
                yield Line((cells[at].strip() or None) if at < len(cells) else None, _row(columns, cells, reader.line_num))
    except csv.Error as error:
        raise TableRefused(f"line {reader.line_num}: {error}") from error


def _text(data: bytes) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TableRefused(f"byte {error.start} is not UTF-8") from error
    if "\0" in text:
        raise TableRefused("it has a NUL byte")
    return text


def _columns(first: list[str], id_column: str) -> list[str]:
    columns = [name.strip() for name in first]
    if len(columns) > _MOST_COLUMNS:
        raise TableRefused(f"it has {len(columns):,} columns; at most {_MOST_COLUMNS:,} are read")
    if len(set(columns)) != len(columns):
        twice = next(name for name in columns if columns.count(name) > 1)
        raise TableRefused(f"the column {shown(twice, longest=40)} stands twice")
    if id_column not in columns:
        raise TableRefused(f"there is no column {id_column}")
    return columns


def _row(columns: list[str], cells: list[str], line: int) -> Row | Unusable:
    if len(cells) != len(columns):
        return Unusable(FindingCode.MALFORMED_ENTRY, f"line {line} has {len(cells):,} cells instead of {len(columns)}")
    return Row({name: Cell(cell) for name, cell in zip(columns, cells, strict=True) if cell.strip()})
