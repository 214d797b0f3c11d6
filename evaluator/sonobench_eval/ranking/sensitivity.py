"""What other weights of performance and efficiency would have made of the order: every weight at which two teams meet.

A team's score is a straight line in the weight w of performance, w * performance + (1 - w) * efficiency. Two lines cross once
at most, so the exact weights are solved for, not searched.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from sonobench_eval.ranking.stability_report import Crossing, WeightSensitivity, WinnerSpan

FloatArray = NDArray[np.float64]
_SAME = 1e-12


def weight_sensitivity(
    teams: Sequence[str], performance: FloatArray, efficiency: FloatArray, *, declared: float
) -> WeightSensitivity:
    """Crossings, winners by weight, and how far the declared weight could move without any change.

    Args:
        teams: in the order of the values.
        performance: shape (teams,), higher is better.
        efficiency: likewise; of teams below a gate as the gate left it.
        declared: the weight of performance, in [0, 1].
    """
    crossings = _crossings(teams, performance, efficiency)
    ends = _apart([0.0, *(each.weight for each in crossings), 1.0])
    winners = _winners(teams, performance, efficiency, ends)
    told = tuple(
        each.model_copy(update={"changes_winner": _is_end(each.weight, winners) and _leads(each, winners)}) for each in crossings
    )
    same_winner = _around(declared, [span.low for span in winners] + [winners[-1].high])
    return WeightSensitivity(
        declared=declared, crossings=told, winners=winners, same_winner=same_winner, same_order=_around(declared, ends)
    )


def _crossings(teams: Sequence[str], performance: FloatArray, efficiency: FloatArray) -> tuple[Crossing, ...]:
    first, second = np.triu_indices(len(teams), k=1)
    ahead_at_one = performance[first] - performance[second]
    ahead_at_zero = efficiency[first] - efficiency[second]
    slope = ahead_at_one - ahead_at_zero
    meets = np.abs(slope) > _SAME
    weight = np.divide(-ahead_at_zero, slope, out=np.full(slope.shape, np.nan), where=meets)
    found = [
        Crossing(
            weight=float(weight[pair]),
            above=teams[first[pair]] if slope[pair] > 0 else teams[second[pair]],
            below=teams[second[pair]] if slope[pair] > 0 else teams[first[pair]],
            changes_winner=False,
        )
        for pair in np.flatnonzero(meets)
        if _SAME < weight[pair] < 1 - _SAME
    ]
    return tuple(sorted(found, key=lambda each: (each.weight, each.above, each.below)))


def _winners(teams: Sequence[str], performance: FloatArray, efficiency: FloatArray, ends: list[float]) -> tuple[WinnerSpan, ...]:
    """Between two neighbouring crossings the order is one; neighbouring spans of the same winners are joined."""
    spans: list[WinnerSpan] = []
    for low, high in pairwise(ends):
        middle = (low + high) / 2
        scores = middle * performance + (1 - middle) * efficiency
        first = tuple(team for team, score in zip(teams, scores, strict=True) if score >= scores.max() - _SAME)
        if spans and spans[-1].teams == first:
            spans[-1] = spans[-1].model_copy(update={"high": high})
        else:
            spans.append(WinnerSpan(low=low, high=high, teams=first))
    return tuple(spans)


def _apart(ascending: Sequence[float]) -> list[float]:
    """Without those that only rounding sets apart."""
    return [end for number, end in enumerate(ascending) if number == 0 or end - ascending[number - 1] > _SAME]


def _is_end(weight: float, winners: Sequence[WinnerSpan]) -> bool:
    return any(abs(span.low - weight) <= _SAME for span in winners[1:])


def _leads(crossing: Crossing, winners: Sequence[WinnerSpan]) -> bool:
    """The team that takes over at this weight is first after it."""
    after = next(span for span in winners if abs(span.low - crossing.weight) <= _SAME)
    return crossing.above in after.teams


def _around(declared: float, ends: Sequence[float]) -> tuple[float, float]:
    """The neighbouring ends; both are the declared weight where it is one of them."""
    below = [end for end in ends if end <= declared + _SAME]
    above = [end for end in ends if end >= declared - _SAME]
    low, high = max(below, default=declared), min(above, default=declared)
    if declared in {0.0, 1.0} and low == high:
        low, high = (0.0, min(end for end in ends if end > 0)) if declared == 0 else (max(end for end in ends if end < 1), 1.0)
    return float(low), float(high)
