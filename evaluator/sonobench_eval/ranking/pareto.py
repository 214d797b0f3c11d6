"""Accuracy against cost: who is beaten in everything, and one number for the trade-off."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sonobench_eval.ranking.stability_report import TradeOff

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


def dominated(values: FloatArray) -> BoolArray:
    """Whether the column's team beats the row's: at least as good in everything, and better in something.

    Args:
        values: shape (teams, dimensions), higher is better, finite.

    Returns:
        Shape (teams, teams).
    """
    other, own = values[np.newaxis, :, :], values[:, np.newaxis, :]
    return np.asarray((other >= own).all(axis=2) & (other > own).any(axis=2))


def u_score(performance: FloatArray, efficiency: FloatArray) -> FloatArray:
    """The harmonic mean of performance and efficiency, in [0, 1]; 0 where one of them is 0: neither makes up for the other.

    Args:
        performance: shape (teams,), in [0, 1], higher is better.
        efficiency: likewise.

    Source: after the U-Score of U-Bench (Tang et al., arXiv 2510.07041), which joins accuracy and efficiency in a harmonic
    mean, there of figures that are normalized over the models compared; here they are on the scales of the ranking.
    """
    low, high = np.clip(performance, 0, 1), np.clip(efficiency, 0, 1)
    both = (low > 0) & (high > 0)
    return np.asarray(np.divide(2 * low * high, low + high, out=np.zeros_like(low), where=both))


def trade_offs(
    teams: Sequence[str],
    performance: FloatArray,
    efficiency: FloatArray | None,
    *,
    time_s: FloatArray | None = None,
    gpu_memory_bytes: FloatArray | None = None,
) -> tuple[TradeOff, ...]:
    """Every team's place between accuracy and cost, in the order of the teams.

    Args:
        teams: their names.
        performance: shape (teams,), higher is better.
        efficiency: shape (teams,), in [0, 1], higher is better; None where nothing was measured.
        time_s: shape (teams,), lower is better; None or NaN where it was not measured for everybody.
        gpu_memory_bytes: likewise.
    """
    amounts = [each for each in (time_s, gpu_memory_bytes) if each is not None and not np.isnan(each).any()]
    beaten = dominated(np.stack([performance, *(-each for each in amounts)], axis=1))
    scores = None if efficiency is None else u_score(performance, efficiency)
    return tuple(
        TradeOff(
            team=team,
            performance=float(performance[number]),
            efficiency=_at(efficiency, number),
            time_s=_at(time_s, number),
            gpu_memory_bytes=_at(gpu_memory_bytes, number),
            u_score=_at(scores, number),
            on_front=not beaten[number].any(),
            dominated_by=tuple(other for other, wins in zip(teams, beaten[number], strict=True) if wins),
        )
        for number, team in enumerate(teams)
    )


def _at(values: FloatArray | None, number: int) -> float | None:
    return None if values is None or np.isnan(values[number]) else float(values[number])
