"""How stable ranks are: the ranking made again in every bootstrap resample, all teams resampled alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sonobench_eval.ranking.uusic25 import FloatArray, Weights, part_ranks, performance_of, scores_of, shared_ranks

Part = Sequence[Sequence[FloatArray]]
"""For each task, for each of its metrics: replicates of shape (resamples, teams), paired across teams."""


class RankRanges(NamedTuple):
    """The middle share of each team's ranks, inclusive, shape (teams,); from `used` of `resamples` resamples."""

    low: NDArray[np.int64]
    high: NDArray[np.int64]
    used: int
    resamples: int


def rank_ranges(
    parts: Sequence[Part], efficiency: FloatArray | None, weights: Weights, *, confidence: float
) -> RankRanges | None:
    """Rank every resample and take percentiles of the ranks.

    Time and memory were measured once, so efficiency is held as it is: the range speaks of the choice of cases only.
    Resamples in which any metric of any team has no value are left out.

    Args:
        parts: Segmentation and classification, whichever there are.
        efficiency: Per team, shape (teams,), or None.
        weights: As used for the ranking itself.
        confidence: The share of resamples a range covers, in (0.5, 1).

    Returns:
        The ranges, or None where no resample can be ranked.
    """
    every = [values for part in parts for metrics in part for values in metrics]
    defined = ~np.any([np.isnan(values).any(axis=1) for values in every], axis=0)
    if not defined.any():
        return None
    ranks = [part_ranks([[values[defined] for values in metrics] for metrics in part]) for part in parts]
    scores = scores_of(performance_of(ranks), efficiency, weights)
    final = shared_ranks(scores, higher_is_better=True)
    tail = (1 - confidence) / 2
    low, high = np.quantile(final, [tail, 1 - tail], axis=0, method="inverted_cdf").astype(np.int64)
    return RankRanges(low, high, int(defined.sum()), int(defined.size))
