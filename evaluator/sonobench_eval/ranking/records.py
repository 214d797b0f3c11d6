"""What goes into a ranking and what comes out of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sonobench_eval.challenge.ranking_rules import Group
from sonobench_eval.ranking.leaderboard import DroppedDimension

FloatArray = NDArray[np.float64]


class Weights(NamedTuple):
    """What performance and efficiency weigh; they sum to 1."""

    performance: float
    efficiency: float


@dataclass(frozen=True, slots=True)
class Figures:
    """What is known of every team: for each figure (`heart.dsc`, `time_s`) one number per team, NaN where there is none."""

    teams: tuple[str, ...]
    values: Mapping[str, FloatArray]

    @classmethod
    def of(cls, teams: Sequence[str], values: Mapping[str, Sequence[float | None]]) -> Figures:
        """From plain numbers, None where there is none.

        Raises:
            ValueError: a figure has another number of values than there are teams.
        """
        arrays = {
            name: np.array([np.nan if value is None else value for value in row], dtype=np.float64)
            for name, row in values.items()
        }
        if wrong := [name for name, row in arrays.items() if len(row) != len(teams)]:
            raise ValueError(f"{wrong[0]} has {len(arrays[wrong[0]])} values for {len(teams)} teams")
        return cls(tuple(teams), arrays)

    def at(self, positions: Sequence[int]) -> Figures:
        """Those of some teams, by position."""
        where = list(positions)
        return Figures(tuple(self.teams[each] for each in where), {name: row[where] for name, row in self.values.items()})


@dataclass(frozen=True, slots=True)
class Scheme:
    """A way to rank: its name and its tree."""

    name: str
    tree: Group


@dataclass(frozen=True, slots=True)
class TeamFigures:
    """What is shown of a team beside its score. Ranks count from 1 (best). None: no task of that kind, or not measured."""

    team: str
    segmentation_rank: float | None = None
    classification_rank: float | None = None
    time_s: float | None = None
    gpu_memory_bytes: float | None = None


@dataclass(frozen=True, slots=True)
class RankedTeam:
    """A team's place; None where there is none. Higher scores are better.

    `performance` and `efficiency` are the parts of those names, where the scheme has them. `parts` has every named part.
    """

    rank: int | None
    score: float | None
    performance: float | None
    efficiency: float | None
    figures: TeamFigures
    parts: Mapping[str, float] = field(default_factory=dict)

    @property
    def team(self) -> str:
        return self.figures.team


@dataclass(frozen=True, slots=True)
class RankingResult:
    """Teams from first to last, alphabetical where no ranking could be made; then those that are not ranked.

    `weights` are those that were used: a part that nobody was measured for gives its weight to the other.
    `notes` are sentences that must be shown beside the ranking.
    """

    rows: tuple[RankedTeam, ...]
    weights: Weights
    dropped: tuple[DroppedDimension, ...] = ()
    notes: tuple[str, ...] = ()
