"""Evaluations and measurements gathered into figures, with the scheme that the challenge declares over them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sonobench_eval.challenge.model import Challenge
from sonobench_eval.evaluation import Evaluation, MetricScore
from sonobench_eval.ranking.case_table import CaseTable, case_table
from sonobench_eval.ranking.entries import BoardError, Entry, relative_time
from sonobench_eval.ranking.order import shared_ranks
from sonobench_eval.ranking.rank import Field, field_of
from sonobench_eval.ranking.records import Figures, Scheme
from sonobench_eval.ranking.schemes import RankedMetric, ranked_metrics, scheme_of
from sonobench_eval.ranking.tree import scores
from sonobench_eval.ranking.uusic25 import part_of_ranks
from sonobench_eval.statistics.resampling import named_generator

FloatArray = NDArray[np.float64]
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Counted:
    """A metric of a task that the ranking counts, with every team's score in the order of the entries."""

    what: RankedMetric
    scores: tuple[MetricScore, ...]

    @property
    def name(self) -> str:
        """`AUC of Breast`."""
        return f"{self.what.metric.key.upper()} of {self.what.task.id}"

    @property
    def fewest_units(self) -> int:
        return min(score.units for score in self.scores)

    @property
    def has_no_value(self) -> bool:
        """For no team."""
        return all(score.value is None for score in self.scores)


@dataclass(frozen=True, slots=True)
class Gathered:
    """Every figure of every entry, in the order of the entries. `dropped` metrics have a value for nobody.

    `scheme` is None where no metric is left that counts.
    """

    entries: tuple[Entry, ...]
    counted: tuple[Counted, ...]
    dropped: tuple[Counted, ...]
    figures: Figures
    scheme: Scheme | None

    @property
    def disqualified(self) -> frozenset[str]:
        return frozenset(entry.team for entry in self.entries if entry.disqualified)

    @property
    def has_repeats(self) -> bool:
        """Every run was timed more than once."""
        return bool(self.entries) and all(entry.time_s is not None and len(entry.times_s) > 1 for entry in self.entries)

    @property
    def field(self) -> Field | None:
        """Who is ranked by what; None without a scheme."""
        return None if self.scheme is None else field_of(self.figures, self.scheme, disqualified=self.disqualified)


def gathered(challenge: Challenge, entries: Sequence[Entry]) -> Gathered:
    """All that the declared ranking looks at."""
    every = [_counted(each, entries) for each in ranked_metrics(challenge)] if entries else []
    counted = tuple(each for each in every if not each.has_no_value)
    values: dict[str, Sequence[float | None]] = {each.what.figure: [score.value for score in each.scores] for each in counted}
    values |= _measured(challenge, entries)
    scheme = scheme_of(challenge, [each.what for each in counted])
    figures = Figures.of([entry.team for entry in entries], values)
    wanted = [] if scheme is None else [leaf.of for leaf in scheme.tree.leaves() if "@" in leaf.of]
    if wanted:
        table = table_of(challenge, entries)
        over_cases = {figure: row for figure in wanted if (row := table.over_cases(figure)) is not None}
        figures = Figures(figures.teams, {**figures.values, **over_cases})
    return Gathered(tuple(entries), counted, tuple(each for each in every if each.has_no_value), figures, scheme)


def table_of(challenge: Challenge, entries: Sequence[Entry]) -> CaseTable:
    """The entries' scores case by case."""
    return case_table(challenge, [entry.team for entry in entries], [entry.evaluation for entry in entries])


def place_in_part(found: Gathered, part: str) -> list[int] | None:
    """Each team's rank by the mean of its ranks on the tasks of a part, whatever the scheme; None without such tasks."""
    by_task: dict[str, list[RankedMetric]] = {}
    for each in found.counted:
        if each.what.part == part:
            by_task.setdefault(each.what.task.id, []).append(each.what)
    if not by_task:
        return None
    group = part_of_ranks(part, [[each.leaf for each in metrics] for metrics in by_task.values()])
    ranks = shared_ranks(scores(group, found.figures.values).score, higher_is_better=True)
    return [int(rank) for rank in ranks]


def resampled_figures(found: Gathered, *, seed: int) -> dict[str, FloatArray]:
    """Every figure that counts, in every bootstrap resample: shape (resamples, teams), paired, or (teams,) where held.

    Metrics come from the entries' replicates. Times with several repeats are resampled too; other measurements are held.

    Raises:
        BoardError: the replicates of the entries do not fit together.
    """
    metrics = {each.what.figure: _paired(each, found.entries) for each in found.counted}
    return with_measurements(found, metrics, seed=seed)


def with_measurements(found: Gathered, metrics: Mapping[str, FloatArray], *, seed: int) -> dict[str, FloatArray]:
    """Resampled metrics with the measurements beside them; times with several repeats resampled too."""
    resamples = max((len(row) for row in metrics.values()), default=0)
    values = {**found.figures.values, **metrics}
    if resamples and found.has_repeats:
        values["time_s"] = _resampled_times(found, resamples, seed)
    return values


def _resampled_times(found: Gathered, resamples: int, seed: int) -> FloatArray:
    """The median of as many repeats, drawn with replacement; in the unit the times are ranked in."""
    columns = []
    for entry, ranked in zip(found.entries, found.figures.values["time_s"], strict=True):
        repeats = np.array(entry.times_s)
        if entry.time_s is None or abs(np.median(repeats) - entry.time_s) > _ROUNDING * entry.time_s:
            columns.append(np.full(resamples, ranked))  # another rule than the median made this time: it is held
            continue
        generator = named_generator(seed, f"timed repeats\0{entry.team}")
        drawn = np.median(repeats[generator.integers(len(repeats), size=(resamples, len(repeats)))], axis=1)
        columns.append(drawn * (ranked / entry.time_s))
    return np.stack(columns, axis=1)


def _measured(challenge: Challenge, entries: Sequence[Entry]) -> dict[str, Sequence[float | None]]:
    relative = challenge.measuring.relative_to_reference
    return {
        "time_s": [relative_time(entry) if relative else entry.time_s for entry in entries],
        "gpu_memory_bytes": [entry.gpu_memory_bytes for entry in entries],
        "host_memory_bytes": [entry.host_memory_bytes for entry in entries],
        "energy_j": [entry.energy_j for entry in entries],
    }


def _counted(each: RankedMetric, entries: Sequence[Entry]) -> Counted:
    return Counted(each, tuple(_score_of(entry.evaluation, *each.key) for entry in entries))


def _score_of(evaluation: Evaluation, task_id: str, key: str) -> MetricScore:
    return next(score for score in evaluation.task(task_id).metrics if score.name == key)


def _paired(counted: Counted, entries: Sequence[Entry]) -> FloatArray:
    """Replicates of one metric, shape (resamples, teams)."""
    vectors = [entry.replicates.get(counted.what.key) for entry in entries if entry.replicates is not None]
    known = [vector for vector in vectors if vector is not None]
    if len(known) < len(entries) or len({vector.size for vector in known}) > 1:
        raise BoardError("the teams' bootstrap replicates do not fit together; score their stored results again")
    return np.stack(known, axis=1)
