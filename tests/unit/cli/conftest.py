"""Small records for the terminal's tables."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sonobench_eval.evaluation import Evaluation, FindingRecord, MetricScore, Provenance, TaskScore
from sonobench_eval.ranking.leaderboard import Leaderboard, Row


def score(name: str, value: float | None, half: float = 0.012) -> MetricScore:
    low, high = (None, None) if value is None else (value - half, value + half)
    undefined = None if value is not None else "only one class"
    return MetricScore(name=name, definition=name, value=value, ci_low=low, ci_high=high, n=12, units=12, undefined=undefined)


def team(place: int | None, name: str, **more: object) -> Row:
    known = {"rank": place, "team": name, "score": 0.9, "performance": 0.8, "efficiency": 0.7}
    return Row.model_validate({**known, "means": (score("dsc", 0.851), score("auc", 0.7, 0.05)), "time_s": 36.03, **more})


@pytest.fixture
def board() -> Leaderboard:
    return Leaderboard(
        challenge="small",
        title="Small challenge",
        challenge_hash="sha256:" + "1" * 64,
        dataset_hash="sha256:" + "2" * 64,
        generated_at=datetime(2026, 1, 2, tzinfo=UTC),
        scheme="uusic25",
        performance_weight=0.7,
        efficiency_weight=0.3,
        resamples=1000,
        confidence=0.95,
        cases=2479,
        centers=3,
        external_centers=1,
        rows=(
            team(1, "first", rank_low=1, rank_high=2, host_memory_bytes=2_760_000_000),
            team(2, "a-team-with-quite-a-long-name", rank_low=1, rank_high=2, problems=3),
        ),
    )


@pytest.fixture
def evaluation() -> Evaluation:
    return Evaluation(
        made_from=Provenance(
            challenge="small",
            challenge_hash="sha256:" + "1" * 64,
            dataset_hash="sha256:" + "2" * 64,
            evaluator_version="0",
            engine="fast",
            resamples=1000,
            confidence=0.95,
            seed=1,
        ),
        tasks=(
            TaskScore(id="seg", title="Heads", kind="segmentation", n=12, metrics=(score("dsc", 0.851), score("nsd", 0.5))),
            TaskScore(id="cls", title="[red]Breasts[/red]", kind="binary", n=12, metrics=(score("auc", None),)),
        ),
        means=(score("dsc", 0.851),),
        cases=(),
        findings=(
            FindingRecord(
                code="missing_result", count=4, examples=("a.png", "b.png", "c.png", "d.png"), sentence="4 cases have no result."
            ),
            FindingRecord(code="colour_image", count=1, examples=("e\x1b[31m.png",), sentence="1 mask is in colour."),
        ),
    )
