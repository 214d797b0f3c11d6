"""The same results ranked by other schemes: does the order depend on a choice that could have been another?

The five classic ways to put cases together rank performance alone. A task's rank is the mean of the ranks in its metrics, and
tasks weigh the same. Metrics that are none of single cases (areas under curves) stand as they are in all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sonobench_eval.challenge.ranking_rules import Group, Leaf, RankScale
from sonobench_eval.ranking.case_table import CaseTable, How
from sonobench_eval.ranking.order import shared_ranks, tau_b
from sonobench_eval.ranking.rank import field_of
from sonobench_eval.ranking.records import Figures, Scheme
from sonobench_eval.ranking.stability_report import SchemeRanking
from sonobench_eval.ranking.tree import scores

FloatArray = NDArray[np.float64]

OVER_CASES: Mapping[str, tuple[How | None, str]] = {
    "mean-then-rank": (None, "mean over cases, then ranks on each task"),
    "median-then-rank": ("median", "median over cases, then ranks on each task"),
    "rank-then-mean": ("rank-mean", "ranks on each case, then their mean on each task"),
    "rank-then-median": ("rank-median", "ranks on each case, then their median on each task"),
    "test-based": ("tests", "number of teams beaten in one-sided Wilcoxon tests (Holm) on each task"),
}


class OverCases(NamedTuple):
    """A way to put cases together: the scheme, and the figures that it ranks by."""

    scheme: Scheme
    figures: Figures


def compared(figures: Figures, schemes: Sequence[tuple[Scheme, str]], declared: FloatArray) -> Iterator[SchemeRanking]:
    """Whole schemes, each with a sentence; those that cannot rank these figures are left out."""
    for scheme, summary in schemes:
        field = field_of(figures, scheme)
        if field.obstacle is None and len(field.figures.teams) == len(figures.teams):
            found = scores(field.tree, field.figures.values).score
            yield _ranking(scheme.name, summary, found, declared)


def compared_over_cases(table: CaseTable, figures: Figures, declared: FloatArray) -> Iterator[SchemeRanking]:
    """The classic five, on performance alone.

    Args:
        table: of the same teams in the same order as `figures`.
        figures: with every metric that counts.
        declared: ranks of the declared scheme, shape (teams,).
    """
    for name, (_, summary) in OVER_CASES.items():
        made = scheme_over_cases(name, table, figures)
        if made is not None:
            yield _ranking(name, summary, scores(made.scheme.tree, made.figures.values).score, declared)


def scheme_over_cases(name: str, table: CaseTable, figures: Figures) -> OverCases | None:
    """One of `OVER_CASES` as a scheme, with the figures that it ranks by; None where no task has one.

    Args:
        name: a key of `OVER_CASES`.
        table: of the same teams in the same order as `figures`; for `mean-then-rank` it needs no cases.
        figures: with every metric that counts.
    """
    how, _ = OVER_CASES[name]
    values: dict[str, FloatArray] = {}
    tasks = [_task(task.id, how, table, figures, values) for task in table.tasks]
    there = tuple(task for task in tasks if task is not None)
    return OverCases(Scheme(name, Group(children=there)), Figures(figures.teams, values)) if there else None


def _task(task: str, how: How | None, table: CaseTable, figures: Figures, values: dict[str, FloatArray]) -> Group | None:
    """The task's ranks, with what they need put among the values."""
    leaves = []
    for figure, row in figures.values.items():
        if figure.rpartition(".")[0] != task or np.isnan(row).all():
            continue
        over_cases = None if how is None else table.over_cases(f"{figure}@{how}")
        values[figure] = row if over_cases is None else over_cases
        lower = _is_lower(table, figure) and (over_cases is None or how == "median")
        leaves.append(Leaf(of=figure, better="lower" if lower else "higher"))
    return Group(children=tuple(leaves), then=RankScale()) if leaves else None


def _is_lower(table: CaseTable, figure: str) -> bool:
    task_id, _, metric = figure.rpartition(".")
    return any(task.id == task_id and metric in task.lower for task in table.tasks)


def _ranking(name: str, summary: str, found: FloatArray, declared: FloatArray) -> SchemeRanking:
    ranks = shared_ranks(found, higher_is_better=True)
    tau = float(tau_b(ranks, declared))
    return SchemeRanking(name=name, summary=summary, ranks=tuple(int(rank) for rank in ranks), tau=None if np.isnan(tau) else tau)
