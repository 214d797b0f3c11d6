"""A table of results as challenges publish them, checked row by row, for `sonobench rank TABLE.csv`.

Columns: `team`; then any of

- `seg_rank`, `cls_rank`: ranks on the tasks of a kind, which `uusic25` needs
- `time_s`, `gpu_memory_gb`: where an empty cell means "not measured"
- metrics, which `sonobench-70-30` needs: `dsc`, `mean_dsc`, `mean_auc_binary`, `heart.nsd`: a metric's name, with `mean_` or a
  task and a point before it, or anything after an underscore. `..._low` and `..._high` are intervals and left alone.

Other columns are left alone, unless a custom tree names them.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sonobench_eval.ranking.records import Figures, TeamFigures

BYTES_PER_GB = 1e9
RANKS = ("seg_rank", "cls_rank")
MEASUREMENTS = ("time_s", "gpu_memory_gb")


class RankTableError(Exception):
    """The table cannot be ranked; the message names the line and the column."""


@dataclass(frozen=True, slots=True)
class _Line:
    """One row of the file and how to complain about it."""

    file: str
    number: int
    cells: dict[str, str]

    def number_in(self, column: str) -> float | None:
        text = self.cells.get(column, "").strip()
        if not text:
            return None
        try:
            value = float(text)
        except ValueError:
            raise self.complaint(column, f"{text!r} is not a number") from None
        if not math.isfinite(value):
            raise self.complaint(column, f"{text!r} is not a finite number")
        return value

    def complaint(self, column: str, what: str) -> RankTableError:
        return RankTableError(f"{self.file}, line {self.number}, column {column}: {what}")


def read_rank_table(path: Path) -> tuple[TeamFigures, ...]:
    """Read what `uusic25` needs of a CSV table, UTF-8, first line with the column names.

    Raises:
        RankTableError: the file is missing, is no such table, or a cell is not what it should be.
    """
    lines = _all_lines(path)
    if not any(column in lines[0].cells for column in RANKS):
        raise RankTableError(f"{path}, line 1: there is no column seg_rank or cls_rank; at least one is needed")
    return tuple(_figures(line, teams=len(lines)) for line in lines)


def read_figures(path: Path) -> Figures:
    """Read every column of numbers: ranks and memory under the names that schemes know them by, others under their own.

    Raises:
        RankTableError: the file is missing, is no such table, or a cell is not what it should be.
    """
    lines = _all_lines(path)
    known = [_figures(line, teams=len(lines)) for line in lines]
    values: dict[str, list[float | None]] = {
        name: [getattr(row, name) for row in known] for column, name in _NAMES.items() if column in lines[0].cells
    }
    for column in lines[0].cells:
        if column != "team" and column not in _NAMES and _has_numbers(column, lines):
            values[column] = [line.number_in(column) for line in lines]
    return Figures.of([row.team for row in known], values)


_NAMES = {
    "seg_rank": "segmentation_rank",
    "cls_rank": "classification_rank",
    "time_s": "time_s",
    "gpu_memory_gb": "gpu_memory_bytes",
}


def _has_numbers(column: str, lines: list[_Line]) -> bool:
    """Every cell is a number or empty, and not all are empty: text is nothing to rank by."""
    cells = [line.cells[column].strip() for line in lines]
    return any(cells) and all(_is_number(cell) for cell in cells if cell)


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _all_lines(path: Path) -> list[_Line]:
    lines = list(_lines(path))
    if not lines:
        raise RankTableError(f"{path} has no teams; write one line for each below the column names")
    _refuse_twice(lines)
    for column in RANKS:
        _refuse_gaps(lines, column)
    return lines


def _lines(path: Path) -> Iterator[_Line]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = _header(path, next(reader, []))
            for cells in reader:
                if cells:
                    yield _line(path, reader.line_num, header, cells)
    except OSError as error:
        raise RankTableError(f"{path} cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise RankTableError(f"{path} is not a CSV table in UTF-8: {error}") from error


def _header(path: Path, cells: list[str]) -> list[str]:
    header = [cell.strip() for cell in cells]
    if twice := [name for name in header if header.count(name) > 1]:
        raise RankTableError(f"{path}, line 1: column {twice[0]!r} stands twice")
    if "team" not in header:
        raise RankTableError(f"{path}, line 1: there is no column team; the first line names the columns")
    return header


def _line(path: Path, number: int, header: list[str], cells: list[str]) -> _Line:
    if len(cells) != len(header):
        raise RankTableError(f"{path}, line {number}: it has {len(cells)} cells, but there are {len(header)} columns")
    return _Line(str(path), number, dict(zip(header, cells, strict=True)))


def _refuse_twice(lines: list[_Line]) -> None:
    seen: dict[str, int] = {}
    for line in lines:
        team = line.cells["team"].strip()
        if not team:
            raise line.complaint("team", "the name is missing")
        if team in seen:
            raise line.complaint("team", f"{team!r} stands on line {seen[team]} already")
        seen[team] = line.number


def _refuse_gaps(lines: list[_Line], column: str) -> None:
    empty = [line for line in lines if not line.cells.get(column, "").strip()]
    if empty and len(empty) < len(lines):
        raise empty[0].complaint(column, "the rank is missing; give it for every team, or for none")


def _figures(line: _Line, *, teams: int) -> TeamFigures:
    segmentation, classification = (
        _within(line, column, lambda rank: 1 <= rank <= teams, f"ranks lie between 1 and {teams}, the number of teams")
        for column in RANKS
    )
    time_s, gpu_memory_gb = (
        _within(line, column, lambda amount: amount >= 0, "less than nothing cannot be measured") for column in MEASUREMENTS
    )
    return TeamFigures(
        team=line.cells["team"].strip(),
        segmentation_rank=segmentation,
        classification_rank=classification,
        time_s=time_s,
        gpu_memory_bytes=None if gpu_memory_gb is None else gpu_memory_gb * BYTES_PER_GB,
    )


def _within(line: _Line, column: str, allowed: Callable[[float], bool], rule: str) -> float | None:
    value = line.number_in(column)
    if value is not None and not allowed(value):
        raise line.complaint(column, f"{value:g} is out of range: {rule}")
    return value
