"""The ranking of UUSIC25: 70 % performance, 30 % efficiency, read from the paper's own words.

    performance = 1 - (mean(segmentation rank, classification rank) - 1) / (teams - 1)
    efficiency  = mean(min-max of time, min-max of GPU memory), the least of each counting 1 and the most 0
    score       = 0.7 * performance + 0.3 * efficiency

Each part's rank is the rank of the mean of per-task ranks over the declared metrics. Ties share the smaller rank.
Source: arXiv 2512.17279; its supplement with the exact formula is not public. On the paper's Table 1 this gives both
efficiency ranks the text states and the published final order but for two swaps of neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sonobench_eval.challenge.ranking_rules import (
    EFFICIENCY,
    PERFORMANCE,
    Group,
    Leaf,
    MinMaxScale,
    PlaceScale,
    RankScale,
    Scale,
)
from sonobench_eval.ranking.order import shared_ranks
from sonobench_eval.ranking.rank import rescore
from sonobench_eval.ranking.records import Figures, RankedTeam, RankingResult, Scheme, TeamFigures, Weights

__all__ = [
    "NAME",
    "RankedTeam",
    "RankingResult",
    "TeamFigures",
    "Weights",
    "efficiency_of_range",
    "part_of_ranks",
    "rank_table",
    "shared_ranks",
    "table_scheme",
    "uusic25",
]

FloatArray = NDArray[np.float64]
NAME = "uusic25"
NO_METRIC = "There is no ranking: no task has a metric that the ranking counts."


def uusic25(parts: Sequence[Group], weights: Weights) -> Scheme:
    """The scheme over parts made by `part_of_ranks`, one for each kind of task that there is."""
    performance = Group(name=PERFORMANCE, weight=weights.performance, children=tuple(parts))
    return Scheme(NAME, Group(children=(performance, efficiency_of_range(weights.efficiency))))


def part_of_ranks(name: str, tasks: Sequence[Sequence[Leaf]]) -> Group:
    """The rank of the mean of per-task ranks.

    Args:
        name: `segmentation`, `classification`.
        tasks: For each task the figures that count. A task's rank is the mean over its metrics, and tasks weigh the same.
    """
    of_tasks = tuple(Group(children=tuple(_on(leaf, RankScale()) for leaf in leaves)) for leaves in tasks)
    return Group(name=name, children=of_tasks, then=RankScale())


def efficiency_of_range(weight: float) -> Group:
    """Time and memory, each between the least and the most of all teams."""
    amounts = (
        Leaf(of="time_s", name="time", scale=MinMaxScale()),
        Leaf(of="gpu_memory_bytes", name="GPU memory", scale=MinMaxScale()),
    )
    return Group(name=EFFICIENCY, weight=weight, children=amounts)


def table_scheme(weights: Weights, kinds: Sequence[str] = ("segmentation", "classification")) -> Scheme:
    """The scheme over a table that has the parts' ranks already (`segmentation_rank`, `classification_rank`)."""
    ranks = tuple(Leaf(of=f"{kind}_rank", name=f"{kind} rank", better="lower", scale=PlaceScale()) for kind in kinds)
    performance = Group(name=PERFORMANCE, weight=weights.performance, children=ranks)
    return Scheme(NAME, Group(children=(performance, efficiency_of_range(weights.efficiency))))


def rank_table(rows: Sequence[TeamFigures], weights: Weights) -> RankingResult:
    """Rank teams by their part ranks and their measurements.

    Args:
        rows: One row per team, in any order.
        weights: What performance and efficiency weigh.

    Raises:
        ValueError: a part rank is known for some teams only.
    """
    figures = figures_of(rows)
    kinds = [kind for kind in ("segmentation", "classification") if _is_given(figures, kind)]
    if rows and not kinds:
        teams = sorted(rows, key=lambda row: (row.team.casefold(), row.team))
        return RankingResult(tuple(RankedTeam(None, None, None, None, row) for row in teams), weights, notes=(NO_METRIC,))
    return rescore(figures, table_scheme(weights, kinds or ("segmentation",)))


def figures_of(rows: Sequence[TeamFigures]) -> Figures:
    """The rows as columns."""
    names = ("segmentation_rank", "classification_rank", "time_s", "gpu_memory_bytes")
    return Figures.of([row.team for row in rows], {name: [getattr(row, name) for row in rows] for name in names})


def _is_given(figures: Figures, kind: str) -> bool:
    unknown = np.isnan(figures.values[f"{kind}_rank"])
    if unknown.any() and not unknown.all():
        raise ValueError(f"the {kind} rank is known for some teams only")
    return not unknown.all()


def _on(leaf: Leaf, scale: Scale) -> Leaf:
    return leaf.model_copy(update={"scale": scale})
