"""Challenges over HTTP. Nothing hidden: no references, no case identifiers, no folders."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from sonobench_eval.challenge.model import (
    Bootstrap,
    CenterRole,
    Challenge,
    ContractRules,
    Limits,
    Metric,
    Ranking,
    TaskKind,
    UndefinedPolicy,
)
from sonobench_platform.challenges.definition import public_challenge
from sonobench_platform.db.models import ChallengeRow


class TaskSummary(BaseModel):
    id: str
    title: str
    kind: TaskKind
    organ: str
    cases: Annotated[int, Field(description="How many cases it has.")]
    metrics: tuple[Metric, ...]
    labels: Annotated[list[str] | None, Field(description="Names of the structures, of a segmentation task.")]
    classes: Annotated[tuple[str, ...] | None, Field(description="Names of the classes by index, where the task has classes.")]
    range: Annotated[tuple[float, float] | None, Field(description="Lowest and highest value of a grade or a measurement.")]
    points: Annotated[tuple[str, ...] | None, Field(description="Names of the keypoints.")]


class CenterSummary(BaseModel):
    id: str
    title: str
    role: CenterRole
    cases: int


class ChallengeSummary(BaseModel):
    """A challenge in short."""

    name: str
    title: str
    hash: Annotated[str, Field(description="Of the definition, references included.")]
    dataset_hash: Annotated[str, Field(description="Of the images and references.")]
    cases: Annotated[int, Field(description="How many cases there are.")]
    tasks: list[TaskSummary]
    centers: list[CenterSummary]
    open: Annotated[bool, Field(description="Whether it takes submissions now.")]


class ChallengeDetail(ChallengeSummary):
    """A challenge as anyone may see it."""

    description: str
    contract: Annotated[
        str | ContractRules, Field(description="How a container is fed and what it writes: a preset's name, or the rules.")
    ]
    writable: Annotated[tuple[str, ...], Field(description="Places in the container that are writable, in memory.")]
    limits: Limits
    undefined: Annotated[UndefinedPolicy, Field(description="What counts where a metric has no value.")]
    bootstrap: Bootstrap
    ranking: Ranking
    pseudonyms: Annotated[
        bool, Field(description="Whether containers get opaque file names and a shuffled order, new for every run.")
    ]


class Challenges(BaseModel):
    items: list[ChallengeSummary]


def summary_of(row: ChallengeRow) -> ChallengeSummary:
    challenge = public_challenge(row)
    return ChallengeSummary(
        name=row.name,
        title=row.title,
        hash=row.hash,
        dataset_hash=row.dataset_hash,
        cases=len(challenge.cases),
        tasks=_tasks(challenge),
        centers=_centers(challenge),
        open=row.is_open,
    )


def detail_of(row: ChallengeRow) -> ChallengeDetail:
    challenge = public_challenge(row)
    return ChallengeDetail(
        **dict(summary_of(row)),
        description=challenge.description,
        contract=challenge.contract,
        writable=challenge.writable,
        limits=challenge.limits,
        undefined=challenge.undefined,
        bootstrap=challenge.bootstrap,
        ranking=challenge.ranking,
        pseudonyms=challenge.pseudonyms,
    )


def _tasks(challenge: Challenge) -> list[TaskSummary]:
    return [
        TaskSummary(
            id=task.id,
            title=task.title or task.id,
            kind=task.kind,
            organ=task.organ,
            cases=len(challenge.cases_of(task.id)),
            metrics=task.metrics,
            labels=None if task.labels is None else list(task.labels),
            classes=task.classes,
            range=task.range,
            points=task.points,
        )
        for task in challenge.tasks
    ]


def _centers(challenge: Challenge) -> list[CenterSummary]:
    return [
        CenterSummary(
            id=center.id,
            title=center.title or center.id,
            role=center.role,
            cases=sum(case.center == center.id for case in challenge.cases),
        )
        for center in challenge.centers
    ]
