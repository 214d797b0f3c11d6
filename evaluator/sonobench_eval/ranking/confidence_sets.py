"""Confidence sets for ranks, from tests of all pairs of teams on bootstrap differences of their scores.

A bootstrap rank range says how the ranking would vary over test sets like this one. It is no confidence set: of two teams that
are truly equal each will often be ranked 1 in nearly all resamples, by the luck of the one sample there is. The sets here
contain the true ranks of all teams together with the stated confidence (as far as the bootstrap holds): a team ranks behind
those that are significantly better, and before those that are significantly worse.

Source: Mogstad, Romano, Shaikh and Wilhelm, Inference for Ranks, Review of Economic Studies 2024 (sets from pairwise
differences); Romano and Wolf, Exact and Approximate Stepdown Methods, JASA 2005 (largest studentized difference, step down).
They step down in two-sided families per team or for all; ours is one family of all ordered pairs.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
_NOTHING = 1e-12
METHOD = "bootstrap of differences, largest studentized one, one-sided"
CORRECTION = "Romano-Wolf step-down over all pairs"


class RankSets(NamedTuple):
    """The lowest and highest rank in each team's set, inclusive, shape (teams,)."""

    low: IntArray
    high: IntArray


def better_p(scores: FloatArray, resampled: FloatArray) -> FloatArray:
    """Adjusted one-sided p that the row's team is better than the column's; the diagonal is 1.

    Args:
        scores: of the ranking itself, higher is better, shape (teams,).
        resampled: in every resample, paired, shape (resamples, teams).

    Returns:
        Shape (teams, teams), in (0, 1]. Where a difference never varies p is as small as the resamples allow, or 1.
    """
    teams = len(scores)
    first, second = np.nonzero(~np.eye(teams, dtype=bool))
    found = np.ones((teams, teams))
    if teams < 2 or not len(resampled):
        return found
    difference = scores[first] - scores[second]
    draws = resampled[:, first] - resampled[:, second]
    error = draws.std(axis=0)
    varies = error > _NOTHING
    scale = np.where(varies, error, 1.0)
    statistic = np.where(varies, difference / scale, np.where(difference > _NOTHING, np.inf, -np.inf))
    centered = np.where(varies, (draws - difference) / scale, -np.inf)
    found[first, second] = _stepped_down(statistic, centered)
    return found


def rank_sets(p: FloatArray, *, level: float) -> RankSets:
    """One more than the teams that are significantly better, up to all but those that are significantly worse.

    Args:
        p: of `better_p`.
        level: 0.05 for 95 % confidence that all sets hold.
    """
    better = p <= level
    return RankSets(1 + better.sum(axis=0), len(p) - better.sum(axis=1))


def _stepped_down(statistic: FloatArray, centered: FloatArray) -> FloatArray:
    """Adjusted p of each hypothesis: its statistic against the largest of all that are not yet decided.

    Args:
        statistic: shape (hypotheses,).
        centered: the same under no difference, shape (resamples, hypotheses).
    """
    order = np.argsort(-statistic, kind="stable")
    largest = np.maximum.accumulate(centered[:, order[::-1]], axis=1)[:, ::-1]
    reached = (largest >= statistic[order]).sum(axis=0)
    stepped = np.maximum.accumulate((reached + 1) / (len(centered) + 1))
    adjusted = np.empty_like(stepped)
    adjusted[order] = stepped
    return adjusted
