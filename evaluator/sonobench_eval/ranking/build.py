"""From evaluations and measurements to a leaderboard: which metrics count, the ranking, and how stable it is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sonobench_eval.challenge.digest import challenge_hash
from sonobench_eval.challenge.model import Challenge
from sonobench_eval.evaluation import Evaluation
from sonobench_eval.metrics.empty import Empty
from sonobench_eval.ranking import shown
from sonobench_eval.ranking.board_notes import NO_METRIC, dropped, notes_of_figures, without_pseudonyms
from sonobench_eval.ranking.entries import BoardError, Entry, as_shown, check_same_ground, in_order, relative_time
from sonobench_eval.ranking.gathered import Gathered, gathered, place_in_part, resampled_figures
from sonobench_eval.ranking.leaderboard import Leaderboard, Row, TaskColumn
from sonobench_eval.ranking.rank import rescore
from sonobench_eval.ranking.records import RankedTeam, RankingResult, TeamFigures, Weights
from sonobench_eval.ranking.stability import RankRanges, bootstrap_ranks, rank_ranges
from sonobench_eval.statistics.resampled import FEWEST_UNITS

__all__ = ["BoardError", "Entry", "build_leaderboard"]


def build_leaderboard(
    challenge: Challenge,
    entries: Sequence[Entry],
    *,
    dataset_hash: str,
    generated_at: datetime,
    definition_hash: str | None = None,
    exact: bool = True,
) -> Leaderboard:
    """Rank the entries and lay out the board.

    Args:
        challenge: The challenge, with references or without: a ranking needs none.
        entries: One per team, in any order; all evaluated on this challenge and data set.
        dataset_hash: Of the data set the board is about.
        generated_at: When; with a time zone.
        definition_hash: Of the whole definition; needed where `challenge` is the one without references.
        exact: False while the challenge is open: figures are rounded (`ranking.shown`) before anything is ranked.

    Raises:
        BoardError: an evaluation belongs to another challenge or data set, or a team stands twice.
    """
    entries = in_order(entries)
    definition_hash = definition_hash or challenge_hash(challenge)
    check_same_ground(entries, definition_hash, dataset_hash)
    if not exact:
        entries = [as_shown(entry) for entry in entries]
        generated_at = shown.whole_minute(generated_at)
    found = gathered(challenge, entries)
    ranking = ranking_of(challenge, found)
    ranges, range_notes = _ranges(challenge, found)
    return Leaderboard(
        challenge=challenge.name,
        title=challenge.title,
        challenge_hash=definition_hash,
        dataset_hash=dataset_hash,
        generated_at=generated_at,
        scheme=challenge.ranking.scheme,
        performance_weight=ranking.weights.performance,
        efficiency_weight=ranking.weights.efficiency,
        resamples=challenge.bootstrap.resamples,
        confidence=challenge.bootstrap.confidence,
        cases=len(challenge.cases),
        centers=len(challenge.centers),
        external_centers=sum(center.role == "external" for center in challenge.centers),
        exact=exact,
        pseudonyms=challenge.pseudonyms and not without_pseudonyms(entries),
        rows=_rows(challenge, found, ranking, ranges),
        dropped=(*(dropped(each) for each in found.dropped), *ranking.dropped),
        notes=(
            *ranking.notes,
            *notes_of_figures(challenge, found),
            *range_notes,
            *(() if exact else (shown.NOTE,)),
        ),
    )


def ranking_of(challenge: Challenge, found: Gathered) -> RankingResult:
    """The ranking by the declared scheme; without one where no metric that counts has a value."""
    if found.scheme is not None:
        return rescore(found.figures, found.scheme, disqualified=found.disqualified)
    rules = challenge.ranking
    rows = tuple(RankedTeam(None, None, None, None, TeamFigures(entry.team)) for entry in found.entries)
    return RankingResult(rows, Weights(rules.performance, rules.efficiency), notes=(NO_METRIC,) if rows else ())


def _ranges(challenge: Challenge, found: Gathered) -> tuple[dict[str, tuple[int, int]], list[str]]:
    """Rank range of each ranked team, and what must be said about them."""
    field = found.field
    if field is None or field.obstacle is not None or not found.counted or not challenge.bootstrap.resamples:
        return {}, []
    if obstacle := _no_ranges(found):
        return {}, [f"Rank ranges are not shown: {obstacle}"]
    values = resampled_figures(found, seed=challenge.bootstrap.seed)
    ranked = [found.figures.teams.index(team) for team in field.figures.teams]
    of_ranked = {name: row[..., ranked] for name, row in values.items()}
    ranges = rank_ranges(bootstrap_ranks(field.tree, of_ranked), confidence=challenge.bootstrap.confidence)
    if ranges is None:
        return {}, ["Rank ranges are not shown: in no resample does every metric have a value."]
    return _by_team(field.figures.teams, ranges), _told(ranges)


def _no_ranges(found: Gathered) -> str | None:
    """Why there can be no rank ranges."""
    if without := [entry.team for entry in found.entries if entry.replicates is None]:
        return f"there are no bootstrap replicates for {', '.join(without)}."
    if alone := dict.fromkeys(each.what.task.id for each in found.counted if each.fewest_units < FEWEST_UNITS):
        return f"a single subject or case is all there is to resample in {', '.join(alone)}."
    if found.field is not None and (over := [leaf.of for leaf in found.field.tree.leaves() if "@" in leaf.of]):
        return f"{over[0]} is made from single cases, which replicates do not hold. `sonobench rank --stability` shows them."
    return None


def _by_team(teams: Sequence[str], ranges: RankRanges) -> dict[str, tuple[int, int]]:
    return {team: (int(low), int(high)) for team, low, high in zip(teams, ranges.low, ranges.high, strict=True)}


def _told(ranges: RankRanges) -> list[str]:
    if ranges.used == ranges.resamples:
        return []
    return [f"Rank ranges come from {ranges.used:,} of {ranges.resamples:,} resamples; in the others a metric has no value."]


def _rows(challenge: Challenge, found: Gathered, ranking: RankingResult, ranges: dict[str, tuple[int, int]]) -> tuple[Row, ...]:
    """The board's lines in the order of the ranking."""
    number_of = {entry.team: number for number, entry in enumerate(found.entries)}
    parts = {part: place_in_part(found, part) for part in ("segmentation", "classification")}
    rows = []
    for place in ranking.rows:
        number = number_of[place.team]
        entry = found.entries[number]
        in_parts = {f"{part}_rank": None if places is None else places[number] for part, places in parts.items()}
        relative_s = relative_time(entry) if challenge.measuring.relative_to_reference else None
        rows.append(_row(entry, place, ranges.get(entry.team, (None, None)), in_parts, relative_s))
    return tuple(rows)


def _row(
    entry: Entry,
    place: RankedTeam,
    rank_range: tuple[int | None, int | None],
    in_parts: dict[str, int | None],
    time_relative: float | None,
) -> Row:
    return Row(
        rank=place.rank,
        rank_low=rank_range[0],
        rank_high=rank_range[1],
        team=entry.team,
        score=place.score,
        performance=place.performance,
        efficiency=place.efficiency,
        segmentation_rank=in_parts["segmentation_rank"],
        classification_rank=in_parts["classification_rank"],
        means=entry.evaluation.means,
        tasks=tuple(
            TaskColumn(id=task.id, title=task.title, kind=task.kind, metrics=task.metrics, roles=task.roles, gaps=task.gaps)
            for task in entry.evaluation.tasks
        ),
        time_s=entry.time_s,
        time_relative=time_relative,
        gpu_memory_bytes=entry.gpu_memory_bytes,
        host_memory_bytes=entry.host_memory_bytes,
        problems=_unusable_results(entry.evaluation),
        submission=entry.submission,
        image_digest=entry.image_digest,
    )


def _unusable_results(evaluation: Evaluation) -> int:
    """How many cases have no usable result; an empty mask is one."""
    return sum(case.problem is not None and case.problem not in set(Empty) for case in evaluation.cases)
