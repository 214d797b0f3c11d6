"""One small world of results, and every chart there is drawn from it, for tests of charts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray
from ranking_world import BREAST, HEAD, SUBTYPE, make_world

from sonobench_eval.challenge.model import Challenge, Task
from sonobench_eval.evaluation import CenterScore, Evaluation, GeneralisationGap, MetricScore, TaskScore
from sonobench_eval.metrics.class_answers import ABSTAIN, NO_DECISION, ClassAnswers
from sonobench_eval.metrics.regression_answers import ValueAnswers
from sonobench_eval.ranking.build import build_leaderboard
from sonobench_eval.ranking.leaderboard import Leaderboard
from sonobench_eval.ranking.stability_analysis import stability_report
from sonobench_eval.ranking.stability_report import StabilityReport
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
from sonobench_eval.statistics.resampling import Resampling

ROLES = {"Near": "internal", "Next": "internal", "Far": "external"}
FACE = Task.model_validate({**HEAD.model_dump(), "id": "Face", "metrics": [{"name": "dsc"}]})


@dataclass(frozen=True)
class ChartWorld:
    """`answers` are those of the multiclass task; the first team abstains from two cases and left one out."""

    challenge: Challenge
    board: Leaderboard
    report: StabilityReport
    evaluations: dict[str, Evaluation]
    labels: dict[str, int]
    answers: dict[str, ClassAnswers]
    breast: dict[str, ClassAnswers]
    values: ValueAnswers


def make_chart_world(teams: Sequence[str], *, cases: int = 36) -> ChartWorld:
    """Teams from the most to the least skilled."""
    skills = dict(zip(teams, np.linspace(2.0, 0.2, len(teams)).tolist(), strict=True))
    world = make_world(skills, tasks=(HEAD, FACE, BREAST, SUBTYPE), cases=cases)
    evaluations = {entry.team: _with_centers(entry.evaluation) for entry in world.entries}
    labels = {case.id: case.label for case in world.challenge.cases_of("Subtype") if case.label is not None}
    of_breast = {case.id: case.label for case in world.challenge.cases_of("Breast") if case.label is not None}
    answers = {team: class_answers(each, "Subtype", labels, classes=3) for team, each in evaluations.items()}
    answers[teams[0]] = _with_gaps(answers[teams[0]])
    return ChartWorld(
        challenge=world.challenge,
        board=build_leaderboard(
            world.challenge, world.entries, dataset_hash="sha256:data", generated_at=datetime(2026, 1, 1, tzinfo=UTC)
        ),
        report=stability_report(world.challenge, world.entries),
        evaluations=evaluations,
        labels=labels,
        answers=answers,
        breast={team: class_answers(each, "Breast", of_breast, classes=2) for team, each in evaluations.items()},
        values=_values(),
    )


def all_charts(world: ChartWorld) -> dict[str, Chart]:
    """Every kind of chart, by kind; fails where one cannot be made."""
    team = world.board.rows[0].team
    solved: NDArray[np.bool_] = np.stack([each.right for each in world.answers.values()])
    whole = world.report.whole
    assert whole is not None
    resampling = Resampling(tuple(world.labels), 50, 1, "Breast")
    makers: dict[str, Callable[[], Chart | None]] = {
        "roc": lambda: roc_curves(world.breast, resampling, task="Breast lesions", positive_name="malignant"),
        "case scores": lambda: case_scores(world.evaluations, "Head", "dsc"),
        "quartiles": lambda: case_quartiles(world.evaluations, "Head", "dsc", fewest_cases=2),
        "radar": lambda: radar(world.board),
        "task scores": lambda: task_dots(world.board),
        "efficiency": lambda: efficiency_pane(world.board),
        "blob": lambda: blob_plot(whole),
        "rank heatmap": lambda: rank_heatmap(whole),
        "significance": lambda: significance_map(world.report.significance[0], world.report.teams),
        "tau": lambda: tau_distribution([whole, *world.report.tasks]),
        "weights": lambda: weight_lines(world.report),
        "scheme ranks": lambda: scheme_ranks(world.report),
        "ranks without": lambda: ranks_without(world.report),
        "centers": lambda: center_heatmap(world.evaluations, "Head", "dsc"),
        "confusion": lambda: confusion_matrix(world.answers[team], ["a", "b", "c"], team=team, task="Subtype"),
        "reliability": lambda: reliability_diagram(world.answers, task="Subtype"),
        "rejection": lambda: accuracy_rejection(world.answers, task="Subtype"),
        "bland-altman": lambda: bland_altman_plot(world.values, team=team, task="Head circumference", unit="mm"),
        "difficulty": lambda: difficulty_chart(solved, list(world.answers), task="Subtype"),
    }
    made = {kind: make() for kind, make in makers.items()}
    assert all(made.values()), [kind for kind, chart in made.items() if chart is None]
    return {kind: chart for kind, chart in made.items() if chart is not None}


def score(name: str, value: float | None, *, n: int = 10, higher_is_better: bool = True) -> MetricScore:
    undefined = "has no value" if value is None else None
    return MetricScore(
        name=name, definition=name, value=value, n=n, units=n, undefined=undefined, higher_is_better=higher_is_better
    )


def _with_centers(evaluation: Evaluation) -> Evaluation:
    return evaluation.model_copy(update={"tasks": tuple(_by_center(evaluation, task) for task in evaluation.tasks)})


def _by_center(evaluation: Evaluation, task: TaskScore) -> TaskScore:
    centers, means = [], {}
    for name, role in ROLES.items():
        values = [each.scores.get("dsc") for each in evaluation.cases if each.task == task.id and each.center == name]
        known = [value for value in values if value is not None]
        if not known:
            return task
        means[name] = float(np.mean(known))
        centers.append(
            CenterScore.model_validate({"id": name, "role": role, "metrics": (score("dsc", means[name], n=len(known)),)})
        )
    gap = means["Far"] - (means["Near"] + means["Next"]) / 2
    gaps = (GeneralisationGap(metric="dsc", value=gap, ci_low=gap - 0.05, ci_high=gap + 0.04),)
    return task.model_copy(update={"centers": tuple(centers), "gaps": gaps})


def _with_gaps(answers: ClassAnswers) -> ClassAnswers:
    decisions, probabilities = answers.decisions.copy(), answers.probabilities.copy()
    decisions[:2], decisions[2], probabilities[2] = ABSTAIN, NO_DECISION, np.nan
    return ClassAnswers(answers.labels, probabilities, decisions)


def _values() -> ValueAnswers:
    rng = np.random.default_rng(5)
    reference = rng.uniform(20, 80, 30)
    predicted = reference + rng.normal(1, 3, 30)
    predicted[4] = np.nan
    return ValueAnswers(reference, predicted, 0.0, 100.0)
