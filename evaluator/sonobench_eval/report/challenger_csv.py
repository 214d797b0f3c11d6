"""Scores of single cases for other people's software: challengeR's long table, and a plain one.

challengeR (Wiesenfarth et al., Sci Rep 2021) reads a line for each task, case and algorithm, with one value in which either
more or less is better; so there is a file for each metric. Columns are named as in its vignettes. In R:

    challenge <- as.challenge(read.csv("challenger-dsc.csv"), by = "Task", algorithm = "Algorithm",
                              case = "TestCase", value = "MetricValue", smallBetter = FALSE)

Only metrics that are a mean over cases can be told case by case; an area under a curve is none. A missing or unusable
result has the score that the challenge declares for it, so there is nothing missing that R would have to replace.

All of it is made from hidden data, for organizers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sonobench_eval.challenge.model import Challenge, Metric, Task
from sonobench_eval.evaluation import CaseScore, Evaluation
from sonobench_eval.ranking.entries import Entry
from sonobench_eval.report.tables import Cell, csv_text

_COLUMNS = ("Task", "TestCase", "Algorithm", "MetricValue")
_OF_ONE_CASE = {"mae": ("abs_error",), "mre": ("mre_mm", "mre_px")}
"""What a case's own part is called where it is not called as the metric."""
_SAME = 1e-9


class ChallengerFile(NamedTuple):
    """One metric of every task that has it. `small_better` is what `as.challenge` must be told."""

    metric: str
    small_better: bool
    tasks: tuple[str, ...]
    text: str


class _Scores(NamedTuple):
    """One metric of one task: the score of each case, in the challenge's order, for every team."""

    task: Task
    metric: Metric
    small_better: bool
    of_teams: tuple[tuple[float, ...], ...]


def challenger_files(challenge: Challenge, entries: Sequence[Entry]) -> list[ChallengerFile]:
    """A file for each metric that single cases have, tasks in the order of the challenge, teams in that of the entries."""
    found: dict[tuple[str, bool], list[_Scores]] = {}
    for scores in _scores(challenge, [entry.evaluation for entry in entries]):
        found.setdefault((scores.metric.key, scores.small_better), []).append(scores)
    return [
        ChallengerFile(metric, small_better, tuple(each.task.id for each in scores), _text(challenge, entries, scores))
        for (metric, small_better), scores in found.items()
    ]


def case_scores_csv(challenge: Challenge, entries: Sequence[Entry]) -> str:
    """A line for each team and case: where it comes from, what was wrong with its result, and every score it has."""
    lines: list[dict[str, Cell]] = []
    for entry in entries:
        of_cases = {case.id: case for case in entry.evaluation.cases}
        for case in challenge.cases:
            scored = of_cases[case.id]
            where: dict[str, Cell] = {"team": entry.team, "task": case.task, "case": case.id, "center": case.center}
            lines.append({**where, "subject": case.subject, "problem": scored.problem, **scored.scores})
    return csv_text(lines, ("team", "task", "case", "center", "subject", "problem"))


def _text(challenge: Challenge, entries: Sequence[Entry], scores: Sequence[_Scores]) -> str:
    lines: list[dict[str, Cell]] = [
        dict(zip(_COLUMNS, (each.task.id, case.id, entry.team, value), strict=True))
        for each in scores
        for entry, values in zip(entries, each.of_teams, strict=True)
        for case, value in zip(challenge.cases_of(each.task.id), values, strict=True)
    ]
    return csv_text(lines, _COLUMNS)


def _scores(challenge: Challenge, evaluations: Sequence[Evaluation]) -> Iterator[_Scores]:
    by_id = [{case.id: case for case in evaluation.cases} for evaluation in evaluations]
    for task in challenge.tasks:
        of_teams = [[cases[case.id] for case in challenge.cases_of(task.id)] for cases in by_id]
        for metric in task.metrics:
            for name in (metric.key, *_OF_ONE_CASE.get(metric.name, ())):
                scores = _by_case(name, of_teams)
                if scores is not None and _are_its_parts(scores, task, metric, evaluations):
                    yield _Scores(task, metric, not task.spec(metric).higher_is_better, scores)
                    break


def _by_case(name: str, of_teams: Sequence[Sequence[CaseScore]]) -> tuple[tuple[float, ...], ...] | None:
    """None where a case of any team has no such score."""
    if not all(name in case.scores for cases in of_teams for case in cases):
        return None
    return tuple(tuple(case.scores[name] for case in cases) for cases in of_teams)


def _are_its_parts(scores: Sequence[Sequence[float]], task: Task, metric: Metric, evaluations: Sequence[Evaluation]) -> bool:
    """Whether the metric's value is the mean of these, for every team."""
    for of_cases, evaluation in zip(scores, evaluations, strict=True):
        value = next(score.value for score in evaluation.task(task.id).metrics if score.name == metric.key)
        mean = sum(of_cases) / len(of_cases)
        if value is None or abs(value - mean) > _SAME * max(1.0, abs(mean)):
            return False
    return True
