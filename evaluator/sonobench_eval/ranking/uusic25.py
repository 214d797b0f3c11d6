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
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from sonobench_eval.ranking.leaderboard import DroppedDimension

FloatArray = NDArray[np.float64]

DECIMALS_THAT_COUNT = 12
"""Numbers that differ only beyond are ties: such differences come from the order of additions."""


class Weights(NamedTuple):
    """What performance and efficiency weigh; they sum to 1."""

    performance: float
    efficiency: float


@dataclass(frozen=True, slots=True)
class TeamFigures:
    """What is known of a team. Ranks count from 1 (best); None means that no task of that kind, or not measured."""

    team: str
    segmentation_rank: float | None = None
    classification_rank: float | None = None
    time_s: float | None = None
    gpu_memory_bytes: float | None = None


@dataclass(frozen=True, slots=True)
class RankedTeam:
    """A team's place. `score`, `performance` and `efficiency` lie in [0, 1], higher is better; None where there is none."""

    rank: int | None
    score: float | None
    performance: float | None
    efficiency: float | None
    figures: TeamFigures

    @property
    def team(self) -> str:
        return self.figures.team


@dataclass(frozen=True, slots=True)
class RankingResult:
    """Teams from first to last, alphabetical where no ranking could be made.

    `weights` are those that were used: a part that nobody was measured for gives its weight to the other.
    `notes` are sentences that must be shown beside the ranking.
    """

    rows: tuple[RankedTeam, ...]
    weights: Weights
    dropped: tuple[DroppedDimension, ...] = ()
    notes: tuple[str, ...] = ()


def rank_table(rows: Sequence[TeamFigures], weights: Weights) -> RankingResult:
    """Rank teams by their part ranks and their measurements.

    Args:
        rows: One row per team, in any order.
        weights: What performance and efficiency weigh.

    Raises:
        ValueError: a part rank is known for some teams only.
    """
    if not rows:
        return RankingResult((), weights)
    performance = _performance(rows)
    time, memory = _dimension(rows, "time", "time_s"), _dimension(rows, "GPU memory", "gpu_memory_bytes")
    if obstacle := _obstacle(rows, performance, [time, memory], weights):
        return _unranked(rows, performance, weights, obstacle)
    return _ranked(rows, performance, [time, memory], weights)


def shared_ranks(values: FloatArray, *, higher_is_better: bool) -> FloatArray:
    """Ranks along the last axis, 1 is best, ties share the smaller number; NaN ranks behind everything.

    Args:
        values: shape (..., teams).
    """
    settled = np.round(-values if higher_is_better else values, DECIMALS_THAT_COUNT)
    ranks = stats.rankdata(np.where(np.isnan(settled), np.inf, settled), method="min", axis=-1)
    return np.asarray(ranks, dtype=np.float64)


def part_ranks(tasks: Sequence[Sequence[FloatArray]]) -> FloatArray:
    """The rank of the mean of per-task ranks, shape (..., teams).

    Args:
        tasks: For each task the values of its metrics (higher is better), each of shape (..., teams). A task's rank
            is the mean over its metrics, and tasks weigh the same.
    """
    per_task = [np.mean([shared_ranks(values, higher_is_better=True) for values in metrics], axis=0) for metrics in tasks]
    return shared_ranks(np.mean(per_task, axis=0), higher_is_better=False)


def performance_of(ranks: Sequence[FloatArray]) -> FloatArray:
    """1 - (mean rank - 1) / (teams - 1) along the last axis, in [0, 1]; one team alone scores 1.

    Args:
        ranks: The part ranks that exist, each of shape (..., teams).
    """
    mean = np.mean(ranks, axis=0)
    teams = mean.shape[-1]
    return np.ones_like(mean) if teams == 1 else np.asarray(1 - (mean - 1) / (teams - 1))


def least_is_one(values: FloatArray) -> FloatArray:
    """Min-max with the least counting 1 and the most 0, shape (teams,); 1 for all where all are the same."""
    spread = values.max() - values.min()
    return np.ones_like(values) if spread == 0 else np.asarray((values.max() - values) / spread)


def scores_of(performance: FloatArray, efficiency: FloatArray | None, weights: Weights) -> FloatArray:
    """The weighted sum, shape (..., teams); performance alone where there is no efficiency."""
    return performance if efficiency is None else weights.performance * performance + weights.efficiency * efficiency


@dataclass(frozen=True, slots=True)
class _Dimension:
    name: str
    values: FloatArray

    @property
    def measured(self) -> NDArray[np.bool_]:
        return ~np.isnan(self.values)


def _dimension(rows: Sequence[TeamFigures], name: str, field: str) -> _Dimension:
    values = [getattr(row, field) for row in rows]
    return _Dimension(name, np.array([np.nan if value is None else value for value in values], dtype=np.float64))


def _performance(rows: Sequence[TeamFigures]) -> FloatArray | None:
    segmentation = _part("segmentation", [row.segmentation_rank for row in rows])
    classification = _part("classification", [row.classification_rank for row in rows])
    parts = [part for part in (segmentation, classification) if part is not None]
    return performance_of(parts) if parts else None


def _part(name: str, ranks: Sequence[float | None]) -> FloatArray | None:
    known = [rank for rank in ranks if rank is not None]
    if not known:
        return None
    if len(known) < len(ranks):
        raise ValueError(f"the {name} rank is known for some teams only")
    return np.array(known, dtype=np.float64)


def _obstacle(
    rows: Sequence[TeamFigures], performance: FloatArray | None, dimensions: Sequence[_Dimension], weights: Weights
) -> str | None:
    """Why no ranking can be made, or None."""
    if performance is None:
        return "There is no ranking: no task has a metric that the ranking counts."
    if weights.efficiency == 0:
        return None
    partly = [each for each in dimensions if each.measured.any() and not each.measured.all()]
    if partly:
        missing = [row.team for row, known in zip(rows, partly[0].measured, strict=True) if not known]
        return f"There is no ranking: {partly[0].name} was not measured for {_listed(missing)}, but for other teams it was."
    if weights.performance == 0 and not any(each.measured.any() for each in dimensions):
        return "There is no ranking: only efficiency counts, and it was measured for no team."
    return None


def _unranked(rows: Sequence[TeamFigures], performance: FloatArray | None, weights: Weights, obstacle: str) -> RankingResult:
    shown = [None] * len(rows) if performance is None else [float(value) for value in performance]
    ranked = [RankedTeam(None, None, value, None, row) for row, value in zip(rows, shown, strict=True)]
    return RankingResult(tuple(sorted(ranked, key=_place)), weights, notes=(obstacle,))


def _ranked(
    rows: Sequence[TeamFigures], performance: FloatArray | None, dimensions: Sequence[_Dimension], weights: Weights
) -> RankingResult:
    if performance is None:
        raise ValueError("no part has ranks")
    counted = [each for each in dimensions if each.measured.all()]
    efficiency = np.mean([least_is_one(each.values) for each in counted], axis=0) if counted else None
    used = weights if counted else Weights(1.0, 0.0)
    dropped = [each for each in dimensions if not each.measured.any()] if weights.efficiency else []
    scores = scores_of(performance, efficiency, used)
    ranks = shared_ranks(scores, higher_is_better=True)
    ranked = [
        RankedTeam(int(rank), float(score), float(done), None if efficiency is None else float(efficiency[number]), row)
        for number, (rank, score, done, row) in enumerate(zip(ranks, scores, performance, rows, strict=True))
    ]
    return RankingResult(
        tuple(sorted(ranked, key=_place)),
        used,
        dropped=tuple(DroppedDimension(dimension=each.name, reason=_NOBODY) for each in dropped),
        notes=tuple(_dropped_note(each.name, counted) for each in dropped),
    )


_NOBODY = "it was measured for no team"


def _dropped_note(name: str, counted: Sequence[_Dimension]) -> str:
    what_is_left = f"efficiency is {counted[0].name} alone" if counted else "the ranking is by performance alone"
    return f"{name[0].upper()}{name[1:]} does not count: {_NOBODY}, so {what_is_left}."


def _place(row: RankedTeam) -> tuple[bool, int, str, str]:
    return (row.rank is None, row.rank or 0, row.team.casefold(), row.team)


def _listed(teams: Sequence[str], most: int = 5) -> str:
    named = sorted(teams, key=str.casefold)
    if len(named) > most:
        return f"{', '.join(named[:most])} and {len(named) - most} more"
    return named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"
