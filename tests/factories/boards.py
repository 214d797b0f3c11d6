"""Scores, task columns and boards made by hand, for tests of what is printed of them."""

from __future__ import annotations

from datetime import UTC, datetime

from sonobench_eval.evaluation import MetricScore
from sonobench_eval.ranking.leaderboard import Leaderboard, Row, TaskColumn


def score(name: str, definition: str, value: float, low: float, high: float) -> MetricScore:
    return MetricScore(name=name, definition=definition, value=value, ci_low=low, ci_high=high, n=9, units=9)


def column(task_id: str, kind: str, *metrics: MetricScore, **more: object) -> TaskColumn:
    return TaskColumn.model_validate({"id": task_id, "title": task_id, "kind": kind, "metrics": metrics, **more})


def board(*rows: Row) -> Leaderboard:
    return Leaderboard(
        challenge="uusic25",
        title="UUSIC25",
        challenge_hash="sha256:c",
        dataset_hash="sha256:d",
        generated_at=datetime(2026, 1, 2, tzinfo=UTC),
        scheme="uusic25",
        performance_weight=0.7,
        efficiency_weight=0.3,
        resamples=1000,
        confidence=0.95,
        cases=2479,
        centers=3,
        external_centers=1,
        rows=rows,
    )
