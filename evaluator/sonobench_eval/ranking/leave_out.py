"""The ranking made again without one task, or without one center: does it hang on a single one of them?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sonobench_eval.ranking.case_table import CaseTable
from sonobench_eval.ranking.order import shared_ranks, tau_b
from sonobench_eval.ranking.rank import field_of
from sonobench_eval.ranking.records import Figures, Scheme
from sonobench_eval.ranking.stability_report import LeftOut
from sonobench_eval.ranking.tree import scores, without

FloatArray = NDArray[np.float64]


def without_each_task(figures: Figures, scheme: Scheme, tasks: Sequence[str], ranks: FloatArray) -> Iterator[LeftOut]:
    """Without each task in turn; those without which nothing is left to rank are passed over."""
    for task in tasks:
        tree = without(scheme.tree, f"{task}.")
        if tree is not None and tree is not scheme.tree:
            yield from _left_out("task", task, figures, Scheme(scheme.name, tree), ranks)


def without_each_center(
    table: CaseTable, figures: Figures, scheme: Scheme, centers: Sequence[str], ranks: FloatArray
) -> Iterator[LeftOut]:
    """Without the cases of each center in turn; measurements stay as they are.

    Args:
        table: of the same teams in the same order as `figures`.
    """
    for center in centers:
        also = [leaf.of for leaf in scheme.tree.leaves() if "@" in leaf.of]
        values = {**figures.values, **table.without_center(center, also=also)}
        yield from _left_out("center", center, Figures(figures.teams, values), scheme, ranks)


def _left_out(
    kind: Literal["task", "center"], name: str, figures: Figures, scheme: Scheme, ranks: FloatArray
) -> Iterator[LeftOut]:
    field = field_of(figures, scheme)
    if field.obstacle is not None or len(field.figures.teams) < len(figures.teams):
        return
    found = shared_ranks(scores(field.tree, field.figures.values).score, higher_is_better=True)
    tau = float(tau_b(found, ranks))
    yield LeftOut(
        kind=kind,
        id=name,
        ranks=tuple(int(rank) for rank in found),
        tau=None if np.isnan(tau) else tau,
        moved=int(np.abs(found - ranks).max()),
    )
