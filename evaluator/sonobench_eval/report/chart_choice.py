"""Which charts a report has, from what is there: some from the board, some from evaluations, some from the stability report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from sonobench_eval.challenge.model import Challenge, Task
from sonobench_eval.evaluation import Evaluation
from sonobench_eval.ranking.case_table import TaskTable, case_table
from sonobench_eval.ranking.entries import Entry
from sonobench_eval.ranking.leaderboard import Leaderboard
from sonobench_eval.ranking.schemes import RankedMetric
from sonobench_eval.ranking.stability_report import RankDistribution, StabilityReport
from sonobench_eval.report.charts.answers import class_answers
from sonobench_eval.report.charts.blob import blob_plot
from sonobench_eval.report.charts.case_scores import case_scores
from sonobench_eval.report.charts.chart import Chart
from sonobench_eval.report.charts.efficiency import efficiency_pane
from sonobench_eval.report.charts.radar import radar
from sonobench_eval.report.charts.rank_heatmap import rank_heatmap
from sonobench_eval.report.charts.roc import roc_curves
from sonobench_eval.report.charts.significance import significance_map
from sonobench_eval.report.charts.tau import tau_distribution
from sonobench_eval.report.charts.weights import weight_lines

MOST_CLASSES = 10
"""Of a task with more classes there are no curves: nobody looks at a hundred."""


class Chosen(NamedTuple):
    """A chart; `of_cases` where it shows cases one by one, which are not for the public."""

    chart: Chart
    of_cases: bool = False


def board_charts(board: Leaderboard) -> Iterator[Chosen]:
    """Performance against time, and performance by task."""
    yield from _there([efficiency_pane(board), radar(board)])


def evaluation_charts(challenge: Challenge, entries: Sequence[Entry]) -> Iterator[Chosen]:
    """The spread of every metric of single cases, and the ROC curves of every classification task."""
    evaluations = {entry.team: entry.evaluation for entry in entries}
    every = [RankedMetric(task, metric) for task in challenge.tasks for metric in task.metrics]
    table = case_table(challenge, list(evaluations), list(evaluations.values()), metrics=every)
    for task, of_task in zip(challenge.tasks, table.tasks, strict=True):
        for metric in of_task.by_case:
            if not _is_yes_or_no(of_task, metric):
                yield from _there([case_scores(evaluations, task.id, metric)], of_cases=True)
        if of_task.labels is not None and challenge.bootstrap.resamples:
            yield from _there(_roc_curves(challenge, task, of_task, evaluations))


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
    for found in report.significance:
        task, _, metric = found.scope.rpartition(".")
        yield Chosen(significance_map(found, report.teams, title=f"{titles.get(task, task)}, {metric}" if task else ""))


def _roc_curves(
    challenge: Challenge, task: Task, table: TaskTable, evaluations: Mapping[str, Evaluation]
) -> Iterator[Chart | None]:
    names = task.classes or ()
    if len(names) > MOST_CLASSES:
        return
    labels = {case.id: case.label for case in challenge.cases_of(task.id) if case.label is not None}
    answers = {team: class_answers(each, task.id, labels, classes=len(names)) for team, each in evaluations.items()}
    bootstrap = challenge.bootstrap
    resampling = table.resampling(resamples=bootstrap.resamples, seed=bootstrap.seed)
    for positive in [1] if len(names) == 2 else range(len(names)):
        yield roc_curves(
            answers,
            resampling,
            task=task.title or task.id,
            positive=positive,
            positive_name=names[positive],
            confidence=bootstrap.confidence,
        )


def _is_yes_or_no(table: TaskTable, metric: str) -> bool:
    """Right or wrong, of which there is no spread to be seen."""
    return bool(set(table.by_case[metric].ravel().tolist()) <= {0.0, 1.0})


def _there(charts: Sequence[Chart | None] | Iterator[Chart | None], *, of_cases: bool = False) -> Iterator[Chosen]:
    for chart in charts:
        if chart is not None:
            yield Chosen(chart, of_cases)
