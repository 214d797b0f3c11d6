"""How stable ranks are: the ranking made again in every bootstrap resample, all teams resampled alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sonobench_eval.challenge.ranking_rules import Group
from sonobench_eval.ranking.order import shared_ranks
from sonobench_eval.ranking.tree import scores

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class BootstrapRanks:
    """Scores and ranks of the resamples that could be ranked, shape (used, teams); `used` of `resamples` could.

    In the others a figure that counts has no value for some team.
    """

    scores: FloatArray
    ranks: FloatArray
    resamples: int

    @property
    def used(self) -> int:
        return len(self.ranks)


class RankRanges(NamedTuple):
    """The middle share of each team's ranks, inclusive, shape (teams,); from `used` of `resamples` resamples."""

    low: NDArray[np.int64]
    high: NDArray[np.int64]
    used: int
    resamples: int


def bootstrap_ranks(tree: Group, values: Mapping[str, FloatArray]) -> BootstrapRanks:
    """Rank every resample at once.

    Args:
        tree: of the scheme, pruned to figures that are among the values.
        values: for each figure, shape (resamples, teams), paired across teams; or (teams,) for what was measured once and is
            held as it is: the ranks then speak of the rest only.
    """
    counted = {leaf.of: values[leaf.of] for leaf in tree.leaves()}
    resamples = max((len(row) for row in counted.values() if row.ndim > 1), default=1)
    defined = np.ones(resamples, dtype=bool)
    for row in counted.values():
        defined &= ~np.isnan(row).any(axis=-1)
    if not defined.all():
        counted = {name: row[defined] if row.ndim > 1 else row for name, row in counted.items()}
    teams = next(iter(counted.values())).shape[-1]
    if not defined.any():
        return BootstrapRanks(np.empty((0, teams)), np.empty((0, teams)), resamples)
    found = np.broadcast_to(scores(tree, counted).score, (int(defined.sum()), teams))
    return BootstrapRanks(found, shared_ranks(found, higher_is_better=True), resamples)


def rank_ranges(found: BootstrapRanks, *, confidence: float) -> RankRanges | None:
    """Percentiles of the ranks; both ends are ranks that were taken.

    Args:
        found: of `bootstrap_ranks`.
        confidence: The share of resamples a range covers, in (0.5, 1).

    Returns:
        The ranges, or None where no resample could be ranked.
    """
    if not found.used:
        return None
    tail = (1 - confidence) / 2
    low, high = np.quantile(found.ranks, [tail, 1 - tail], axis=0, method="inverted_cdf").astype(np.int64)
    return RankRanges(low, high, found.used, found.resamples)
