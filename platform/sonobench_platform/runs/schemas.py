"""Runs over the internal API: what a node sends and gets."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from sonobench_platform.runs.report import Report, Text

NODE_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"
NodeName = Annotated[str, Field(pattern=NODE_PATTERN, description="The node's name, unique among nodes.")]
Attempt = Annotated[int, Field(ge=1, le=2**31 - 1)]


class NodeRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Claim(NodeRequest):
    node: NodeName
    gpus: Annotated[int, Field(ge=0, le=64, description="How many free GPUs the node has.")] = 0


class Heartbeat(NodeRequest):
    node: NodeName
    attempt: Attempt
    phase: Annotated[str, Field(pattern=r"^[a-z][a-z0-9 _-]{0,63}$", description="What the run is doing: `load`, `run`...")]
    log_tail: Annotated[
        Text | None,
        Field(max_length=65_536, description="The end of its log, where the assignment `tells_log`. Null: no news."),
    ] = None


class HeartbeatAnswer(BaseModel):
    stop: Annotated[bool, Field(description="True: the submission was cancelled; kill the container.")]


class Finish(NodeRequest):
    node: NodeName
    attempt: Attempt
    report: Report


class CanaryReport(Finish):
    """How the image ran on the public samples; its results are not handed back."""


class CanaryAnswer(BaseModel):
    proceed: Annotated[bool, Field(description="False: the attempt is over; fetch no hidden input.")]


class Release(NodeRequest):
    """The node gives a run back. `drain` as reason: the node is being shut down; that never counts as an attempt lost."""

    node: NodeName
    attempt: Attempt
    reason: Annotated[Text, Field(min_length=1, max_length=4000)]


class Done(BaseModel):
    state: Annotated[str, Field(description="The submission's state now.")]


class AssignedImage(BaseModel):
    config_digest: str
    diff_ids: list[str]
    size_bytes: int
    manifest_digest: Annotated[
        str | None, Field(description="What a containerd image store calls it; null where it was verified before that was kept.")
    ] = None


class AssignedInputs(BaseModel):
    hash: str
    url: str


class AssignedCanary(BaseModel):
    """What the image has to run on first: public samples. How it went is to be told before the run's own inputs are fetched."""

    challenge: Annotated[dict[str, Any], Field(description="The public part of the challenge, with limits of its own.")]
    inputs: AssignedInputs


class Assignment(BaseModel):
    """One attempt at one run. Addresses are relative to this server."""

    run_id: str
    attempt: int
    submission_id: str
    lease_s: float
    heartbeat_s: float
    challenge_hash: str
    challenge: Annotated[dict[str, Any], Field(description="The challenge without references.")]
    image: AssignedImage
    image_url: str
    inputs: AssignedInputs
    pseudonym_key: Annotated[
        str | None, Field(description="Makes the names that the container is given; null: the cases' own.", repr=False)
    ] = None
    canary: AssignedCanary | None = None
    tells_log: Annotated[bool, Field(description="Send the end of the log with heartbeats: its team may read it.")] = False


class LiveRuns(BaseModel):
    live: Annotated[list[tuple[str, int]], Field(description="`[run_id, attempt]` of every attempt that this node owns.")]
