"""Ranks, and how far two orders agree. Arrays of shape (..., teams): thousands of resamples are ranked in one call."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import stats

FloatArray = NDArray[np.float64]

DECIMALS_THAT_COUNT = 12
"""Numbers that differ only beyond are ties: such differences come from the order of additions."""
_COUNTING_PAYS = 40
"""Up to so many teams, comparing every pair is quicker than sorting."""


def shared_ranks(values: FloatArray, *, higher_is_better: bool) -> FloatArray:
    """Ranks along the last axis, 1 is best, ties share the smaller number; NaN ranks behind everything.

    Args:
        values: shape (..., teams).
    """
    settled = np.round(values if higher_is_better else -values, DECIMALS_THAT_COUNT)
    settled = np.where(np.isnan(settled), -np.inf, settled)
    if settled.shape[-1] > _COUNTING_PAYS:
        return np.asarray(stats.rankdata(-settled, method="min", axis=-1), dtype=np.float64)
    ranks = np.ones(settled.shape)
    for other in range(settled.shape[-1]):
        ranks += settled[..., other, np.newaxis] > settled
    return ranks


def tau_b(ranks: FloatArray, reference: FloatArray) -> FloatArray:
    """Kendall's tau-b of many orders with one, in [-1, 1], 1 for the same; NaN where either has no two teams apart.

    Args:
        ranks: shape (..., teams).
        reference: shape (teams,).

    Returns:
        Shape (...).

    Source: Kendall, Rank Correlation Methods (1970); as `scipy.stats.kendalltau`.
    """
    first, second = np.triu_indices(len(reference), k=1)
    signs = np.sign(ranks[..., first] - ranks[..., second])
    wanted = np.sign(reference[first] - reference[second])
    apart = np.count_nonzero(signs, axis=-1) * np.count_nonzero(wanted)
    agreeing = np.asarray(signs @ wanted, dtype=np.float64)
    return np.asarray(np.divide(agreeing, np.sqrt(apart), out=np.full(agreeing.shape, np.nan), where=apart > 0))
