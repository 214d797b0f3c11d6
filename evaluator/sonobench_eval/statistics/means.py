"""Each metric averaged over the tasks that declare it alike; tasks weigh the same, whatever their number of cases."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from sonobench_eval.challenge.model import Bootstrap
from sonobench_eval.evaluation import MetricScore
from sonobench_eval.statistics.aggregation import ScoredTask
from sonobench_eval.statistics.bootstrap import method, percentile_interval
from sonobench_eval.statistics.replicates import FloatArray
from sonobench_eval.statistics.resampled import FEWEST_UNITS

Share = tuple[str, MetricScore, FloatArray]
"""What one task adds to a mean: its id, its score, its replicates."""


def mean_over_tasks(tasks: Sequence[ScoredTask], bootstrap: Bootstrap) -> tuple[MetricScore, ...]:
    """One mean for each definition of a metric (`nsd pixel 1 px` and `nsd pixel 2 px` are not averaged with each other).

    The tasks' resamples are drawn independently of each other, also where a subject stands in two tasks. Where one of
    the tasks has a single subject the mean has no interval: that task would add no spread, and certainty where there is none.
    """
    shares: dict[str, list[Share]] = {}
    for task, replicates in tasks:
        for metric in task.metrics:
            shares.setdefault(metric.definition, []).append((task.id, metric, replicates[metric.name]))
    return tuple(_mean(group, bootstrap) for group in shares.values())


def _mean(shares: list[Share], bootstrap: Bootstrap) -> MetricScore:
    if len(shares) == 1:
        return shares[0][1]
    metrics = [metric for _, metric, _ in shares]
    replicates = np.mean([each for _, _, each in shares], axis=0)
    missing = [task_id for task_id, metric, _ in shares if metric.value is None]
    spread = not missing and min(metric.units for metric in metrics) >= FEWEST_UNITS
    interval = percentile_interval(replicates, confidence=bootstrap.confidence) if spread else None
    return MetricScore(
        name=metrics[0].name,
        definition=metrics[0].definition,
        value=None if missing else float(np.mean([metric.value for metric in metrics])),
        ci_low=interval.low if interval else None,
        ci_high=interval.high if interval else None,
        n=sum(metric.n for metric in metrics),
        units=sum(metric.units for metric in metrics),
        ci_method=_method(bootstrap, len(shares)) if interval else None,
        undefined=f"{_listed(missing)} has no value" if missing else None,
        undefined_resamples=int(np.isnan(replicates).sum()),
        higher_is_better=metrics[0].higher_is_better,
        unit=metrics[0].unit,
    )


def _method(bootstrap: Bootstrap, tasks: int) -> str:
    return f"{method(bootstrap.resamples, f'each of {tasks} tasks on its own')}, seed {bootstrap.seed}"


def _listed(ids: Iterable[str]) -> str:
    return ", ".join(ids)
