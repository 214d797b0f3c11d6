"""From evaluations and measurements to a leaderboard: which metrics count, the ranking, and how stable it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from sonobench_eval.challenge.digest import challenge_hash
from sonobench_eval.challenge.model import Challenge, Task
from sonobench_eval.evaluation import Evaluation, MetricScore
from sonobench_eval.metrics.empty import Empty
from sonobench_eval.ranking import relative, shown
from sonobench_eval.ranking.leaderboard import DroppedDimension, Leaderboard, Row, TaskColumn
from sonobench_eval.ranking.stability import RankRanges, rank_ranges
from sonobench_eval.ranking.uusic25 import RankedTeam, RankingResult, TeamFigures, Weights, part_ranks, rank_table
from sonobench_eval.statistics.aggregation import FEWEST_UNITS
from sonobench_eval.statistics.replicates import Replicates

FloatArray = NDArray[np.float64]


class BoardError(Exception):
    """These evaluations cannot stand on one board; the message says which and what to do."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One team's evaluation and what its run used; None where not measured.

    `reference_s` is what the reference container took on the node of the run.
    """

    team: str
    evaluation: Evaluation
    time_s: float | None = None
    reference_s: float | None = None
    gpu_memory_bytes: int | None = None
    host_memory_bytes: int | None = None
    replicates: Replicates | None = None
    submission: str | None = None
    image_digest: str | None = None


@dataclass(frozen=True, slots=True)
class _Counted:
    """A metric of a task that the ranking counts, with every team's score in the order of the entries."""

    task: Task
    metric: str
    scores: tuple[MetricScore, ...]

    @property
    def key(self) -> tuple[str, str]:
        return self.task.id, self.metric

    @property
    def values(self) -> FloatArray:
        """Shape (teams,), NaN where a team has no value."""
        return np.array([np.nan if score.value is None else score.value for score in self.scores], dtype=np.float64)

    @property
    def fewest_units(self) -> int:
        return min(score.units for score in self.scores)

    @property
    def is_dropped(self) -> bool:
        return bool(np.isnan(self.values).all())


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
    entries = sorted(entries, key=lambda entry: (entry.team.casefold(), entry.team))
    definition_hash = definition_hash or challenge_hash(challenge)
    _check_same_ground(entries, definition_hash, dataset_hash)
    if not exact:
        entries = [_as_shown(entry) for entry in entries]
        generated_at = shown.whole_minute(generated_at)
    declared = list(_counted(challenge, entries)) if entries else []
    counted = [each for each in declared if not each.is_dropped]
    dropped = [_dropped(each) for each in declared if each.is_dropped]
    weights = Weights(challenge.ranking.performance, challenge.ranking.efficiency)
    ranking = rank_table(_figures(challenge, entries, counted), weights)
    ranges, range_notes = _ranges(challenge, entries, counted, ranking)
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
        pseudonyms=challenge.pseudonyms and not _without_pseudonyms(entries),
        rows=_rows(challenge, entries, ranking, ranges),
        dropped=(*dropped, *ranking.dropped),
        notes=(
            *ranking.notes,
            *(f"{each.dimension} does not count: {each.reason}." for each in dropped),
            *_gap_notes(counted, entries),
            *_uncounted_notes(challenge),
            *_unit_notes(challenge, entries),
            *_name_notes(challenge, entries),
            *range_notes,
            *(() if exact else (shown.NOTE,)),
        ),
    )


def _as_shown(entry: Entry) -> Entry:
    time_s, gpu, host = entry.time_s, entry.gpu_memory_bytes, entry.host_memory_bytes
    return replace(
        entry,
        time_s=None if time_s is None else shown.shown_time_s(time_s),
        gpu_memory_bytes=None if gpu is None else shown.shown_memory_bytes(gpu),
        host_memory_bytes=None if host is None else shown.shown_memory_bytes(host),
    )


def _check_same_ground(entries: Sequence[Entry], challenge: str, dataset: str) -> None:
    for before, entry in pairwise(entries):
        if before.team == entry.team:
            raise BoardError(f"team {entry.team!r} has two entries; choose one evaluation for each team")
    for entry in entries:
        made_from = entry.evaluation.made_from
        if made_from.challenge_hash != challenge:
            raise BoardError(
                f"the evaluation of team {entry.team!r} belongs to another version of the challenge; score its results again"
            )
        if made_from.dataset_hash != dataset:
            raise BoardError(f"the evaluation of team {entry.team!r} was made on another data set; score its results again")


def _counted(challenge: Challenge, entries: Sequence[Entry]) -> Iterator[_Counted]:
    for task in challenge.tasks:
        for name in _ranking_metrics(challenge, task):
            yield _Counted(task, name, tuple(_score_of(entry.evaluation, task.id, name) for entry in entries))


def _ranking_metrics(challenge: Challenge, task: Task) -> list[str]:
    ranking = challenge.ranking
    wanted = ranking.segmentation_metrics if task.is_segmentation else ranking.classification_metrics
    return [metric.name for metric in task.metrics if metric.name in wanted]


def _score_of(evaluation: Evaluation, task_id: str, name: str) -> MetricScore:
    return next(score for score in evaluation.task(task_id).metrics if score.name == name)


def _figures(challenge: Challenge, entries: Sequence[Entry], counted: Sequence[_Counted]) -> list[TeamFigures]:
    segmentation, classification = (_ranks_of_part(counted, segmentation=part) for part in (True, False))
    return [
        TeamFigures(
            team=entry.team,
            segmentation_rank=None if segmentation is None else float(segmentation[number]),
            classification_rank=None if classification is None else float(classification[number]),
            time_s=_time_relative(entry) if challenge.measuring.relative_to_reference else entry.time_s,
            gpu_memory_bytes=entry.gpu_memory_bytes,
        )
        for number, entry in enumerate(entries)
    ]


def _ranks_of_part(counted: Sequence[_Counted], *, segmentation: bool) -> FloatArray | None:
    tasks = _by_task(counted, segmentation=segmentation)
    return part_ranks([[each.values for each in metrics] for metrics in tasks]) if tasks else None


def _by_task(counted: Sequence[_Counted], *, segmentation: bool) -> list[list[_Counted]]:
    tasks: dict[str, list[_Counted]] = {}
    for each in counted:
        if each.task.is_segmentation == segmentation:
            tasks.setdefault(each.task.id, []).append(each)
    return list(tasks.values())


def _ranges(
    challenge: Challenge, entries: Sequence[Entry], counted: Sequence[_Counted], ranking: RankingResult
) -> tuple[RankRanges | None, list[str]]:
    """Rank ranges in the order of the entries, and what must be said about them."""
    if not counted or not challenge.bootstrap.resamples or any(row.rank is None for row in ranking.rows):
        return None, []
    if without := [entry.team for entry in entries if entry.replicates is None]:
        return None, [f"Rank ranges are not shown: there are no bootstrap replicates for {', '.join(without)}."]
    if alone := dict.fromkeys(each.task.id for each in counted if each.fewest_units < FEWEST_UNITS):
        return None, [f"Rank ranges are not shown: a single subject or case is all there is to resample in {', '.join(alone)}."]
    parts = [_by_task(counted, segmentation=part) for part in (True, False)]
    replicates = [[[_paired(each, entries) for each in metrics] for metrics in part] for part in parts if part]
    ranges = rank_ranges(replicates, _efficiency(entries, ranking), ranking.weights, confidence=challenge.bootstrap.confidence)
    if ranges is None:
        return None, ["Rank ranges are not shown: in no resample does every metric have a value."]
    if ranges.used < ranges.resamples:
        return ranges, [
            f"Rank ranges come from {ranges.used:,} of {ranges.resamples:,} resamples; in the others a metric has no value."
        ]
    return ranges, []


def _paired(counted: _Counted, entries: Sequence[Entry]) -> FloatArray:
    """Replicates of one metric, shape (resamples, teams)."""
    vectors = [entry.replicates.get(counted.key) for entry in entries if entry.replicates is not None]
    known = [vector for vector in vectors if vector is not None]
    if len(known) < len(entries) or len({vector.size for vector in known}) > 1:
        raise BoardError("the teams' bootstrap replicates do not fit together; score their stored results again")
    return np.stack(known, axis=1)


def _efficiency(entries: Sequence[Entry], ranking: RankingResult) -> FloatArray | None:
    by_team = {row.team: row.efficiency for row in ranking.rows}
    values = [by_team[entry.team] for entry in entries]
    known = [value for value in values if value is not None]
    return np.array(known, dtype=np.float64) if len(known) == len(values) else None


def _rows(challenge: Challenge, entries: Sequence[Entry], ranking: RankingResult, ranges: RankRanges | None) -> tuple[Row, ...]:
    """The board's lines in the order of the ranking; `ranges` are in the order of the entries."""
    number_of = {entry.team: number for number, entry in enumerate(entries)}
    numbered = ((number_of[place.team], place) for place in ranking.rows)
    rows = (_row(entries[number], place, ranges, number) for number, place in numbered)
    if not challenge.measuring.relative_to_reference:
        return tuple(rows)
    return tuple(row.model_copy(update={"time_relative": _time_relative(entries[number_of[row.team]])}) for row in rows)


def _time_relative(entry: Entry) -> float | None:
    return relative.in_reference_units(entry.time_s, entry.reference_s)


def _row(entry: Entry, place: RankedTeam, ranges: RankRanges | None, number: int) -> Row:
    figures = place.figures
    return Row(
        rank=place.rank,
        rank_low=None if ranges is None else int(ranges.low[number]),
        rank_high=None if ranges is None else int(ranges.high[number]),
        team=entry.team,
        score=place.score,
        performance=place.performance,
        efficiency=place.efficiency,
        segmentation_rank=None if figures.segmentation_rank is None else int(figures.segmentation_rank),
        classification_rank=None if figures.classification_rank is None else int(figures.classification_rank),
        means=entry.evaluation.means,
        tasks=tuple(
            TaskColumn(id=task.id, title=task.title, kind=task.kind, metrics=task.metrics, roles=task.roles, gaps=task.gaps)
            for task in entry.evaluation.tasks
        ),
        time_s=entry.time_s,
        gpu_memory_bytes=entry.gpu_memory_bytes,
        host_memory_bytes=entry.host_memory_bytes,
        problems=_unusable_results(entry.evaluation),
        submission=entry.submission,
        image_digest=entry.image_digest,
    )


def _unusable_results(evaluation: Evaluation) -> int:
    """How many cases have no usable result; an empty mask is one."""
    return sum(case.problem is not None and case.problem not in set(Empty) for case in evaluation.cases)


def _dropped(counted: _Counted) -> DroppedDimension:
    reason = f"it has no value ({counted.scores[0].undefined})"
    return DroppedDimension(dimension=f"{counted.metric.upper()} of {counted.task.id}", reason=reason)


def _gap_notes(counted: Sequence[_Counted], entries: Sequence[Entry]) -> Iterator[str]:
    for each in counted:
        if without := [entry.team for entry, score in zip(entries, each.scores, strict=True) if score.value is None]:
            yield f"{each.metric.upper()} of {each.task.id} has no value for {', '.join(without)}, which ranks last in it."


def _unit_notes(challenge: Challenge, entries: Sequence[Entry]) -> Iterator[str]:
    if challenge.measuring.relative_to_reference and entries:
        yield from relative.notes([entry.team for entry in entries], [entry.reference_s for entry in entries])


def _uncounted_notes(challenge: Challenge) -> Iterator[str]:
    for task in challenge.tasks:
        if not _ranking_metrics(challenge, task):
            yield f"Task {task.id} does not count: it declares none of the metrics that are ranked."


def _without_pseudonyms(entries: Sequence[Entry]) -> list[str]:
    return [entry.team for entry in entries if not entry.evaluation.made_from.pseudonyms]


def _name_notes(challenge: Challenge, entries: Sequence[Entry]) -> Iterator[str]:
    if not challenge.pseudonyms:
        yield (
            "Algorithms were given the cases' own names, order and headers, because this challenge has switched pseudonyms "
            "off: answers kept from earlier runs could have been used."
        )
    elif without := _without_pseudonyms(entries):
        yield f"The answers of {', '.join(without)} were given under the cases' own names, without pseudonyms."
