"""What a published board lets one rank anew by: its own figures, and the schemes that can be made over them.

Nothing but the board's document and the public definition goes in; while a phase is open its figures are the rounded ones.
Ranks come from `sonobench_eval.ranking`, as the published ones did. That they come out the same is tried first: a board whose
ranking cannot be made again from what it shows is no ground for another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sonobench_eval.challenge.model import Challenge
from sonobench_eval.evaluation import Evaluation, Provenance, TaskScore
from sonobench_eval.ranking.entries import Entry, in_order
from sonobench_eval.ranking.gathered import Gathered, gathered
from sonobench_eval.ranking.leaderboard import Leaderboard, Row, TaskColumn
from sonobench_eval.ranking.rank import rescore
from sonobench_eval.ranking.records import Figures, RankingResult, Scheme
from sonobench_eval.ranking.schemes import RankedMetric, ranked_metrics

_SAME_SCORE = 1e-9


class NoGround(StrEnum):
    """Why a board cannot be ranked anew."""

    EMPTY = "empty"
    EARLIER_DEFINITION = "earlier-definition"
    NEEDS_CASES = "needs-cases"
    NO_METRIC = "no-metric"
    NOT_THE_SAME = "not-the-same"


class NoGroundError(Exception):
    """The board cannot be ranked anew; `why` says why."""

    def __init__(self, why: NoGround) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Ground:
    """A board that its own figures rank as it says.

    `counted` are the metrics that the declared ranking counts and that have a value, `official` is that ranking, by `scheme`.
    `disqualified` teams stand on the board without a rank, whatever the scheme.
    """

    board: Leaderboard
    challenge: Challenge
    counted: tuple[RankedMetric, ...]
    figures: Figures
    scheme: Scheme
    official: RankingResult
    disqualified: frozenset[str]

    @property
    def ranks(self) -> dict[str, int | None]:
        """The published ones, by team."""
        return {row.team: row.rank for row in self.board.rows}


def ground_of(board: Leaderboard, challenge: Challenge, *, definition_hash: str) -> Ground:
    """The ground that a board is.

    Args:
        board: as published.
        challenge: the phase's public definition.
        definition_hash: of the whole definition.

    Raises:
        NoGroundError: it is none.
    """
    if not board.rows:
        raise NoGroundError(NoGround.EMPTY)
    if board.challenge_hash != definition_hash:
        raise NoGroundError(NoGround.EARLIER_DEFINITION)
    found = board_figures(board, challenge)
    if found.scheme is None:
        raise NoGroundError(NoGround.NO_METRIC)
    figures = _as_ranked(board, challenge, found)
    for disqualified in _disqualified(board):
        official = rescore(figures, found.scheme, disqualified=disqualified)
        if _is_published(official, board):
            counted = tuple(each.what for each in found.counted)
            return Ground(board, challenge, counted, figures, found.scheme, official, disqualified)
    raise NoGroundError(NoGround.NOT_THE_SAME)


def board_figures(board: Leaderboard, challenge: Challenge, entries: Sequence[Entry] | None = None) -> Gathered:
    """The board's figures as a ranking gathers them.

    Args:
        board: as published.
        challenge: that it is of.
        entries: its rows as entries; made from the board alone where None.

    Raises:
        NoGroundError: the scheme looks at single cases, or a row lacks a metric.
    """
    metrics = ranked_metrics(challenge)
    if challenge.ranking.tree is not None and any("@" in leaf.of for leaf in challenge.ranking.tree.leaves()):
        raise NoGroundError(NoGround.NEEDS_CASES)
    wanted = {each.key for each in metrics}
    if any(wanted - {(task.id, score.name) for task in row.tasks for score in task.metrics} for row in board.rows):
        raise NoGroundError(NoGround.NOT_THE_SAME)
    return gathered(challenge, in_order(entries_of(board) if entries is None else entries))


def entries_of(board: Leaderboard) -> list[Entry]:
    """Each row as an entry without cases; without the time of a reference container, which a board does not tell."""
    return [_entry(board, row) for row in board.rows]


def _entry(board: Leaderboard, row: Row) -> Entry:
    return Entry(
        team=row.team,
        evaluation=Evaluation(made_from=_made_from(board), tasks=tuple(_task(task) for task in row.tasks), cases=()),
        time_s=row.time_s,
        gpu_memory_bytes=row.gpu_memory_bytes,
        host_memory_bytes=row.host_memory_bytes,
    )


def _task(task: TaskColumn) -> TaskScore:
    cases = max((score.n for score in task.metrics), default=0)
    return TaskScore(id=task.id, title=task.title, kind=task.kind, n=cases, metrics=task.metrics)


def _made_from(board: Leaderboard) -> Provenance:
    return Provenance(
        challenge=board.challenge,
        challenge_hash=board.challenge_hash,
        dataset_hash=board.dataset_hash,
        evaluator_version="",
        engine="fast",
        resamples=board.resamples,
        confidence=board.confidence,
        seed=0,
    )


def _as_ranked(board: Leaderboard, challenge: Challenge, found: Gathered) -> Figures:
    """With times in the unit that they are ranked in."""
    if not challenge.measuring.relative_to_reference:
        return found.figures
    relative = {row.team: row.time_relative for row in board.rows}
    times = Figures.of(found.figures.teams, {"time_s": [relative[team] for team in found.figures.teams]})
    return Figures(found.figures.teams, {**found.figures.values, **times.values})


def _disqualified(board: Leaderboard) -> tuple[frozenset[str], ...]:
    """Who can be meant by rows without a rank: those teams; where no row has one also nobody, there being no ranking then."""
    unranked = frozenset(row.team for row in board.rows if row.rank is None)
    return (frozenset(), unranked) if len(unranked) == len(board.rows) else (unranked,)


def _is_published(made: RankingResult, board: Leaderboard) -> bool:
    published = {row.team: row for row in board.rows}
    return all(row.rank == published[row.team].rank and _is_same(row.score, published[row.team].score) for row in made.rows)


def _is_same(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) <= _SAME_SCORE
