"""What every view of a leaderboard shares, page or terminal: which mean columns there are, and the sentences it must show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sonobench_eval.evaluation import MetricScore
from sonobench_eval.ranking.leaderboard import Leaderboard, Row
from sonobench_eval.report.figures import metric_label

RANK_RANGE_NOTE = "A rank range says how stable a rank is when the test cases are resampled; it is not a test of difference."

MeanKey = tuple[str, str]
"""Which mean: its metric's name and definition (two tolerances of one metric are two columns)."""


def mean_keys(rows: Iterable[Row]) -> list[MeanKey]:
    """The means that stand in any row, in the order they are first met."""
    return list(dict.fromkeys((mean.name, mean.definition) for row in rows for mean in row.means))


def mean_of(row: Row, key: MeanKey) -> MetricScore | None:
    return next((mean for mean in row.means if (mean.name, mean.definition) == key), None)


def mean_headings(keys: Sequence[MeanKey]) -> list[str]:
    """`DSC`; with the definition where one metric stands in two columns."""
    names = [name for name, _ in keys]
    return [metric_label(name) if names.count(name) == 1 else _with_definition(name, what) for name, what in keys]


def board_notes(board: Leaderboard) -> list[str]:
    """The sentences a board must show: dropped dimensions, its own notes, how to read the rank range."""
    notes = list(board.notes)
    said = " ".join(notes)
    notes = [_dropped(drop.dimension, drop.reason) for drop in board.dropped if drop.reason not in said] + notes
    if any(row.rank_low is not None for row in board.rows):
        notes.append(RANK_RANGE_NOTE)
    return notes


def _dropped(dimension: str, reason: str) -> str:
    return f"{dimension[:1].upper()}{dimension[1:]} does not count in this ranking: {reason.rstrip('.')}."


_KINDS = {"": "binary", "multiclass": "multiclass", "one-vs-rest macro": "multiclass"}


def _with_definition(name: str, definition: str) -> str:
    """`AUC binary`, `AUC multiclass`; the definition itself where it says something else (`NSD pixel 2 px`)."""
    detail = definition.removeprefix(name).strip()
    return f"{metric_label(name)} {_KINDS.get(detail, detail)}"
