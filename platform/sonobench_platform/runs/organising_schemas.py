"""What organisers ask of runs over HTTP, and what they get."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from sonobench_platform.domain.text import clean_line
from sonobench_platform.runs.decide import Decision
from sonobench_platform.runs.rank_changes import Changes

Reason = Annotated[
    str,
    AfterValidator(clean_line),
    Field(min_length=3, max_length=1000, description="Why; it stands in the audit log."),
]
PhaseName = Annotated[str | None, Field(max_length=64, description="The main phase where none is named.")]
SubmissionIds = Annotated[list[Annotated[str, Field(max_length=32)]], Field(max_length=10_000)]
Every = Annotated[float, Field(ge=600, le=90 * 86400, allow_inf_nan=False, description="Seconds between two runs.")]


class OrganiserRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewRerun(OrganiserRequest):
    reason: Reason


class NewReruns(OrganiserRequest):
    reason: Reason
    phase: PhaseName = None


class Reruns(BaseModel):
    """Which submissions are run again; `without_image` cannot be, because their images are no longer here."""

    submissions: list[str]
    without_image: list[str]


class NewDecision(OrganiserRequest):
    decision: Annotated[Decision, Field(description="`rerun`, or whose fault it was: `team` or `platform`.")]
    reason: Reason


class NewRescoring(OrganiserRequest):
    reason: Reason
    phase: PhaseName = None
    submissions: Annotated[SubmissionIds, Field(description="Only these; everything that is scored where none is named.")] = []


class Rescoring(BaseModel):
    """Scoring stored predictions again. `changes` is there once everything is scored, and before anything is published."""

    id: str
    challenge: str
    phase: str
    state: Annotated[str, Field(description="running, ready, published or dropped.")]
    reason: str
    asked_by: str
    asked_at: datetime
    ended_at: datetime | None
    definition_hash: str
    runs: int
    done: int
    trouble: Annotated[int, Field(description="Runs that could not be scored again so far.")]
    changes: Changes | None


class Rescorings(BaseModel):
    items: list[Rescoring]


class NewBaseline(OrganiserRequest):
    every_s: Every


class NodeTime(BaseModel):
    node: str
    last_s: float
    usual_s: float
    drift_percent: Annotated[float, Field(description="Above 0: slower than it usually is there.")]


class BaselineView(BaseModel):
    """A submission that is run again every so often. `nodes`: how its last time differs from its usual one, where it ran."""

    submission: str
    every_s: float
    next_at: datetime
    last_at: datetime | None
    nodes: list[NodeTime]


class Baselines(BaseModel):
    items: list[BaselineView]
