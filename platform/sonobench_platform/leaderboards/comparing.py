"""Two teams of a board side by side: both values of every metric, the paired difference with its interval, and who is ahead.

Differences come from the bootstrap replicates of both runs, whose n-th values are of the same resample; so the interval is that
of the difference on the same cases. Ranks in resamples are made as the board's rank ranges are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sonobench_eval.challenge.model import Challenge
from sonobench_eval.evaluation import MetricScore
from sonobench_eval.ranking.entries import BoardError, Entry
from sonobench_eval.ranking.gathered import Gathered, resampled_figures
from sonobench_eval.ranking.leaderboard import Leaderboard, Row
from sonobench_eval.ranking.stability import bootstrap_ranks
from sonobench_eval.statistics.bootstrap import Interval, percentile_interval
from sonobench_eval.statistics.replicates import Replicates, ReplicatesError
from sonobench_eval.statistics.resampled import FEWEST_UNITS
from sonobench_platform.leaderboards.comparing_evidence import RunBehind
from sonobench_platform.leaderboards.comparing_shown import parsed
from sonobench_platform.leaderboards.what_if_ground import NoGroundError, board_figures, entries_of

FloatArray = NDArray[np.float64]
Side = Literal["first", "second"]


@dataclass(frozen=True, slots=True)
class PairedLine:
    """One metric of one task, first team against second. `difference` is first minus second, in the metric's unit.

    `low` and `high` end its paired percentile interval; None where there is none.
    """

    task: str
    title: str
    first: MetricScore
    second: MetricScore
    difference: float | None
    low: float | None = None
    high: float | None = None

    @property
    def better(self) -> Side | None:
        """Who is better, where the interval excludes 0; None where it does not, or where there is none."""
        if self.low is None or self.high is None or self.low <= 0 <= self.high:
            return None
        return "first" if (self.low > 0) == self.first.higher_is_better else "second"


class Ahead(NamedTuple):
    """In which share of the resamples the first team's rank is the better one, the second's, and both are the same."""

    first: float
    second: float
    level: float
    resamples: int


@dataclass(frozen=True, slots=True)
class Compared:
    """Two rows of a board. `is_paired`: there are intervals of differences. `ahead` is None where ranks cannot be resampled."""

    first: Row
    second: Row
    lines: tuple[PairedLine, ...]
    is_paired: bool = False
    ahead: Ahead | None = None


def side_by_side(first: Row, second: Row) -> Compared:
    """What the board says of both, and nothing more."""
    return Compared(first, second, tuple(_lines(first, second)))


def compared(board: Leaderboard, runs: Sequence[RunBehind], pair: tuple[int, int], *, ahead: Ahead | None) -> Compared:
    """Both with their paired differences.

    Args:
        board: closed, with exact figures.
        runs: behind its rows, in their order.
        pair: the two rows' numbers, from 0.
        ahead: of `ahead_of`.
    """
    both = side_by_side(board.rows[pair[0]], board.rows[pair[1]])
    replicates = [_replicates(runs[each]) for each in pair]
    if None in replicates:
        return replace(both, ahead=ahead)
    first, second = (each or Replicates({}) for each in replicates)
    lines = tuple(_with_interval(line, first, second, confidence=board.confidence) for line in both.lines)
    return replace(both, lines=lines, is_paired=any(line.low is not None for line in lines), ahead=ahead)


def ahead_of(document: str, definition: str, runs: tuple[RunBehind, ...], pair: tuple[int, int]) -> Ahead | None:
    """How often each of two teams ranks before the other; None where either has no rank, or ranks cannot be resampled.

    Args:
        document: the board's.
        definition: of its phase, as JSON, without references.
        runs: behind the board's rows, in their order.
        pair: the two rows' numbers, from 0.
    """
    found = _resampled_ranks(document, definition, runs)
    teams = [runs[each].team for each in pair]
    if found is None or not set(teams) <= set(found.teams):
        return None
    first, second = (found.ranks[:, found.teams.index(team)] for team in teams)
    shares = [float(np.mean(each)) for each in (first < second, second < first, first == second)]
    return Ahead(shares[0], shares[1], shares[2], len(first))


class _Ranks(NamedTuple):
    teams: tuple[str, ...]
    ranks: FloatArray


@lru_cache(maxsize=16)
def _resampled_ranks(document: str, definition: str, runs: tuple[RunBehind, ...]) -> _Ranks | None:
    """All teams' ranks in every resample, shape (resamples, teams); the same for every pair that is looked at."""
    board, challenge = parsed(document), Challenge.model_validate_json(definition)
    try:
        found = board_figures(board, challenge, _entries(board, runs))
        return _ranks(found, seed=challenge.bootstrap.seed)
    except (NoGroundError, BoardError, ReplicatesError):
        return None


def _ranks(found: Gathered, *, seed: int) -> _Ranks | None:
    field = found.field
    if field is None or field.obstacle is not None or any(each.fewest_units < FEWEST_UNITS for each in found.counted):
        return None
    values = resampled_figures(found, seed=seed)
    ranked = [found.figures.teams.index(team) for team in field.figures.teams]
    made = bootstrap_ranks(field.tree, {name: row[..., ranked] for name, row in values.items()})
    return _Ranks(field.figures.teams, made.ranks) if made.used > 1 else None


def _entries(board: Leaderboard, runs: Sequence[RunBehind]) -> list[Entry]:
    """Raises `ReplicatesError` where a team's replicates are missing or broken."""
    some_rank = any(row.rank is not None for row in board.rows)
    return [
        replace(
            entry,
            reference_s=run.reference_s,
            times_s=run.times_s,
            replicates=Replicates.load(run.replicates),
            disqualified=some_rank and row.rank is None,
        )
        for entry, row, run in zip(entries_of(board), board.rows, runs, strict=True)
    ]


def _replicates(run: RunBehind) -> Replicates | None:
    try:
        return Replicates.load(run.replicates)
    except ReplicatesError:
        return None


def _lines(first: Row, second: Row) -> list[PairedLine]:
    """The metrics that both have."""
    others = {(task.id, score.name): score for task in second.tasks for score in task.metrics}
    return [
        PairedLine(task.id, task.title, score, other, _difference(score, other))
        for task in first.tasks
        for score in task.metrics
        if (other := others.get((task.id, score.name))) is not None
    ]


def _difference(first: MetricScore, second: MetricScore) -> float | None:
    return None if first.value is None or second.value is None else first.value - second.value


def _with_interval(line: PairedLine, first: Replicates, second: Replicates, *, confidence: float) -> PairedLine:
    found = _interval(line, first, second, confidence=confidence)
    return line if found is None else replace(line, low=found.low, high=found.high)


def _interval(line: PairedLine, first: Replicates, second: Replicates, *, confidence: float) -> Interval | None:
    key = (line.task, line.first.name)
    one, other = first.get(key), second.get(key)
    too_few = min(line.first.units, line.second.units) < FEWEST_UNITS
    if line.difference is None or too_few or one is None or other is None or one.size != other.size:
        return None
    return percentile_interval(one - other, confidence=confidence)
