"""Tables 1 and 2 of the UUSIC25 paper (arXiv 2512.17279) from one's own results, column for column.

Table 1: ranks, time, memory, and the means of DSC, of the AUC of the binary tasks and of the AUC of the tasks with more
classes (there: molecular subtype). Table 2: the latter inside and outside of the centers that training data came from.
"""

from __future__ import annotations

from collections.abc import Iterator

from sonobench_eval.evaluation import MetricScore
from sonobench_eval.ranking.leaderboard import Leaderboard, Row, TaskColumn
from sonobench_eval.report.paper import Column, Estimate, PaperCell, PaperTable, percent

DECIMALS = 3
_GB = 10**9
_RANK = Column("rank", "Rank", "whole")
_TEAM = Column("team", "Team", "team")


def _auc(name: str, heading: str) -> Column:
    return Column(name, heading, "estimate", DECIMALS, "higher")


_TABLE_1 = (
    _RANK,
    _TEAM,
    Column("seg_rank", "Seg. rank", "whole"),
    Column("cls_rank", "Cls. rank", "whole"),
    Column("time_s", "Time (s)", "number", 2, "lower"),
    Column("gpu_memory_gb", "GPU memory (GB)", "number", 2, "lower"),
    Column("mean_dsc", "Mean DSC", "estimate", DECIMALS, "higher"),
    _auc("mean_auc_binary", "Mean AUC, binary"),
    _auc("mean_auc_subtype", "Mean AUC, subtype"),
)
_TABLE_2 = (
    _RANK,
    _TEAM,
    _auc("auc_internal", "AUC, internal"),
    _auc("auc_external", "AUC, external"),
    Column("gap", "Gap", "number", DECIMALS),
)


def uusic25_tables(board: Leaderboard) -> Iterator[PaperTable]:
    """Those of the two that the board has any figures for."""
    rows = [_table_1_row(row) for row in board.rows]
    if any(isinstance(cell, Estimate) and cell.value is not None for row in rows for cell in row):
        yield _table(
            "table1",
            "Table 1 as in the UUSIC25 paper",
            f"Ranking of {board.title}: inference time, peak GPU memory and means over tasks with "
            f"{percent(board.confidence)} intervals.",
            _TABLE_1,
            rows,
        )
    for task in _subtype_tasks(board):
        rows = [_table_2_row(row, task.id) for row in board.rows]
        yield _table(
            "table2" if task.id == _first_subtype(board) else f"table2-{task.id}",
            "Table 2 as in the UUSIC25 paper" + ("" if task.id == _first_subtype(board) else f": {task.title}"),
            f"Generalization of {task.title}: AUC at internal centers and at external ones, never seen in training, with "
            f"{percent(board.confidence)} intervals. Gap: external minus internal.",
            _TABLE_2,
            rows,
        )


def _table(name: str, title: str, caption: str, columns: tuple[Column, ...], rows: list[tuple[PaperCell, ...]]) -> PaperTable:
    return PaperTable(name, title, caption, columns, tuple(rows), digits="printed")


def _table_1_row(row: Row) -> tuple[PaperCell, ...]:
    memory = row.gpu_memory_bytes
    return (
        row.rank,
        row.team,
        row.segmentation_rank,
        row.classification_rank,
        row.time_s,
        None if memory is None else memory / _GB,
        Estimate.of(_mean(row, "dsc", "segmentation")),
        Estimate.of(_mean(row, "auc", "binary")),
        Estimate.of(_mean(row, "auc", "multiclass")),
    )


def _mean(row: Row, name: str, kind: str) -> MetricScore | None:
    """The mean of a metric over the tasks of a kind: what is defined as it is there."""
    there = {score.definition for task in row.tasks if task.kind == kind for score in task.metrics if _plain(score) == name}
    return next((mean for mean in row.means if mean.definition in there), None)


def _plain(score: MetricScore) -> str:
    """The metric's name, whatever `id` a task gave it."""
    return score.definition.split(" ", 1)[0]


def _subtype_tasks(board: Leaderboard) -> list[TaskColumn]:
    """Tasks with more than two classes and an AUC at internal and external centers, as the first team has them."""
    tasks = board.rows[0].tasks if board.rows else ()
    return [task for task in tasks if task.kind == "multiclass" and len({role.role for role in task.roles}) == 2]


def _first_subtype(board: Leaderboard) -> str:
    return _subtype_tasks(board)[0].id


def _table_2_row(row: Row, task_id: str) -> tuple[PaperCell, ...]:
    task = next((task for task in row.tasks if task.id == task_id), None)
    internal, external = _auc_of(task, "internal"), _auc_of(task, "external")
    gap = None
    if task is not None and internal is not None:
        gap = next((gap.value for gap in task.gaps if gap.metric == internal.name), None)
    return row.rank, row.team, Estimate.of(internal), Estimate.of(external), gap


def _auc_of(task: TaskColumn | None, role: str) -> MetricScore | None:
    there = () if task is None else (score for each in task.roles if each.role == role for score in each.metrics)
    return next((score for score in there if _plain(score) == "auc"), None)
