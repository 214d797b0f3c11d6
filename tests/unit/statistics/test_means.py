from __future__ import annotations

import numpy as np
import pytest

from sonobench_eval.challenge.model import Bootstrap
from sonobench_eval.evaluation import MetricScore, TaskScore
from sonobench_eval.statistics.aggregation import ScoredTask
from sonobench_eval.statistics.means import mean_over_tasks

BOOTSTRAP = Bootstrap(resamples=3, confidence=0.9)


def task(name: str, value: float | None, replicates: list[float], *, definition: str = "dsc", n: int = 4) -> ScoredTask:
    metric = MetricScore(
        name="dsc", definition=definition, value=value, n=n, units=n - 1, undefined=None if value is not None else "nothing here"
    )
    score = TaskScore(id=name, title=name, kind="segmentation", n=n, metrics=(metric,))
    return ScoredTask(score, {"dsc": np.array(replicates)})


class TestMeanOverTasks:
    def test_tasks_weigh_the_same_whatever_their_size(self) -> None:
        (mean,) = mean_over_tasks([task("A", 0.2, [0.1, 0.2, 0.3], n=4), task("B", 0.8, [0.8, 0.8, 0.8], n=400)], BOOTSTRAP)
        assert mean.value == pytest.approx(0.5)
        assert (mean.n, mean.units) == (404, 402)
        # Replicates of the mean: 0.45, 0.5, 0.55; their 5 % and 95 % quantiles.
        assert (mean.ci_low, mean.ci_high) == (pytest.approx(0.455), pytest.approx(0.545))
        assert mean.ci_method == "percentile bootstrap, 3 resamples of each of 2 tasks on its own, seed 20250923"

    def test_of_one_task_is_that_task(self) -> None:
        alone = task("A", 0.2, [0.1, 0.2, 0.3])
        assert mean_over_tasks([alone], BOOTSTRAP) == alone.score.metrics

    def test_what_is_defined_differently_is_not_averaged(self) -> None:
        one, two = task("A", 0.2, [0.2], definition="nsd pixel 1 px"), task("B", 0.8, [0.8], definition="nsd pixel 2 px")
        assert [(mean.definition, mean.value) for mean in mean_over_tasks([one, two], BOOTSTRAP)] == [
            ("nsd pixel 1 px", 0.2),
            ("nsd pixel 2 px", 0.8),
        ]

    def test_has_no_value_where_a_task_has_none(self) -> None:
        (mean,) = mean_over_tasks([task("A", None, [np.nan] * 3), task("B", 0.8, [0.8] * 3)], BOOTSTRAP)
        assert (mean.value, mean.ci_low, mean.ci_method) == (None, None, None)
        assert mean.undefined == "A has no value"
        assert mean.undefined_resamples == 3

    def test_has_no_interval_where_a_task_has_a_single_subject(self) -> None:
        alone = task("A", 0.2, [0.2, 0.2, 0.2], n=2)  # one unit: every resample of it is itself
        (mean,) = mean_over_tasks([alone, task("B", 0.8, [0.7, 0.8, 0.9])], BOOTSTRAP)
        assert mean.value == pytest.approx(0.5)
        assert (mean.ci_low, mean.ci_high, mean.ci_method) == (None, None, None)
