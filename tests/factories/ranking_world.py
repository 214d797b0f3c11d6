"""A small challenge with several teams' evaluations whose case scores, values and replicates agree, for tests of rankings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sonobench_eval.challenge.digest import challenge_hash
from sonobench_eval.challenge.model import Bootstrap, Case, Center, Challenge, Metric, Task
from sonobench_eval.evaluation import CaseScore, Evaluation, MetricScore, Provenance, TaskScore
from sonobench_eval.metrics.roc import auc_of_many
from sonobench_eval.ranking.entries import Entry

DATASET = "sha256:data"
HEAD = Task.model_validate(
    {
        "id": "Head",
        "kind": "segmentation",
        "dataset_name": "Head",
        "organ": "Head",
        "labels": {"a": "nonzero"},
        "metrics": [{"name": "dsc"}, {"name": "nsd", "convention": "pixel", "tolerance": 2, "unit": "px"}],
    }
)
BREAST = Task(
    id="Breast",
    kind="binary",
    dataset_name="Breast",
    organ="Breast",
    classes=("benign", "malignant"),
    metrics=(Metric(name="auc"), Metric(name="acc"), Metric(name="f1")),
)
SUBTYPE = Task(
    id="Subtype",
    kind="multiclass",
    dataset_name="Subtype",
    organ="Breast",
    classes=("a", "b", "c"),
    metrics=(Metric(name="auc"), Metric(name="acc")),
)


@dataclass(frozen=True)
class World:
    challenge: Challenge
    entries: tuple[Entry, ...]


def make_world(
    skills: dict[str, float],
    *,
    tasks: Sequence[Task] = (HEAD, BREAST),
    cases: int = 60,
    per_subject: int = 1,
    seed: int = 3,
    measured: bool = True,
    **settings: Any,
) -> World:
    """Teams by skill (0 is none, 2 is good); every task has as many cases, at two internal centers and an external one."""
    rng = np.random.default_rng(seed)
    challenge = Challenge(
        sonobench=1,
        name="world",
        title="World",
        centers=(Center(id="Near", role="internal"), Center(id="Next", role="internal"), Center(id="Far", role="external")),
        tasks=tuple(tasks),
        cases=tuple(_case(task, number, per_subject) for task in tasks for number in range(cases)),
        bootstrap=Bootstrap(resamples=200),
        **settings,
    )
    noise = {case.id: rng.normal() for case in challenge.cases}
    entries = tuple(
        _entry(challenge, team, skill, noise, rng, position if measured else None)
        for position, (team, skill) in enumerate(skills.items())
    )
    return World(challenge, entries)


def _case(task: Task, number: int, per_subject: int) -> Case:
    reference: dict[str, Any] = {"mask": f"{number}.png"}
    if task.classes is not None:
        reference = {"label": number % len(task.classes)}
    center = ("Near", "Next", "Far")[(number // 12) % 3]
    subject = str(number // per_subject) if per_subject > 1 else None
    return Case.model_validate(
        {"id": f"{task.id}/{number}.png", "task": task.id, "center": center, "subject": subject, **reference}
    )


def _entry(
    challenge: Challenge, team: str, skill: float, noise: dict[str, float], rng: np.random.Generator, position: int | None
) -> Entry:
    scored = {
        task.id: [_score(task, case, skill, noise[case.id], rng) for case in challenge.cases_of(task.id)]
        for task in challenge.tasks
    }
    evaluation = Evaluation(
        made_from=Provenance(
            challenge=challenge.name,
            challenge_hash=challenge_hash(challenge),
            dataset_hash=DATASET,
            evaluator_version="0",
            engine="fast",
            resamples=challenge.bootstrap.resamples,
            confidence=0.95,
            seed=challenge.bootstrap.seed,
            pseudonyms=True,
        ),
        tasks=tuple(_task(challenge, task, scored[task.id]) for task in challenge.tasks),
        cases=tuple(case for task in challenge.tasks for case in scored[task.id]),
    )
    if position is None:
        return Entry(team, evaluation)
    return Entry(team, evaluation, time_s=10.0 + 7 * position, gpu_memory_bytes=2**30 * (8 - position))


def _score(task: Task, case: Case, skill: float, noise: float, rng: np.random.Generator) -> CaseScore:
    strength = skill + 0.5 * noise + 0.5 * rng.normal()
    if case.label is None:
        dsc = 1 / (1 + np.exp(-strength))
        scores = {"dsc": float(dsc), "nsd": float(dsc**1.5)}
    else:
        logits = rng.normal(size=len(task.classes or ()))
        logits[case.label] += strength
        given = np.exp(logits) / np.exp(logits).sum()
        scores = {f"p_{number}": float(each) for number, each in enumerate(given)}
        scores["acc"] = float(int(np.argmax(given)) == case.label)
    return CaseScore(id=case.id, task=case.task, center=case.center, scores=scores)


def _task(challenge: Challenge, task: Task, cases: Sequence[CaseScore]) -> TaskScore:
    units = len({case.unit for case in challenge.cases_of(task.id)})
    metrics = tuple(
        MetricScore(
            name=metric.key, definition=metric.name, value=_value(challenge, task, metric.key, cases), n=len(cases), units=units
        )
        for metric in task.metrics
    )
    return TaskScore(id=task.id, title=task.id, kind=task.kind, n=len(cases), metrics=metrics)


def _value(challenge: Challenge, task: Task, key: str, cases: Sequence[CaseScore]) -> float:
    if key == "f1":
        return 0.5
    if key != "auc":
        return float(np.mean([case.scores[key] for case in cases]))
    labels = np.array([case.label for case in challenge.cases_of(task.id)])
    asked = [1] if len(task.classes or ()) == 2 else range(len(task.classes or ()))
    return float(
        np.mean(
            [
                auc_of_many(labels == each, np.array([[case.scores[f"p_{each}"] for case in cases]]), np.ones((1, len(cases))))
                for each in asked
            ]
        )
    )
