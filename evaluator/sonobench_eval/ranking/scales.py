"""Figures on a common scale: what a `Scale` of a challenge file does to numbers of many teams. Higher results are better.

Arrays of shape (..., teams). Where a scale looks at the other teams it looks along the last axis.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonobench_eval.challenge.ranking_rules import (
    IdentityScale,
    LinearScale,
    LogScale,
    MinMaxScale,
    PlaceScale,
    RankScale,
    ZScale,
)
from sonobench_eval.ranking.order import shared_ranks

FloatArray = NDArray[np.float64]
AnyScale = RankScale | PlaceScale | MinMaxScale | ZScale | IdentityScale | LinearScale | LogScale


def on_scale(values: FloatArray, scale: AnyScale, *, less_is_better: bool = False) -> FloatArray:
    """The figures on the scale, same shape, higher is better, never NaN.

    A team without a figure (NaN) stands where the worst stands: at 0 on scales from 0 to 1, in the last place by rank, and
    with the worst of the others on `z` and `identity`.

    Args:
        values: shape (..., teams), NaN where there is none.
        scale: of the challenge file. `linear` and `log` say themselves which end is better, as does `place`.
        less_is_better: of the figures.
    """
    if isinstance(scale, LinearScale):
        return _clipped((values - scale.worst) / (scale.best - scale.worst))
    if isinstance(scale, LogScale):
        return _logarithmic(values, scale)
    if isinstance(scale, PlaceScale):
        return _by_place(np.where(np.isnan(values), values.shape[-1], values))
    return _AMONG_TEAMS[type(scale)](-values if less_is_better else values)


def _clipped(values: FloatArray) -> FloatArray:
    return np.clip(np.nan_to_num(values, nan=0.0), 0.0, 1.0)


def _logarithmic(values: FloatArray, scale: LogScale) -> FloatArray:
    amounts = np.maximum(values / scale.reference, scale.floor)
    return _clipped(np.log(scale.worst / amounts) / np.log(scale.worst / scale.floor))


def _by_place(ranks: FloatArray) -> FloatArray:
    teams = ranks.shape[-1]
    return np.ones_like(ranks) if teams == 1 else np.asarray(1 - (ranks - 1) / (teams - 1))


def _by_rank(values: FloatArray) -> FloatArray:
    return _by_place(shared_ranks(values, higher_is_better=True))


def _by_range(values: FloatArray) -> FloatArray:
    high = np.max(values, axis=-1, keepdims=True, initial=-np.inf, where=~np.isnan(values))
    low = np.min(values, axis=-1, keepdims=True, initial=np.inf, where=~np.isnan(values))
    spread = high - low
    scaled = np.divide(values - low, spread, out=np.ones_like(values), where=spread > 0)
    return np.where(np.isnan(values), 0.0, scaled)


def _by_deviation(values: FloatArray) -> FloatArray:
    known = ~np.isnan(values)
    count = np.maximum(known.sum(axis=-1, keepdims=True), 1)
    mean = np.sum(values, axis=-1, keepdims=True, where=known) / count
    deviation = np.sqrt(np.sum((values - mean) ** 2, axis=-1, keepdims=True, where=known) / count)
    return _itself(np.divide(values - mean, deviation, out=np.where(known, 0.0, np.nan), where=known & (deviation > 0)))


def _itself(values: FloatArray) -> FloatArray:
    known = ~np.isnan(values)
    worst = np.min(values, axis=-1, keepdims=True, initial=np.inf, where=known)
    return np.where(known, values, np.where(np.isfinite(worst), worst, 0.0))


_AMONG_TEAMS: Mapping[type[Any], Callable[[FloatArray], FloatArray]] = {
    RankScale: _by_rank,
    MinMaxScale: _by_range,
    ZScale: _by_deviation,
    IdentityScale: _itself,
}
