"""Submissions over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from sonobench_eval.evaluation import Finite, MetricScore, TaskScore
from sonobench_eval.sandbox.failure import Blame
from sonobench_platform.domain.states import State
from sonobench_platform.domain.text import clean_line
from sonobench_platform.runs.report import ReportedMeasurement

LARGEST_BYTES = 2**50
"""More than any image has, and less than a database's numbers hold. What a server takes is in its settings."""


class NewSubmission(BaseModel):
    model_config = ConfigDict(extra="forbid")

    size_bytes: Annotated[
        int, Field(gt=0, le=LARGEST_BYTES, description="Exact size of the `docker save` tar that will be sent.")
    ]
    note: Annotated[str, AfterValidator(clean_line), Field(max_length=200)] | None = None
    phase: Annotated[str, Field(max_length=64, description="Needed where several phases take images.")] | None = None


class Step(BaseModel):
    """One step in a submission's history."""

    at: datetime
    from_: Annotated[State | None, Field(serialization_alias="from", description="None for its creation.")]
    to: State
    cause: str


class Image(BaseModel):
    """What intake found in the image."""

    digest: Annotated[str, Field(description="The config digest: this image, beyond doubt.")]
    size_bytes: int
    user: str
    entrypoint: list[str]
    command: list[str]
    working_dir: str
    warnings: list[str]


class FailureView(BaseModel):
    """Why it ended without a score, and whose fault that was."""

    category: Annotated[str, Field(description="Stable: `time_limit`, `memory_limit`, `crashed`..., or intake's code.")]
    blame: Blame
    sentence: str


class Progress(BaseModel):
    """What the run is doing."""

    phase: str
    since: datetime


class ExpectedStart(BaseModel):
    """When it will probably start, in minutes from now; told in coarse steps, as it is made from others' runs."""

    from_minutes: int
    to_minutes: int


class FindingView(BaseModel):
    """What was odd about the results. Names that the container wrote are not shown: they could carry hidden data."""

    code: str
    count: int
    sentence: str


class Result(BaseModel):
    """Scores and measurements. None: not measured."""

    means: tuple[MetricScore, ...]
    tasks: tuple[TaskScore, ...]
    findings: list[FindingView]
    time_s: Annotated[Finite | None, Field(description="Wall time of the container by the engine's clock, in seconds.")]
    host_memory_bytes: int | None
    host_memory_method: str
    gpu_memory_bytes: int | None
    gpu_memory_method: str
    exact: Annotated[
        bool, Field(description="False: time to 1 %, memory to 64 MiB, as teams see them until the challenge closes.")
    ]


class RunLog(BaseModel):
    """The end of a run's log as plain text: no control or direction characters but tab and line feed."""

    submission: str
    text: str
    lines: int
    missing: Annotated[str, Field(description="What is left out, in a sentence; empty where nothing is.")]


class RunDetails(BaseModel):
    """How a run ended and all that was measured, exactly."""

    submission: str
    exit_code: int | None
    oom_killed: bool
    timed_out: bool
    output_full: bool
    output_too_many_files: bool
    log_truncated: bool
    started_at: datetime | None
    finished_at: datetime | None
    result_files: int
    result_bytes: int
    engine_error: str
    notes: tuple[str, ...]
    measurement: ReportedMeasurement


class TeamName(BaseModel):
    id: str
    name: str


class Disqualified(BaseModel):
    """Since when, and why, a submission has no rank whatever its score."""

    at: datetime
    reason: str


class Submission(BaseModel):
    """One submission, from upload to score."""

    id: str
    team: TeamName
    challenge: str
    phase: str
    state: State
    state_since: datetime
    created_at: datetime
    note: str | None
    history: list[Step]
    queue_position: Annotated[int | None, Field(description="1 is next; only while queued.")]
    expected_start: Annotated[ExpectedStart | None, Field(description="Only while queued; null where nobody knows.")] = None
    attempt: Annotated[int | None, Field(description="Which attempt at running it this is; trouble of the platform adds some.")]
    node: Annotated[str | None, Field(description="Where it runs; organisers only.")]
    image: Image | None
    failure: FailureView | None
    trouble: Annotated[str | None, Field(description="Why the platform is trying again, if it is. It costs the team nothing.")]
    progress: Annotated[Progress | None, Field(description="Only while running.")]
    result: Annotated[Result | None, Field(description="Only once scored, and only for those whom its phase shows scores.")]
    result_hidden: Annotated[str | None, Field(description="Why the result is not shown, where there is one.")]
    chosen: Annotated[bool, Field(description="Whether its team chose it, which counts in phases with `counts: chosen`.")]
    costs_attempt: Annotated[bool, Field(description="False: its attempt was given back, and counts in no quota.")]
    disqualified: Annotated[
        Disqualified | None, Field(description="Where organisers took it out of the ranking; its team and they see it.")
    ] = None


class CreatedSubmission(BaseModel):
    submission: Submission
    upload_url: Annotated[str, Field(description="Where to PUT the image, relative to this server.")]


class Submissions(BaseModel):
    items: list[Submission]
    next: Annotated[str | None, Field(description="Where older ones are; null on the last page.")] = None
