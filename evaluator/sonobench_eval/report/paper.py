"""Tables as papers print them: one record from which CSV, LaTeX and HTML are made, so that all three say the same.

A table says for each column how many decimals its numbers are printed with. Its CSV has either the numbers as they are
printed (the tables of a paper, so that they can be compared with it digit by digit) or all digits (all others).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from sonobench_eval.evaluation import GeneralisationGap, MetricScore
from sonobench_eval.report.figures import column_decimals
from sonobench_eval.report.tables import Cell, csv_text


class Estimate(NamedTuple):
    """A number with its confidence interval; None where there is none."""

    value: float | None
    low: float | None = None
    high: float | None = None

    @classmethod
    def of(cls, score: MetricScore | GeneralisationGap | None) -> Estimate:
        return cls(None) if score is None else cls(score.value, score.ci_low, score.ci_high)


class Span(NamedTuple):
    """From one whole number to another: a range of ranks."""

    low: int | None
    high: int | None


PaperCell = str | int | float | Estimate | Span | None


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `name` is its name in CSV (an interval adds `name_low` and `name_high`), `heading` is for people.

    `decimals` are those that numbers are printed with. `best` says which end is printed bold.
    """

    name: str
    heading: str
    kind: Literal["text", "team", "whole", "number", "estimate", "span"] = "text"
    decimals: int = 3
    best: Literal["higher", "lower"] | None = None

    @property
    def is_numeric(self) -> bool:
        return self.kind not in {"text", "team"}


@dataclass(frozen=True, slots=True)
class PaperTable:
    """A table. `name` is that of its files; `caption` says what it shows; `notes` must stand below it.

    `digits` of its CSV: `printed` ones, or `all`.
    """

    name: str
    title: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[PaperCell, ...], ...]
    notes: tuple[str, ...] = ()
    digits: Literal["all", "printed"] = "all"


class Printed(NamedTuple):
    """A cell for people: the number or the text, its interval, and whether it is the best of its column."""

    text: str
    interval: str = ""
    is_best: bool = False


def percent(share: float) -> str:
    """`95 %`."""
    return f"{100 * share:g}\u00a0%"


def estimate_column(
    name: str, heading: str, scores: Iterable[MetricScore | None], *, decimals: int | None = None, gap: bool = False
) -> Column:
    """A column of a metric, with the decimals its intervals support; the best is bold but where it is a gap."""
    known = [score for score in scores if score is not None]
    best: Literal["higher", "lower"] = "lower" if known and not known[0].higher_is_better else "higher"
    return Column(name, heading, "estimate", column_decimals(known) if decimals is None else decimals, None if gap else best)


def paper_csv(table: PaperTable) -> str:
    """The table as CSV: a line for each row, columns as `Column.name` has them, formulas guarded."""
    names = [name for column in table.columns for name in _csv_names(column)]
    lines = [
        {
            name: cell
            for column, value in zip(table.columns, row, strict=True)
            for name, cell in zip(_csv_names(column), _csv_cells(table, column, value), strict=True)
        }
        for row in table.rows
    ]
    return csv_text(lines, names)


def printed(table: PaperTable) -> Iterator[list[Printed]]:
    """Every row for people; empty where there is no value. Numbers have an ASCII minus."""
    best = [_best(column, [row[at] for row in table.rows]) for at, column in enumerate(table.columns)]
    for row in table.rows:
        yield [_printed(column, cell, top) for column, cell, top in zip(table.columns, row, best, strict=True)]


def _printed(column: Column, cell: PaperCell, best: str | None) -> Printed:
    text = printed_value(column, cell)
    interval = ""
    if isinstance(cell, Estimate) and cell.value is not None and cell.low is not None and cell.high is not None:
        interval = f"[{_fixed(cell.low, column.decimals)}, {_fixed(cell.high, column.decimals)}]"
    return Printed(text, interval, best is not None and text == best)


def printed_value(column: Column, cell: PaperCell) -> str:
    """The cell without its interval, as it is printed."""
    if isinstance(cell, Span):
        if cell.low is None or cell.high is None:
            return ""
        return str(cell.low) if cell.low == cell.high else f"{cell.low}\u2013{cell.high}"
    value = cell.value if isinstance(cell, Estimate) else cell
    if value is None:
        return ""
    if isinstance(value, str) or column.kind == "whole":
        return str(value)
    return _fixed(value, column.decimals)


def _best(column: Column, cells: Sequence[PaperCell]) -> str | None:
    """The best value as it is printed, so that what looks the same is treated the same; None where nothing is better."""
    texts = {text for cell in cells if (text := printed_value(column, cell))}
    if column.best is None or len(texts) < 2:
        return None
    return (max if column.best == "higher" else min)(texts, key=float)


def _csv_names(column: Column) -> list[str]:
    if column.kind == "span":
        return [f"{column.name}_low", f"{column.name}_high"]
    return [column.name, f"{column.name}_low", f"{column.name}_high"] if column.kind == "estimate" else [column.name]


def _csv_cells(table: PaperTable, column: Column, cell: PaperCell) -> list[Cell]:
    if column.kind == "span":
        return list(cell) if isinstance(cell, Span) else [None, None]
    if column.kind == "estimate":
        numbers: list[Cell] = list(cell) if isinstance(cell, Estimate) else [None, None, None]
    else:
        numbers = [cell] if not isinstance(cell, Estimate | Span) else [None]
    if table.digits == "all" or column.kind not in {"number", "estimate"}:
        return numbers
    return [_fixed(number, column.decimals) if isinstance(number, int | float) else number for number in numbers]


def _fixed(value: float, decimals: int) -> str:
    """With an ASCII minus, and none before a zero."""
    text = f"{value:.{decimals}f}"
    return text.lstrip("-") if float(text) == 0 else text
