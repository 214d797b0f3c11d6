"""Which charts a report has, from what is there: some from the board, some from evaluations, some of the ranking's stability."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sonobench_eval.challenge.model import Bootstrap, Challenge, Task
from sonobench_eval.evaluation import Evaluation
from sonobench_eval.metrics.class_answers import ClassAnswers
from sonobench_eval.metrics.regression_answers import ValueAnswers
from sonobench_eval.ranking.case_table import TaskTable, case_table
from sonobench_eval.ranking.entries import Entry
from sonobench_eval.ranking.leaderboard import Leaderboard
from sonobench_eval.ranking.schemes import RankedMetric
from sonobench_eval.ranking.stability_report import RankDistribution, StabilityReport
from sonobench_eval.report.charts.answers import class_answers
from sonobench_eval.report.charts.bland_altman import bland_altman_plot
from sonobench_eval.report.charts.blob import blob_plot
from sonobench_eval.report.charts.case_quartiles import case_quartiles
from sonobench_eval.report.charts.case_scores import case_scores
from sonobench_eval.report.charts.centers import center_heatmap
from sonobench_eval.report.charts.chart import Chart
from sonobench_eval.report.charts.confusion import confusion_matrix
from sonobench_eval.report.charts.difficulty import difficulty_chart
from sonobench_eval.report.charts.efficiency import efficiency_pane
from sonobench_eval.report.charts.other_ranks import ranks_without, scheme_ranks
from sonobench_eval.report.charts.radar import radar
from sonobench_eval.report.charts.rank_heatmap import rank_heatmap
from sonobench_eval.report.charts.rejection import accuracy_rejection
from sonobench_eval.report.charts.reliability import reliability_diagram
from sonobench_eval.report.charts.roc import roc_curves
from sonobench_eval.report.charts.significance import significance_map
from sonobench_eval.report.charts.task_dots import task_dots
from sonobench_eval.report.charts.tau import tau_distribution
from sonobench_eval.report.charts.weights import weight_lines

FloatArray = NDArray[np.float64]
MOST_CLASSES = 10
"""Of a task with more classes there are no curves: nobody looks at a hundred."""
_ABSTAINING = frozenset({"aurc", "acc_at_coverage", "selective_acc", "coverage", "abstention"})


class Chosen(NamedTuple):
    """A chart; `of_cases` where it shows cases one by one, which are not for the public.

    `instead` is what may be shown to the public in its place, where there is such a thing.
    """

    chart: Chart
    of_cases: bool = False
    instead: Chart | None = None

    @property
    def for_public(self) -> Chart | None:
        """The chart, or what stands in for it; None where there is nothing for the public."""
        return self.instead if self.of_cases else self.chart


def board_charts(board: Leaderboard) -> Iterator[Chosen]:
    """Performance against time, and performance by task."""
    yield from _there([efficiency_pane(board), radar(board), task_dots(board)])


def evaluation_charts(challenge: Challenge, entries: Sequence[Entry], *, fewest_cases: int = 1) -> Iterator[Chosen]:
    """Task by task: centers, the spread of metrics of single cases, curves, calibration, difficulty.

    What is drawn for one team alone (confusion, agreement) is drawn for the first entry. Tasks, and bins of reliability
    diagrams, with fewer cases than `fewest_cases` are left out.
    """
    evaluations = {entry.team: entry.evaluation for entry in entries}
    every = [RankedMetric(task, metric) for task in challenge.tasks for metric in task.metrics]
    table = case_table(challenge, list(evaluations), list(evaluations.values()), metrics=every)
    for task, of_task in zip(challenge.tasks, table.tasks, strict=True):
        if len(challenge.cases_of(task.id)) < fewest_cases:
            continue
        if len(set(of_task.center_of_case)) > 1:
            yield from _there([center_heatmap(evaluations, task.id, task.metrics[0].key)])
        for metric, scores in of_task.by_case.items():
            if _are_yes_or_no(scores):
                yield from _there([difficulty_chart(scores > 0, list(evaluations), task=_title(task))])
            else:
                yield from _spread(evaluations, task.id, metric, fewest_cases=fewest_cases)
        if of_task.labels is not None and len(task.classes or ()) <= MOST_CLASSES:
            yield from _there(_class_charts(challenge, task, of_task, evaluations, fewest_cases=fewest_cases))
        if task.kind == "regression":
            yield from _there([_agreement(challenge, task, entries[0])], of_cases=True)


def stability_charts(report: StabilityReport, titles: Mapping[str, str]) -> Iterator[Chosen]:
    """Ranks over resamples, who is better than whom, and what other weights would have changed.

    Args:
        report: of the ranking.
        titles: task id -> its title.
    """
    whole: list[RankDistribution] = [] if report.whole is None else [report.whole]
    for distribution in whole:
        yield Chosen(blob_plot(distribution))
        yield Chosen(rank_heatmap(distribution))
    yield from _there([tau_distribution([*whole, *report.tasks], titles=titles), weight_lines(report)])
    yield from _there([scheme_ranks(report), ranks_without(report)])
    for found in report.significance:
        task, _, metric = found.scope.rpartition(".")
        yield Chosen(significance_map(found, report.teams, title=f"{titles.get(task, task)}, {metric}" if task else ""))


def _spread(evaluations: Mapping[str, Evaluation], task_id: str, metric: str, *, fewest_cases: int) -> Iterator[Chosen]:
    cases = case_scores(evaluations, task_id, metric)
    if cases is not None:
        quartiles = case_quartiles(evaluations, task_id, metric, fewest_cases=fewest_cases)
        yield Chosen(cases, of_cases=True, instead=quartiles)


def _class_charts(
    challenge: Challenge, task: Task, table: TaskTable, evaluations: Mapping[str, Evaluation], *, fewest_cases: int
) -> Iterator[Chart | None]:
    names = task.classes or ()
    labels = {case.id: case.label for case in challenge.cases_of(task.id) if case.label is not None}
    answers = {team: class_answers(each, task.id, labels, classes=len(names)) for team, each in evaluations.items()}
    yield from _roc_curves(challenge.bootstrap, task, table, answers)
    yield reliability_diagram(answers, task=_title(task), fewest_cases=fewest_cases)
    if any(metric.name in _ABSTAINING for metric in task.metrics):
        yield accuracy_rejection(answers, task=_title(task))
    first = next(iter(answers))
    yield confusion_matrix(answers[first], names, team=first, task=_title(task))


def _roc_curves(
    bootstrap: Bootstrap, task: Task, table: TaskTable, answers: Mapping[str, ClassAnswers]
) -> Iterator[Chart | None]:
    """Of each class against the rest; of two classes of the second."""
    names = task.classes or ()
    if not bootstrap.resamples:
        return
    resampling = table.resampling(resamples=bootstrap.resamples, seed=bootstrap.seed)
    for positive in [1] if len(names) == 2 else range(len(names)):
        yield roc_curves(
            answers,
            resampling,
            task=_title(task),
            positive=positive,
            positive_name=names[positive],
            confidence=bootstrap.confidence,
        )


def _agreement(challenge: Challenge, task: Task, entry: Entry) -> Chart | None:
    cases = challenge.cases_of(task.id)
    written = {case.id: case.scores.get("value", np.nan) for case in entry.evaluation.cases}
    if task.range is None or any(case.value is None for case in cases):
        return None
    reference = np.array([case.value for case in cases], dtype=np.float64)
    answers = ValueAnswers(reference, np.array([written[case.id] for case in cases]), *task.range)
    return bland_altman_plot(answers, team=entry.team, task=_title(task), unit=task.value_unit or "")


def _title(task: Task) -> str:
    return task.title or task.id


def _are_yes_or_no(scores: FloatArray) -> bool:
    """Right or wrong, of which there is no spread to be seen."""
    return bool(np.isin(scores, (0.0, 1.0)).all())


def _there(charts: Sequence[Chart | None] | Iterator[Chart | None], *, of_cases: bool = False) -> Iterator[Chosen]:
    for chart in charts:
        if chart is not None:
            yield Chosen(chart, of_cases)
