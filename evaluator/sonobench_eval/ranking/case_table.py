"""All teams' scores case by case: what whole rankings are resampled from, and made again without a task or a center.

Figures of a task: `heart.dsc` is the metric as evaluations have it (a mean over cases, or an area under a curve). Others
look at the cases one by one, `how` they are put together standing behind an `@`:

    heart.dsc@median       the median over cases (aggregate, then rank)
    heart.dsc@rank-mean    every case ranks the teams: the mean of a team's places on it (rank, then aggregate)
    heart.dsc@rank-median  their median
    heart.dsc@tests        how many teams it is significantly better than: one-sided Wilcoxon tests, Holm over all pairs

Places count 1 for the first and 0 for the last, so that of all but `median` more is better.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from sonobench_eval.challenge.model import Challenge, Task
from sonobench_eval.challenge.ranking_rules import RankScale
from sonobench_eval.evaluation import CaseScore, Evaluation
from sonobench_eval.metrics.class_answers import UNUSABLE_NEGATIVE, UNUSABLE_POSITIVE
from sonobench_eval.metrics.roc import auc_of_many
from sonobench_eval.ranking.scales import on_scale
from sonobench_eval.ranking.schemes import RankedMetric, ranked_metrics
from sonobench_eval.ranking.wins import wins_over_resamples
from sonobench_eval.statistics.resampling import Resampling

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.intp]
How = Literal["median", "rank-mean", "rank-median", "tests"]
HOWS: tuple[How, ...] = get_args(How)
_SAME = 1e-9


@dataclass(frozen=True, slots=True)
class TaskTable:
    """One task. `by_case` has each metric of single cases, shape (teams, cases), `lower` those of which less is better.

    `labels` (shape (cases,)) and `probabilities` (shape (teams, cases, classes), NaN without a usable answer) are there where the
    task asks for a class and its references are known; `auc` is then a figure of it under the names in `areas`.
    """

    id: str
    unit_of_case: tuple[str, ...]
    center_of_case: tuple[str, ...]
    by_case: Mapping[str, FloatArray]
    lower: frozenset[str] = frozenset()
    areas: tuple[str, ...] = ()
    labels: IntArray | None = None
    probabilities: FloatArray | None = None
    stratum_of_case: tuple[str, ...] | None = None

    @property
    def cases(self) -> int:
        return len(self.unit_of_case)

    @property
    def units(self) -> int:
        return len(set(self.unit_of_case))

    def figures(self, counts: FloatArray) -> dict[str, FloatArray]:
        """Every plain figure, shape (resamples, teams), NaN where it has no value.

        Args:
            counts: how often each resample holds each case, shape (resamples, cases).
        """
        return {**self._means(counts), **self._areas(counts)}

    def figure_over_cases(self, metric: str, how: How, counts: FloatArray) -> FloatArray:
        """`metric@how`, shape (resamples, teams)."""
        return _OVER_CASES[how](self.by_case[metric], counts, metric in self.lower)

    def over_cases(self, figure: str) -> tuple[str, How | None]:
        """The metric and the way of `task.metric@how`; no way where the figure is another task's, or none of single cases."""
        name, _, how = figure.partition("@")
        task_id, _, metric = name.rpartition(".")
        is_ours = task_id == self.id and metric in self.by_case
        return metric, next((each for each in HOWS if each == how and is_ours), None)

    def cases_elsewhere(self, center: str) -> FloatArray:
        """Counts of the cases that are not the center's, shape (1, cases)."""
        elsewhere = np.array(self.center_of_case) != center
        return np.asarray(elsewhere[np.newaxis], dtype=np.float64)

    def resampling(self, *, resamples: int, seed: int) -> Resampling:
        """The draws that evaluations of this task were made with."""
        return Resampling(self.unit_of_case, resamples, seed, self.id, stratum_of_case=self.stratum_of_case)

    def _means(self, counts: FloatArray) -> dict[str, FloatArray]:
        """All metrics of all teams in one matrix product."""
        if not self.by_case:
            return {}
        stacked = np.concatenate(list(self.by_case.values()))
        total = counts.sum(axis=1)[:, np.newaxis]
        means = np.divide(counts @ stacked.T, total, out=np.full((len(counts), len(stacked)), np.nan), where=total > 0)
        columns = np.split(means, len(self.by_case), axis=1)
        return {f"{self.id}.{name}": column for name, column in zip(self.by_case, columns, strict=True)}

    def scores_of_class(self, number: int) -> FloatArray:
        """What each team gave a class, shape (teams, cases); a case without a usable answer ranks worst.

        Raises:
            ValueError: the task asks for no class, or its references are not known.
        """
        if self.labels is None or self.probabilities is None:
            raise ValueError(f"{self.id} has no references to compare probabilities with")
        written = self.probabilities[:, :, number]
        worst = np.where(self.labels == number, UNUSABLE_POSITIVE, UNUSABLE_NEGATIVE)
        return np.where(np.isnan(written), worst, written)

    def _areas(self, counts: FloatArray) -> dict[str, FloatArray]:
        """One class against the rest, the mean over classes where there are more than two."""
        if not self.areas or self.labels is None or self.probabilities is None:
            return {}
        classes = self.probabilities.shape[2]
        asked = [1] if classes == 2 else range(classes)
        of_classes = [auc_of_many(self.labels == number, self.scores_of_class(number), counts).T for number in asked]
        area = of_classes[0] if len(of_classes) == 1 else np.mean(of_classes, axis=0)
        return {f"{self.id}.{name}": area for name in self.areas}


@dataclass(frozen=True, slots=True)
class CaseTable:
    """Every task of a challenge, for the same teams. `unavailable` are counted figures that no case scores give."""

    teams: tuple[str, ...]
    tasks: tuple[TaskTable, ...]
    unavailable: tuple[str, ...] = field(default=())

    def figures(self, counts_of: Callable[[TaskTable], FloatArray], *, also: Sequence[str] = ()) -> dict[str, FloatArray]:
        """Every plain figure of every task, and some over single cases; counts as given for each task.

        Args:
            counts_of: for a task, shape (resamples, cases).
            also: figures with an `@`; those that are none of single cases are left out.
        """
        found: dict[str, FloatArray] = {}
        for task in self.tasks:
            counts = counts_of(task)
            found |= task.figures(counts)
            for figure in also:
                metric, how = task.over_cases(figure)
                if how is not None:
                    found[figure] = task.figure_over_cases(metric, how, counts)
        return found

    def values(self, *, also: Sequence[str] = ()) -> dict[str, FloatArray]:
        """Over the cases as they are, shape (teams,)."""
        return _only_row(self.figures(lambda task: np.ones((1, task.cases)), also=also))

    def resampled(self, *, resamples: int, seed: int, also: Sequence[str] = ()) -> dict[str, FloatArray]:
        """In every bootstrap resample, shape (resamples, teams)."""
        return self.figures(lambda task: task.resampling(resamples=resamples, seed=seed).counts(), also=also)

    def without_center(self, center: str, *, also: Sequence[str] = ()) -> dict[str, FloatArray]:
        """Without the cases of a center, shape (teams,); NaN where no case is left."""
        return _only_row(self.figures(lambda task: task.cases_elsewhere(center), also=also))

    def over_cases(self, figure: str) -> FloatArray | None:
        """`task.metric@how` over the cases as they are, shape (teams,); None where it is none of single cases."""
        for task in self.tasks:
            metric, how = task.over_cases(figure)
            if how is not None:
                return np.asarray(task.figure_over_cases(metric, how, np.ones((1, task.cases)))[0])
        return None


def _only_row(figures: Mapping[str, FloatArray]) -> dict[str, FloatArray]:
    return {name: row[0] for name, row in figures.items()}


def case_table(
    challenge: Challenge,
    teams: Sequence[str],
    evaluations: Sequence[Evaluation],
    *,
    metrics: Sequence[RankedMetric] | None = None,
) -> CaseTable:
    """From the case scores of evaluations; areas under curves where the challenge has its references.

    A metric counts as one of single cases where every case has a score and their mean is the task's value.

    Args:
        challenge: that the evaluations were made on.
        teams: their names.
        evaluations: one for each team.
        metrics: those that are wanted; all that the ranking counts where None.
    """
    tasks: list[TaskTable] = []
    unavailable: list[str] = []
    chosen = ranked_metrics(challenge) if metrics is None else metrics
    for task in challenge.tasks:
        wanted = [each.metric.key for each in chosen if each.task.id == task.id]
        if wanted:
            table = _task_table(challenge, task, wanted, evaluations)
            tasks.append(table)
            unavailable += [f"{task.id}.{key}" for key in wanted if key not in (*table.by_case, *table.areas)]
    return CaseTable(tuple(teams), tuple(tasks), tuple(unavailable))


def _task_table(challenge: Challenge, task: Task, wanted: Sequence[str], evaluations: Sequence[Evaluation]) -> TaskTable:
    cases = challenge.cases_of(task.id)
    of_teams = [_in_order([case.id for case in cases], evaluation) for evaluation in evaluations]
    specs = {metric.key: task.spec(metric) for metric in task.metrics}
    by_case: dict[str, FloatArray] = {}
    for key in wanted:
        scores = _scores_by_case(key, of_teams)
        if scores is not None and _is_mean(scores, task.id, key, evaluations):
            by_case[key] = scores
    labels = [case.label for case in cases if case.label is not None] if task.is_classification else []
    known = len(labels) == len(cases)
    plain = {metric.key for metric in task.metrics if metric.name == "auc" and not metric.parameters}
    return TaskTable(
        id=task.id,
        unit_of_case=tuple(case.unit for case in cases),
        center_of_case=tuple(case.center for case in cases),
        by_case=by_case,
        lower=frozenset(key for key in by_case if not specs[key].higher_is_better),
        areas=tuple(key for key in wanted if known and key in plain),
        labels=np.array(labels, dtype=np.intp) if known else None,
        probabilities=_probabilities(of_teams, len(task.classes or ())) if known else None,
        stratum_of_case=_strata(challenge, task),
    )


def _strata(challenge: Challenge, task: Task) -> tuple[str, ...] | None:
    """As evaluations are resampled: `statistics.aggregation`."""
    cases = challenge.cases_of(task.id)
    if challenge.bootstrap.stratify == "center":
        return tuple(case.center for case in cases)
    if challenge.bootstrap.stratify == "class" and task.is_classification:
        return tuple(str(case.label) for case in cases)
    return None


def _in_order(ids: Sequence[str], evaluation: Evaluation) -> list[CaseScore]:
    by_id = {case.id: case for case in evaluation.cases}
    return [by_id[each] for each in ids]


def _scores_by_case(key: str, of_teams: Sequence[Sequence[CaseScore]]) -> FloatArray | None:
    rows = [[case.scores.get(key) for case in cases] for cases in of_teams]
    if any(value is None for row in rows for value in row):
        return None
    return np.array(rows, dtype=np.float64)


def _is_mean(scores: FloatArray, task_id: str, key: str, evaluations: Sequence[Evaluation]) -> bool:
    for mean, evaluation in zip(scores.mean(axis=1).tolist(), evaluations, strict=True):
        value = next(metric.value for metric in evaluation.task(task_id).metrics if metric.name == key)
        if value is None or abs(value - mean) > _SAME * max(1.0, abs(mean)):
            return False
    return True


def _probabilities(of_teams: Sequence[Sequence[CaseScore]], classes: int) -> FloatArray:
    names = [f"p_{number}" for number in range(classes)]
    return np.array(
        [[[case.scores.get(name, np.nan) for name in names] for case in cases] for cases in of_teams], dtype=np.float64
    )


def _places(scores: FloatArray, lower: bool) -> FloatArray:
    """Each case's ranking of the teams, shape (cases, teams)."""
    return on_scale(scores.T, RankScale(), less_is_better=lower)


def _medians(values: FloatArray, counts: FloatArray) -> FloatArray:
    """Weighted medians along the cases, the mean of the two middle ones where they are two; (resamples, teams).

    Args:
        values: shape (teams, cases).
        counts: shape (resamples, cases), whole numbers.
    """
    found = np.full((len(counts), len(values)), np.nan)
    total = counts.sum(axis=1)
    for team, row in enumerate(values):
        order = np.argsort(row, kind="stable")
        reached = np.cumsum(counts[:, order], axis=1)
        below = (reached < (total / 2 + 0.25)[:, np.newaxis] - 0.5).sum(axis=1)
        above = (reached < (total / 2 + 0.25)[:, np.newaxis]).sum(axis=1)
        last = len(order) - 1
        found[:, team] = (row[order[np.minimum(below, last)]] + row[order[np.minimum(above, last)]]) / 2
    found[total == 0] = np.nan
    return found


def _median(scores: FloatArray, counts: FloatArray, _lower: bool) -> FloatArray:
    return _medians(scores, counts)


def _mean_of_places(scores: FloatArray, counts: FloatArray, lower: bool) -> FloatArray:
    total = counts.sum(axis=1)[:, np.newaxis]
    places = counts @ _places(scores, lower)
    return np.asarray(np.divide(places, total, out=np.full(places.shape, np.nan), where=total > 0))


def _median_of_places(scores: FloatArray, counts: FloatArray, lower: bool) -> FloatArray:
    return _medians(_places(scores, lower).T, counts)


def _wins(scores: FloatArray, counts: FloatArray, lower: bool) -> FloatArray:
    return wins_over_resamples(-scores if lower else scores, counts)


_OVER_CASES: Mapping[How, Callable[[FloatArray, FloatArray, bool], FloatArray]] = {
    "median": _median,
    "rank-mean": _mean_of_places,
    "rank-median": _median_of_places,
    "tests": _wins,
}
