"""Challenges over HTTP. Nothing hidden: no references, no case identifiers, no folders."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, NamedTuple

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
from sonobench_eval.challenge.phase import Counting, EntryRules, Names, PhaseKind, Quota, Visibility
from sonobench_platform.challenges.changes import Changed
from sonobench_platform.challenges.definition import public_challenge
from sonobench_platform.challenges.phases import rules_of, takes_images
from sonobench_platform.challenges.showing import shows_board
from sonobench_platform.db.models import ChallengeRow, PhaseRow


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


class PhaseView(BaseModel):
    """A phase, and how it stands now."""

    id: Annotated[str, Field(description="Its name, for `phase` wherever one is asked for.")]
    kind: PhaseKind
    title: str
    opens: datetime | None
    closes: datetime | None
    open: Annotated[bool, Field(description="Whether it takes images now.")]
    held: Annotated[bool, Field(description="Whether an organiser holds it closed, whatever its dates say.")]
    cases: Annotated[int, Field(description="How many cases it has.")]
    counts: Annotated[Counting, Field(description="Which of a team's submissions is on the board.")]
    scores: Annotated[Visibility, Field(description="Who sees scores and the board.")]
    names: Annotated[Names, Field(description="What teams are called on the board: by their names, or by aliases.")]
    sealed_until: datetime | None
    board_public: Annotated[bool, Field(description="Whether anyone may see the board now.")]
    quota: Quota
    requires: Annotated[tuple[str, ...], Field(description="Phases in which the team needs a scored submission first.")]
    hash: Annotated[str, Field(description="Of the definition that scores are made with, references included.")]
    dataset_hash: str
    waiting_for_scores: Annotated[
        int,
        Field(
            description="Submissions whose scores are of an earlier definition. While there are any, the board stays as it was "
            "made with that."
        ),
    ]


class ChangeLine(BaseModel):
    """One difference. Of long texts, folders and cases it is only told that, and how much, was changed."""

    what: Annotated[str, Field(description="Where in the challenge file: `limits.time_s`.")]
    kind: Annotated[str, Field(description="added, removed, changed or moved.")]
    old: str | None
    new: str | None


class Change(BaseModel):
    """What was changed of a frozen challenge at once, and why."""

    at: datetime
    reason: str
    changes: list[ChangeLine]
    old_hash: str
    new_hash: str


class ChallengeSummary(BaseModel):
    """A challenge in short."""

    name: str
    title: str
    hash: Annotated[str, Field(description="Of the definition, references included.")]
    dataset_hash: Annotated[str, Field(description="Of the images and references.")]
    cases: Annotated[int, Field(description="How many cases there are.")]
    tasks: list[TaskSummary]
    centers: list[CenterSummary]
    open: Annotated[bool, Field(description="Whether it takes submissions now, in whichever phase.")]
    hidden: Annotated[bool, Field(description="Whether its organisers alone know of it.")]
    phases: Annotated[list[PhaseView], Field(description="In their order. A challenge that declares none has one, `test`.")]


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
    entry: Annotated[EntryRules, Field(description="What a team must do before it can hand in.")]
    frozen_at: Annotated[datetime | None, Field(description="From when on every change has a reason, and is listed here.")]
    changes: Annotated[list[Change], Field(description="Newest first.")]


class Challenges(BaseModel):
    items: list[ChallengeSummary]


class Standing(NamedTuple):
    """A challenge as it stands: its phases in their order, each with how many submissions wait to be scored again."""

    challenge: ChallengeRow
    phases: list[tuple[PhaseRow, int]]
    changes: list[Changed]
    now: datetime


def summary_of(standing: Standing) -> ChallengeSummary:
    row, challenge = standing.challenge, public_challenge(standing.challenge)
    phases = [_phase(phase, waiting, standing.now) for phase, waiting in standing.phases]
    return ChallengeSummary(
        name=row.name,
        title=row.title,
        hash=row.hash,
        dataset_hash=row.dataset_hash,
        cases=len(challenge.cases),
        tasks=_tasks(challenge),
        centers=_centers(challenge),
        open=any(phase.open for phase in phases),
        hidden=row.is_hidden,
        phases=phases,
    )


def detail_of(standing: Standing) -> ChallengeDetail:
    challenge = public_challenge(standing.challenge)
    return ChallengeDetail(
        **dict(summary_of(standing)),
        description=challenge.description,
        contract=challenge.contract,
        writable=challenge.writable,
        limits=challenge.limits,
        undefined=challenge.undefined,
        bootstrap=challenge.bootstrap,
        ranking=challenge.ranking,
        pseudonyms=challenge.pseudonyms,
        entry=challenge.entry,
        frozen_at=standing.challenge.frozen_at,
        changes=[_change(each) for each in standing.changes],
    )


def _phase(row: PhaseRow, waiting: int, now: datetime) -> PhaseView:
    rules = rules_of(row)
    return PhaseView(
        id=row.name,
        kind=rules.kind,
        title=rules.title,
        opens=rules.opens,
        closes=rules.closes,
        open=takes_images(row, now),
        held=row.is_held,
        cases=len(public_challenge(row).cases),
        counts=rules.counts,
        scores=rules.scores,
        names=rules.names,
        sealed_until=rules.sealed_until,
        board_public=shows_board(row, None, now),
        quota=rules.quota,
        requires=rules.requires,
        hash=row.hash,
        dataset_hash=row.dataset_hash,
        waiting_for_scores=waiting,
    )


def _change(change: Changed) -> Change:
    lines = [ChangeLine(**each._asdict()) for each in change.changes]
    return Change(at=change.at, reason=change.reason, changes=lines, old_hash=change.old_hash, new_hash=change.new_hash)


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
