from __future__ import annotations

import numpy as np
import pytest

from sonobench_eval.challenge.model import Bootstrap, Case, Center, Metric, Task
from sonobench_eval.metrics.classification import ClassAnswers, auc
from sonobench_eval.statistics.aggregation import ScoredTask, TaskCases, score_task, weighted_mean

CENTERS = (Center(id="Near", role="internal"), Center(id="Far", role="external"), Center(id="Idle", role="external"))
SEGMENTATION = Task(
    id="T", kind="segmentation", dataset_name="T", organ="T", labels={"a": "nonzero"}, metrics=(Metric(name="dsc"),)
)
BINARY = Task(id="B", kind="binary", dataset_name="B", organ="B", classes=("no", "yes"), metrics=(Metric(name="auc"),))


def case(number: int, center: str, subject: str | None = None, task: str = "T") -> Case:
    return Case(id=f"{task}/{number}.png", task=task, center=center, subject=subject)


def segmented(scores: list[float], cases: list[Case], **bootstrap: float) -> ScoredTask:
    settings = Bootstrap.model_validate({"resamples": 200, "seed": 1, **bootstrap})
    return score_task(TaskCases(SEGMENTATION, cases, {"dsc": weighted_mean(np.array(scores))}), CENTERS, settings)


def classified(labels: list[int], scores: list[float], cases: list[Case]) -> ScoredTask:
    table = ClassAnswers(np.array(labels), np.array([(1 - score, score) for score in scores]), np.zeros(len(labels), dtype=int))
    measure = {"auc": lambda positions, counts: auc(table.take(positions), counts)}
    return score_task(TaskCases(BINARY, cases, measure), CENTERS, Bootstrap(resamples=200))


NEAR_AND_FAR = [case(1, "Near"), case(2, "Near"), case(3, "Far"), case(4, "Far")]


class TestTaskScore:
    def test_averages_its_cases_with_an_interval_around(self) -> None:
        (metric,) = segmented([0.2, 0.4, 0.6, 0.8], NEAR_AND_FAR).score.metrics
        assert metric.value == pytest.approx(0.5)
        assert metric.ci_low is not None
        assert metric.ci_high is not None
        assert 0.2 <= metric.ci_low < 0.5 < metric.ci_high <= 0.8
        assert (metric.n, metric.units, metric.ci_method) == (4, 4, "percentile bootstrap, 200 resamples of 4 cases, seed 1")

    def test_says_that_subjects_were_drawn_where_they_are_known(self) -> None:
        cases = [case(1, "Near", "x"), case(2, "Near", "x"), case(3, "Near", "y"), case(4, "Near")]
        (metric,) = segmented([0.1, 0.2, 0.3, 0.4], cases).score.metrics
        assert (metric.n, metric.units) == (4, 3)
        assert metric.ci_method == "percentile bootstrap, 200 resamples of 2 subjects and 1 case without one, seed 1"

    def test_counts_subjects_of_one_name_by_their_center(self) -> None:
        cases = [case(1, "Near", "1"), case(2, "Near", "1"), case(3, "Far", "1"), case(4, "Far", "2")]
        (metric,) = segmented([0.1, 0.2, 0.3, 0.4], cases).score.metrics
        assert (metric.units, metric.ci_method) == (3, "percentile bootstrap, 200 resamples of 3 subjects, seed 1")

    def test_subjects_with_many_like_cases_widen_the_interval(self) -> None:
        scores = [0.0] * 10 + [1.0] * 10
        (alone,) = segmented(scores, [case(n, "Near") for n in range(20)]).score.metrics
        (clustered,) = segmented(scores, [case(n, "Near", str(n // 5)) for n in range(20)]).score.metrics
        assert alone.ci_low is not None
        assert clustered.ci_low is not None
        assert clustered.ci_low < alone.ci_low

    def test_one_subject_alone_has_no_interval(self) -> None:
        (metric,) = segmented([0.1, 0.2], [case(1, "Near", "x"), case(2, "Near", "x")]).score.metrics
        assert metric.value == pytest.approx(0.15)
        assert (metric.ci_low, metric.ci_high, metric.ci_method) == (None, None, None)

    def test_without_resamples_there_is_no_interval(self) -> None:
        scored = segmented([0.1, 0.3], NEAR_AND_FAR[:2], resamples=0)
        assert scored.score.metrics[0].ci_low is None
        assert scored.replicates["dsc"].size == 0

    def test_a_metric_without_a_value_says_why(self) -> None:
        (metric,) = classified([1, 1], [0.2, 0.9], [case(1, "Near", task="B"), case(2, "Near", task="B")]).score.metrics
        assert metric.value is None
        assert metric.undefined == "a class has no positive or no negative case here"
        assert metric.ci_low is None
        assert metric.undefined_resamples == 200

    def test_resamples_without_a_value_are_counted(self) -> None:
        # Two cases, one of each class: half of all resamples hold one class only.
        scored = classified([0, 1], [0.2, 0.9], [case(1, "Near", task="B"), case(2, "Near", task="B")])
        assert 60 < scored.score.metrics[0].undefined_resamples < 140
        assert scored.score.metrics[0].value == 1.0
        assert np.isnan(scored.replicates["auc"]).sum() == scored.score.metrics[0].undefined_resamples


class TestCentersAndRoles:
    def test_each_center_with_cases_is_scored(self) -> None:
        score = segmented([0.2, 0.4, 0.6, 0.8], NEAR_AND_FAR).score
        assert [(part.id, part.role, part.metrics[0].value) for part in score.centers] == [
            ("Near", "internal", pytest.approx(0.3)),
            ("Far", "external", pytest.approx(0.7)),
        ]
        assert [(part.id, part.metrics[0].n) for part in score.roles] == [("internal", 2), ("external", 2)]

    def test_a_centers_interval_says_that_the_tasks_resamples_were_restricted(self) -> None:
        score = segmented([0.2, 0.4, 0.6, 0.8], NEAR_AND_FAR).score
        assert score.centers[0].metrics[0].ci_method == (
            "percentile bootstrap, 200 resamples of the task's 4 cases, restricted to the 2 cases here, seed 1"
        )

    def test_a_center_may_be_named_like_a_role(self) -> None:
        centers = (Center(id="internal", role="external"), Center(id="external", role="internal"))
        cases = [case(1, "internal"), case(2, "external")]
        measured = TaskCases(SEGMENTATION, cases, {"dsc": weighted_mean(np.array([0.1, 0.9]))})
        score = score_task(measured, centers, Bootstrap(resamples=10)).score
        assert [(part.id, part.role, part.metrics[0].value) for part in score.centers] == [
            ("internal", "external", 0.1),
            ("external", "internal", 0.9),
        ]
        assert [(part.id, part.metrics[0].value) for part in score.roles] == [("internal", 0.9), ("external", 0.1)]


class TestGap:
    def test_is_external_minus_internal(self) -> None:
        (gap,) = segmented([0.8, 0.9, 0.5, 0.6], NEAR_AND_FAR).score.gaps
        assert gap.value == pytest.approx(0.55 - 0.85)
        assert gap.ci_low is not None
        assert gap.ci_high is not None
        assert gap.ci_low <= gap.value <= gap.ci_high

    def test_there_is_none_with_one_role_only(self) -> None:
        assert segmented([0.8, 0.9], NEAR_AND_FAR[:2]).score.gaps == ()

    def test_has_no_interval_where_a_role_has_one_subject_only(self) -> None:
        (gap,) = segmented([0.8, 0.9, 0.5], NEAR_AND_FAR[:3]).score.gaps
        assert (gap.value, gap.ci_low, gap.ci_high) == (pytest.approx(-0.35), None, None)

    def test_there_is_none_where_a_role_has_no_value(self) -> None:
        cases = [case(1, "Near", task="B"), case(2, "Near", task="B"), case(3, "Far", task="B")]
        assert classified([0, 1, 1], [0.1, 0.9, 0.5], cases).score.gaps == ()


class TestPairing:
    def test_a_better_algorithm_is_better_in_every_resample(self) -> None:
        worse, better = segmented([0.1, 0.5, 0.3, 0.7], NEAR_AND_FAR), segmented([0.2, 0.6, 0.4, 0.8], NEAR_AND_FAR)
        np.testing.assert_allclose(better.replicates["dsc"] - worse.replicates["dsc"], 0.1)
