"""Tables that organisers keep in spreadsheets: read whatever a spreadsheet writes, and written so that none runs a cell.

Commas, semicolons or tabs; a byte order mark; CR LF; quoted cells; blank lines. Every problem names its line.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sonobench_eval.challenge.errors import ChallengeError, Problem

MAX_BYTES = 512 * 2**20
MOST_ROWS = 1_000_000
LONGEST_CELL = 100_000
_DELIMITERS = ",;\t"
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row: the line of the file on which it ends, and its cells by column, without spaces around them."""

    line: int
    cells: Mapping[str, str]


def read_table(path: Path, *, required: Sequence[str], known: Iterable[str], prefixes: Sequence[str] = ()) -> list[TableRow]:
    """Every row of a CSV file.

    Args:
        required: columns that must be there.
        known: all columns that may be there; `prefixes` begin further ones (`group.`).

    Raises:
        ChallengeError: it is not there, is no such table, or lacks a column; one line for each problem.
    """
    reader = csv.reader(io.StringIO(text := _text(path), newline=""), delimiter=_delimiter(text), strict=True)
    problems: list[Problem] = []
    header: list[str] = []
    rows: list[TableRow] = []
    for line, cells in _lines(reader, path):
        if not header:
            header = cells
            problems += _header_problems(cells, required, set(known), prefixes, line)
            if problems:
                break
        elif len(cells) != len(header):
            problems.append(Problem((), f"has {len(cells)} cells, and there are {len(header)} columns", line))
        else:
            rows.append(TableRow(line, {name: unguarded(cell) for name, cell in zip(header, cells, strict=True)}))
    if not header or (not rows and not problems):
        problems.append(Problem((), "there are no rows; the first line names the columns"))
    if problems:
        raise ChallengeError.of(path.name, problems)
    return rows


def write_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """The text of a CSV file (RFC 4180). Texts that a spreadsheet would run get an apostrophe in front."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([guarded(cell) for cell in row] for row in rows)
    return text.getvalue()


def guarded(cell: object) -> object:
    """The cell, with an apostrophe in front where a spreadsheet would take it for a formula."""
    if isinstance(cell, str) and cell.startswith(_FORMULA_STARTS) and not _is_number(cell):
        return f"'{cell}"
    return "" if cell is None else cell


def unguarded(cell: str) -> str:
    """What `guarded` made, as it was."""
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(_FORMULA_STARTS) else cell


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text)) and text == text.strip()
    except ValueError:
        return False


def _lines(reader: Iterator[list[str]], path: Path) -> Iterator[tuple[int, list[str]]]:
    """Rows with the line they end on; blank ones are left out, also those that a spreadsheet writes as `;;;`."""
    csv.field_size_limit(LONGEST_CELL)
    count = 0
    try:
        for cells in reader:
            stripped = [cell.strip() for cell in cells]
            if not any(stripped):
                continue
            count += 1
            if count > MOST_ROWS + 1:
                raise ChallengeError(f"{path.name}: has more than {MOST_ROWS:,} rows; divide it into several challenges")
            yield reader.line_num, stripped  # type: ignore[attr-defined]
    except csv.Error as error:
        line = reader.line_num  # type: ignore[attr-defined]
        raise ChallengeError(f"{path.name}:{line}: is not CSV: {error}; save the table anew as CSV (UTF-8)") from error


def _header_problems(
    cells: Sequence[str], required: Sequence[str], known: set[str], prefixes: Sequence[str], line: int
) -> Iterator[Problem]:
    for name in dict.fromkeys(cells):
        if not name:
            yield Problem((), "a column has no name", line)
        elif cells.count(name) > 1:
            yield Problem((), f"the column {name!r} is there {cells.count(name)} times", line)
        elif name not in known and not name.startswith(tuple(prefixes) or ("\0",)):
            yield Problem((), f"the column {name!r} is not known; known are {', '.join(sorted(known))}", line)
    for name in required:
        if name not in cells:
            yield Problem((), f"the column {name!r} is missing", line)


def _delimiter(text: str) -> str:
    """The one that divides the first line that has anything on it into most parts."""
    first = next((line for line in text.splitlines()[:100] if line.strip(" ;,\t")), "")
    return max(_DELIMITERS, key=first.count)


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise ChallengeError(f"{path}: there is no such file; give the path of a CSV file") from error
    except OSError as error:
        raise ChallengeError(f"{path}: cannot be read: {error.strerror}") from error
    if len(data) > MAX_BYTES:
        raise ChallengeError(f"{path}: is larger than {MAX_BYTES // 2**20} MiB, which no list of cases is")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise ChallengeError(f"{path.name}: is UTF-16; save it as CSV (UTF-8)")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ChallengeError(f"{path.name}:{line}: the file is not UTF-8; save it as CSV (UTF-8)") from error
    if "\0" in text:
        raise ChallengeError(f"{path.name}: has zero bytes in it, so it is no CSV file")
    return text
