"""A small challenge and evaluations on it, made without running anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pytest

from sonobench_eval.challenge.digest import challenge_hash
from sonobench_eval.challenge.model import Case, Center, Challenge, Metric, Task
from sonobench_eval.evaluation import CaseScore, Evaluation, MetricScore, Provenance, TaskScore
from sonobench_eval.ranking.build import Entry
from sonobench_eval.statistics.replicates import Replicates

DATASET = "sha256:data"
Scores = Mapping[tuple[str, str], float | None]
MakeEntry = Callable[..., Entry]


@pytest.fixture
def challenge() -> Challenge:
    """Head is segmented (dsc, nsd), Breast classified (auc, f1: the ranking counts auc only)."""
    nsd = Metric(name="nsd", convention="pixel", tolerance=2, unit="px")
    head = Task(
        id="Head",
        kind="segmentation",
        dataset_name="Head",
        organ="Head",
        labels={"a": "nonzero"},
        metrics=(Metric(name="dsc"), nsd),
    )
    breast = Task(
        id="Breast",
        kind="binary",
        dataset_name="Breast",
        organ="Breast",
        classes=("benign", "malignant"),
        metrics=(Metric(name="auc"), Metric(name="f1")),
    )
    return Challenge(
        sonobench=1,
        name="demo",
        title="Demo",
        centers=(Center(id="Near", role="internal"), Center(id="Far", role="external")),
        tasks=(head, breast),
        cases=(
            Case(id="h.png", task="Head", center="Near", mask="h.png"),
            Case(id="b.png", task="Breast", center="Far", label=1),
        ),
    )


@pytest.fixture
def make_entry(challenge: Challenge) -> MakeEntry:
    """Entry of a team from its scores; replicates spread by the team's own offsets, in every metric alike."""

    def make(
        team: str,
        scores: Scores,
        *,
        offsets: list[float] | None = None,
        dataset: str = DATASET,
        units: int = 2,
        pseudonyms: bool = True,
        **used: object,
    ) -> Entry:
        vectors = {key: np.array(offsets or [0.0]) + (np.nan if value is None else value) for key, value in scores.items()}
        return Entry(
            team=team,
            evaluation=_evaluation(challenge, scores, dataset, units=units, pseudonyms=pseudonyms),
            replicates=None if offsets is None else Replicates(vectors),
            **used,  # type: ignore[arg-type]
        )

    return make


def _evaluation(challenge: Challenge, scores: Scores, dataset: str, *, units: int, pseudonyms: bool) -> Evaluation:
    made_from = Provenance(
        challenge=challenge.name,
        challenge_hash=challenge_hash(challenge),
        dataset_hash=dataset,
        evaluator_version="0",
        engine="fast",
        resamples=4,
        confidence=0.95,
        seed=1,
        pseudonyms=pseudonyms,
    )
    tasks = tuple(
        TaskScore(
            id=task.id,
            title=task.id,
            kind=task.kind,
            n=units,
            metrics=tuple(_metric(metric.name, scores.get((task.id, metric.name)), units) for metric in task.metrics),
        )
        for task in challenge.tasks
    )
    cases = (
        CaseScore(id="h.png", task="Head", center="Near", scores={"dsc": 0.0}, problem="prediction_empty"),
        CaseScore(id="b.png", task="Breast", center="Far", scores={"acc": 0.0}, problem="missing_result"),
    )
    return Evaluation(made_from=made_from, tasks=tasks, means=tasks[0].metrics, cases=cases)


def _metric(name: str, value: float | None, units: int) -> MetricScore:
    undefined = None if value is not None else "one class only"
    return MetricScore(name=name, definition=name, value=value, n=units, units=units, undefined=undefined)
