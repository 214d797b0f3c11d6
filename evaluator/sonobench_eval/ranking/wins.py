"""How many teams each team is significantly better than: the figure that test-based rankings go by."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sonobench_eval.statistics.multiplicity import holm
from sonobench_eval.statistics.pairs import ordered_pairs, pair_differences, unordered_pairs
from sonobench_eval.statistics.signed_ranks import signed_ranks

FloatArray = NDArray[np.float64]
LEVEL = 0.05


def wins_over_resamples(scores: FloatArray, counts: FloatArray, *, level: float = LEVEL) -> FloatArray:
    """The number of teams each one beats in one-sided Wilcoxon tests, Holm over all ordered pairs; shape (resamples, teams).

    Args:
        scores: shape (teams, cases), higher is better, finite.
        counts: how often each resample holds each case, shape (resamples, cases).
        level: at most this adjusted p is a win.

    Source: Wiesenfarth et al., Methods and open-source toolkit for analyzing and visualizing challenge results, Sci Rep 2021
    (test-then-rank). Within a resample p is a score to rank by, not a chance.
    """
    teams = len(scores)
    if teams < 2:
        return np.zeros((len(counts), teams))
    pairs = unordered_pairs(teams)
    tested = signed_ranks(pair_differences(scores, pairs), counts)
    square = np.ones((len(counts), teams, teams))
    square[:, pairs.first, pairs.second] = tested.p("greater")
    square[:, pairs.second, pairs.first] = tested.p("less")
    both = ordered_pairs(teams)
    significant = holm(square[:, both.first, both.second]) <= level
    beaten = np.zeros_like(square)
    beaten[:, both.first, both.second] = significant
    return np.asarray(beaten.sum(axis=2))
