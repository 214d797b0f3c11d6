"""Two or more algorithms on the same cases: for every pair, task and metric the difference, its interval and its test.

Which test fits: McNemar's mid-p for right or wrong (signs flipped at random where subjects have several cases); DeLong's for the
area under the curve of a binary task; for other areas a permutation test that swaps the answers of whole subjects;
Wilcoxon's signed-rank test for all other scores of single cases. Holm's correction is over all tests together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Annotated, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from sonobench_eval.challenge.model import Challenge
from sonobench_eval.metrics.roc import auc_of_many
from sonobench_eval.ranking.case_table import TaskTable, case_table
from sonobench_eval.ranking.entries import Entry
from sonobench_eval.ranking.schemes import RankedMetric
from sonobench_eval.statistics.bootstrap import Interval, percentile_interval
from sonobench_eval.statistics.delong import NoAucError, delong_test
from sonobench_eval.statistics.mcnemar import mcnemar_mid_p
from sonobench_eval.statistics.paired import PairedTest, effect_size, mid_ranks
from sonobench_eval.statistics.pairs import adjusted_p
from sonobench_eval.statistics.permutation import Draws, sign_flip_test, swap_test
from sonobench_eval.statistics.resampled import FEWEST_UNITS
from sonobench_eval.statistics.wilcoxon import wilcoxon_test

FloatArray = NDArray[np.float64]
Finite = Annotated[float, Field(allow_inf_nan=False)]
CORRECTION = "Holm over all tests of this comparison"
SWAPS = 2000
"""Of the permutation test on areas over several classes, which costs an area for each swap."""


class ComparisonRecord(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class PairedScore(ComparisonRecord):
    """One metric of one task, first team against second. `difference` is first minus second, in the metric's unit.

    `ci_low` and `ci_high` are the paired percentile bootstrap interval of the difference. `p` is two-sided, `p_adjusted`
    corrected for all tests; both are None where there is no test, and `why_none` then says why. `share_better` is the share
    of cases on which the first is better, equal ones counting half; None where the metric is none of single cases.
    """

    first: str
    second: str
    task: str
    metric: str
    higher_is_better: bool
    first_value: Finite | None
    second_value: Finite | None
    difference: Finite | None
    ci_low: Finite | None = None
    ci_high: Finite | None = None
    test: str = ""
    p: Finite | None = None
    p_adjusted: Finite | None = None
    why_none: str = ""
    share_better: Finite | None = None
    cases: int
    units: int

    @property
    def better(self) -> str | None:
        """Who is better beyond chance at 0.05 after correction; None where nobody is."""
        if self.p_adjusted is None or self.difference is None or self.p_adjusted > 0.05:
            return None
        return self.first if (self.difference > 0) == self.higher_is_better else self.second


class Comparison(ComparisonRecord):
    """Every pair on every metric of every task."""

    schema_: Annotated[Literal["sonobench.comparison/1"], Field(alias="schema")] = "sonobench.comparison/1"
    challenge: str
    teams: tuple[str, ...]
    confidence: Finite
    resamples: int
    seed: int
    correction: str
    scores: tuple[PairedScore, ...]

    def to_json(self) -> str:
        return self.model_dump_json(by_alias=True, indent=1)


@dataclass(frozen=True, slots=True)
class _Measured:
    """A metric of a task with every team's replicates, shape (resamples, teams), None where there are none."""

    what: RankedMetric
    task: TaskTable
    replicates: FloatArray | None

    def interval(self, pair: tuple[int, int], *, confidence: float) -> Interval | None:
        """Of the difference, first minus second."""
        if self.replicates is None or not self.replicates.size or self.task.units < FEWEST_UNITS:
            return None
        return percentile_interval(self.replicates[:, pair[0]] - self.replicates[:, pair[1]], confidence=confidence)


class _Tested(NamedTuple):
    """A test, or why there is none."""

    test: PairedTest | None
    why: str = ""


def compare(challenge: Challenge, entries: Sequence[Entry]) -> Comparison:
    """Compare all pairs of entries, in the order given.

    Args:
        challenge: with references, for areas under curves.
        entries: at least two, evaluated on this challenge.
    """
    metrics = [RankedMetric(task, metric) for task in challenge.tasks for metric in task.metrics]
    table = case_table(challenge, [entry.team for entry in entries], [entry.evaluation for entry in entries], metrics=metrics)
    by_task = {task.id: task for task in table.tasks}
    found: list[PairedScore] = []
    tests: list[PairedTest | None] = []
    for each in metrics:
        measured = _Measured(each, by_task[each.task.id], _replicates(challenge, by_task[each.task.id], each.metric.key, entries))
        for first, second in combinations(range(len(entries)), 2):
            tested = _test(challenge, measured, first, second)
            found.append(_paired(measured, entries, (first, second), tested))
            tests.append(tested.test)
    return Comparison(
        challenge=challenge.name,
        teams=table.teams,
        confidence=challenge.bootstrap.confidence,
        resamples=challenge.bootstrap.resamples,
        seed=challenge.bootstrap.seed,
        correction=CORRECTION,
        scores=tuple(_adjusted(found, tests)),
    )


def _adjusted(found: Sequence[PairedScore], tests: Sequence[PairedTest | None]) -> list[PairedScore]:
    tested = [number for number, test in enumerate(tests) if test is not None and test.p is not None]
    p = adjusted_p([test for test in tests if test is not None and test.p is not None], "holm")
    by_number = dict(zip(tested, p.tolist(), strict=True))
    return [each.model_copy(update={"p_adjusted": by_number.get(number)}) for number, each in enumerate(found)]


def _paired(measured: _Measured, entries: Sequence[Entry], pair: tuple[int, int], tested: _Tested) -> PairedScore:
    what, task = measured.what, measured.task
    first, second = (_value(entries[each], what) for each in pair)
    difference = None if first is None or second is None else first - second
    confidence = entries[0].evaluation.made_from.confidence
    interval = None if difference is None else measured.interval(pair, confidence=confidence)
    return PairedScore(
        first=entries[pair[0]].team,
        second=entries[pair[1]].team,
        task=what.task.id,
        metric=what.metric.key,
        higher_is_better=not what.less_is_better,
        first_value=first,
        second_value=second,
        difference=difference,
        ci_low=None if interval is None else interval.low,
        ci_high=None if interval is None else interval.high,
        test="" if tested.test is None else tested.test.method,
        p=None if tested.test is None else tested.test.p,
        why_none=tested.why if tested.test is None else tested.test.why_none,
        share_better=_share_better(task, what, pair),
        cases=task.cases,
        units=task.units,
    )


def _value(entry: Entry, what: RankedMetric) -> float | None:
    return next(score.value for score in entry.evaluation.task(what.task.id).metrics if score.name == what.metric.key)


def _share_better(task: TaskTable, what: RankedMetric, pair: tuple[int, int]) -> float | None:
    scores = task.by_case.get(what.metric.key)
    if scores is None:
        return None
    differences = scores[pair[0]] - scores[pair[1]]
    return effect_size(-differences if what.less_is_better else differences).share_better


def _replicates(challenge: Challenge, task: TaskTable, key: str, entries: Sequence[Entry]) -> FloatArray | None:
    """Of all entries in the same resamples, shape (resamples, teams): from single cases, or from kept replicates."""
    figure = f"{task.id}.{key}"
    if key in task.by_case or key in task.areas:
        counts = task.resampling(resamples=challenge.bootstrap.resamples, seed=challenge.bootstrap.seed).counts()
        return task.figures(counts)[figure]
    vectors = [None if entry.replicates is None else entry.replicates.get((task.id, key)) for entry in entries]
    known = [vector for vector in vectors if vector is not None]
    return np.stack(known, axis=1) if len(known) == len(entries) and len({len(each) for each in known}) == 1 else None


def _test(challenge: Challenge, measured: _Measured, first: int, second: int) -> _Tested:
    task, key = measured.task, measured.what.metric.key
    if task.units < FEWEST_UNITS:
        return _Tested(None, "a single subject or case says nothing about chance")
    draws = Draws(challenge.bootstrap.seed, task.id)
    if key in task.by_case:
        return _Tested(_of_cases(task.by_case[key][first], task.by_case[key][second], task, draws))
    if key not in task.areas or task.probabilities is None or task.labels is None:
        return _Tested(None, "it is none of single cases, and cannot be made again from an evaluation")
    try:
        if task.probabilities.shape[2] == 2:
            return _Tested(delong_test(task.labels == 1, task.scores_of_class(1)[[first, second]], task.unit_of_case))
    except NoAucError as error:
        return _Tested(None, str(error))
    return _Tested(_swapped(task, first, second, draws._replace(permutations=SWAPS)))


def _of_cases(first: FloatArray, second: FloatArray, task: TaskTable, draws: Draws) -> PairedTest:
    binary = bool(np.isin(first, (0, 1)).all() and np.isin(second, (0, 1)).all())
    if not binary:
        return wilcoxon_test(first - second, task.unit_of_case)
    if task.units < task.cases:
        return sign_flip_test(first - second, task.unit_of_case, draws)
    return mcnemar_mid_p(first == 1, second == 1, task.unit_of_case)


def _swapped(task: TaskTable, first: int, second: int, draws: Draws) -> PairedTest:
    """The mean area over several classes, each algorithm's scores as ranks among its own, which makes them exchangeable."""
    labels = np.asarray(task.labels)
    classes = 0 if task.probabilities is None else task.probabilities.shape[2]
    questions = [
        (
            np.tile(labels == number, 2),
            np.concatenate([mid_ranks(task.scores_of_class(number)[each]) for each in (first, second)]),
        )
        for number in range(classes)
    ]

    def measure(counts: FloatArray) -> FloatArray:
        areas = [auc_of_many(positive, ranks[np.newaxis], counts)[0] for positive, ranks in questions]
        return np.asarray(np.mean(areas, axis=0))

    return swap_test(measure, task.unit_of_case, draws)
