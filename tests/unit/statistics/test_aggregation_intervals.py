"""What a challenge may ask of a task's intervals: BCa, strata, closed forms; and its subgroups."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from sonobench_eval.challenge.model import Bootstrap, Case, Center, Metric, Subgroups, Task
from sonobench_eval.evaluation import MetricScore
from sonobench_eval.statistics.aggregation import ClosedForm, ScoredTask, TaskCases, score_task, weighted_mean
from sonobench_eval.statistics.interval import ClusteredCasesError, ConfidenceInterval, Sample
from sonobench_eval.statistics.resampled import bootstrap_interval
from sonobench_eval.statistics.resampling import Resampling

CENTERS = (Center(id="Near", role="internal"), Center(id="Far", role="external"))
SCORES = np.array([0.1, 0.2, 0.3, 0.5, 0.6, 0.9, 0.95, 1.0])
HERE = np.arange(8)


def task(interval: str | None = None, *, kind: str = "segmentation") -> Task:
    shape = {"labels": {"a": "nonzero"}} if kind == "segmentation" else {"classes": ("no", "yes")}
    metric = Metric(name="dsc" if kind == "segmentation" else "acc", interval=interval)
    return Task(id="T", kind=kind, dataset_name="T", organ="T", metrics=(metric,), **shape)


def cases(**groups: str) -> list[Case]:
    """Five near and three far; each letter of a group's word is what one case says of it, a dot where it says nothing."""
    said = [{name: word[n] for name, word in groups.items() if word[n] != "."} for n in range(8)]
    return [Case(id=f"{n}.png", task="T", center="Near" if n < 5 else "Far", groups=each or None) for n, each in enumerate(said)]


def scored(asked: Task, of: Sequence[Case], *, closed: ClosedForm | None = None, **settings: object) -> ScoredTask:
    subgroups = settings.pop("subgroups", None)
    key = asked.metrics[0].key
    measured = TaskCases(asked, of, {key: weighted_mean(SCORES)}, {} if closed is None else {key: closed})
    return score_task(measured, CENTERS, Bootstrap(resamples=200, seed=1, **settings), subgroups)


def only(result: ScoredTask) -> MetricScore:
    (metric,) = result.score.metrics
    return metric


def plan(of: Sequence[Case], strata: list[str] | None = None) -> Resampling:
    return Resampling([case.unit for case in of], resamples=200, seed=1, task_id="T", stratum_of_case=strata)


class TestBca:
    @pytest.mark.parametrize("asked", ["by the challenge", "by the metric"])
    def test_is_that_of_the_same_resamples(self, asked: str) -> None:
        settings = {"interval": "bca"} if asked == "by the challenge" else {}
        found = only(scored(task("bca" if asked == "by the metric" else None), cases(), **settings))
        expected = bootstrap_interval(
            lambda counts: weighted_mean(SCORES)(HERE, counts), plan(cases()), confidence=0.95, kind="bca"
        )
        assert (found.ci_low, found.ci_high) == (pytest.approx(expected.low), pytest.approx(expected.high))
        assert found.ci_method == "BCa bootstrap, 200 resamples of 8 cases, seed 1"

    def test_a_metric_may_ask_for_another_than_its_challenge(self) -> None:
        found = only(scored(task("percentile"), cases(), interval="bca"))
        assert found.ci_method == "percentile bootstrap, 200 resamples of 8 cases, seed 1"

    def test_changes_no_replicate(self) -> None:
        plain, corrected = (scored(task(), cases(), interval=kind).replicates["dsc"] for kind in ("percentile", "bca"))
        np.testing.assert_array_equal(plain, corrected)


class TestStrata:
    def test_by_center_every_resample_holds_as_many_of_each(self) -> None:
        found = scored(task(), cases(), stratify="center")
        drawn = plan(cases(), [case.center for case in cases()]).counts()
        np.testing.assert_array_equal(found.replicates["dsc"], drawn @ SCORES / 8)
        assert only(found).ci_method == "percentile bootstrap, 200 resamples of 8 cases in 2 strata, seed 1"

    def test_by_class_every_resample_holds_as_many_of_each(self) -> None:
        labelled = [case.model_copy(update={"label": n % 2}) for n, case in enumerate(cases())]
        found = scored(task(kind="binary"), labelled, stratify="class")
        drawn = plan(cases(), ["0", "1"] * 4).counts()
        np.testing.assert_array_equal(found.replicates["acc"], drawn @ SCORES / 8)


class TestClosedForm:
    def test_stands_in_for_the_resamples(self) -> None:
        def by_hand(positions: np.ndarray, confidence: float) -> ConfidenceInterval:
            return ConfidenceInterval(0.5, 0.4, 0.6, confidence, f"by hand, {len(positions)} cases", Sample(8, 8, "8 cases"))

        found = only(scored(task("wilson", kind="binary"), cases(), closed=by_hand))
        assert (found.ci_low, found.ci_high, found.ci_method) == (0.4, 0.6, "by hand, 8 cases")

    def test_says_why_it_is_the_bootstrap_instead(self) -> None:
        def without(positions: np.ndarray, confidence: float) -> ConfidenceInterval:
            return ConfidenceInterval(0.5, None, None, confidence, "by hand", Sample(8, 8, "8 cases"), why_none="no spread")

        found = only(scored(task("wilson", kind="binary"), cases(), closed=without))
        assert found.ci_method == "percentile bootstrap (not wilson: no spread), 200 resamples of 8 cases, seed 1"
        assert found.ci_low is not None

    def test_of_subjects_with_several_cases_is_the_bootstrap(self) -> None:
        def refuse(positions: np.ndarray, confidence: float) -> ConfidenceInterval:
            raise ClusteredCasesError("needs independent cases")

        found = only(scored(task("exact", kind="binary"), cases(), closed=refuse))
        assert found.ci_method is not None
        assert found.ci_method.startswith("percentile bootstrap (not exact: subjects have several cases), 200 resamples")


class TestSubgroups:
    def test_are_scored_from_the_tasks_resamples(self) -> None:
        found = scored(task(), cases(device="GGGGSSS."), subgroups=Subgroups(fewest_cases=3)).score.subgroups
        assert [(each.group, each.id, each.n, each.too_few) for each in found] == [
            ("device", "G", 4, None),
            ("device", "S", 3, None),
        ]
        (metric,) = found[1].metrics
        drawn = plan(cases()).counts()[:, 4:7]
        replicates = drawn @ SCORES[4:7] / np.maximum(drawn.sum(axis=1), 1)
        replicates = replicates[drawn.sum(axis=1) > 0]
        assert metric.value == pytest.approx((0.6 + 0.9 + 0.95) / 3)
        assert (metric.ci_low, metric.ci_high) == tuple(pytest.approx(each) for each in np.quantile(replicates, [0.025, 0.975]))
        assert metric.ci_method is not None
        assert "the task's 8 cases, restricted to the 3 cases here" in metric.ci_method

    def test_small_ones_are_named_with_their_number(self) -> None:
        found = scored(task(), cases(device="GGGGSSS."), subgroups=Subgroups(fewest_cases=4)).score.subgroups
        assert [(each.id, each.n, each.too_few, len(each.metrics)) for each in found] == [
            ("G", 4, None, 1),
            ("S", 3, "too few: 3 cases, fewer than 4", 0),
        ]

    def test_only_those_asked_for_are_reported(self) -> None:
        of = cases(device="GGGGSSSS", trimester="12121212")
        found = scored(task(), of, subgroups=Subgroups(report=("trimester",), fewest_cases=2)).score.subgroups
        assert [(each.group, each.id) for each in found] == [("trimester", "1"), ("trimester", "2")]
