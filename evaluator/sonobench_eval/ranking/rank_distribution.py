"""Bootstrap ranks in figures that can be shown: how often each rank, its range, first and top three, and agreement in order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sonobench_eval.ranking.confidence_sets import RankSets
from sonobench_eval.ranking.order import tau_b
from sonobench_eval.ranking.stability import BootstrapRanks, rank_ranges
from sonobench_eval.ranking.stability_report import RankDistribution, TauSummary, TeamRanks

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
TOP = 3


def rank_distribution(
    scope: str, teams: Sequence[str], ranks: FloatArray, found: BootstrapRanks, *, confidence: float, sets: RankSets | None = None
) -> RankDistribution | None:
    """The distribution of every team's rank; None where no resample could be ranked.

    Args:
        scope: `score`, or the id of a task.
        teams: in the order of the columns.
        ranks: of the ranking itself, shape (teams,).
        found: the resamples.
        confidence: of the ranges, in (0.5, 1).
        sets: confidence sets for the ranks, where there are any.
    """
    ranges = rank_ranges(found, confidence=confidence)
    if ranges is None:
        return None
    shares = rank_shares(found.ranks)
    of_teams = tuple(
        TeamRanks(
            team=team,
            rank=int(ranks[number]),
            low=int(ranges.low[number]),
            high=int(ranges.high[number]),
            mean=float(found.ranks[:, number].mean()),
            median=float(np.median(found.ranks[:, number])),
            shares=tuple(shares[number].tolist()),
            p_first=float(shares[number, 0]),
            p_top3=min(1.0, float(shares[number, :TOP].sum())),
            set_low=None if sets is None else int(sets.low[number]),
            set_high=None if sets is None else int(sets.high[number]),
        )
        for number, team in enumerate(teams)
    )
    tau = tau_summary(tau_b(found.ranks, ranks), confidence=confidence)
    return RankDistribution(scope=scope, teams=of_teams, tau=tau, used=found.used, resamples=found.resamples)


def rank_shares(ranks: FloatArray) -> FloatArray:
    """The share of resamples in which each team took each rank, shape (teams, ranks); rows sum to 1.

    Args:
        ranks: shape (resamples, teams), whole numbers from 1 to the number of teams.
    """
    resamples, teams = ranks.shape
    taken = ranks.astype(np.int64) - 1 + np.arange(teams) * teams
    return np.asarray(np.bincount(taken.ravel(), minlength=teams * teams).reshape(teams, teams) / resamples)


def tau_summary(taus: FloatArray, *, confidence: float) -> TauSummary:
    """The middle of the taus and their spread; those that do not exist are left out.

    Args:
        taus: shape (resamples,), NaN where an order has no two teams apart.
    """
    known = np.sort(taus[~np.isnan(taus)])
    if not known.size:
        return TauSummary(values=(), mean=None, median=None, low=None, high=None)
    tail = (1 - confidence) / 2
    low, middle, high = np.quantile(known, [tail, 0.5, 1 - tail])
    values = tuple(np.round(known, 6).tolist())
    return TauSummary(values=values, mean=float(known.mean()), median=float(middle), low=float(low), high=float(high))
