"""Nodes over HTTP: what a node says of itself, and what organisers read."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue


class NodeStatement(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class ReferenceTime(NodeStatement):
    """How long the node's reference container took: the median of a few runs."""

    seconds: Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)]


class NodeReport(NodeStatement):
    """What `sonobench doctor` found on a node. Hidden data goes only where `is_safe` is true."""

    is_safe: bool
    report: dict[str, JsonValue]


class Node(BaseModel):
    """One node. `drift_percent` above 0: it has become slower since its reference container first ran there.

    `baseline_drift_percent` says so of whole submissions, which use what the reference container does not.
    """

    name: str
    seen_at: datetime
    is_safe: bool
    reported_at: datetime
    report: dict[str, JsonValue]
    reference_s: float | None
    first_reference_s: float | None
    reference_at: datetime | None
    drift_percent: Annotated[float | None, Field(description="Now against the first time, in percent.")]
    gpus: int = 0
    baseline_drift_percent: Annotated[
        float | None, Field(description="Of the baselines' last times there against their usual ones, the worst, in percent.")
    ] = None

    drained_at: Annotated[datetime | None, Field(description="Since when it is given no new run; null: it has runs.")] = None
    drained_by: str | None = None
    drained_why: str | None = None


class Draining(NodeStatement):
    """Why a node is given no new run."""

    reason: Annotated[str, Field(min_length=1, max_length=2000)]


class Nodes(BaseModel):
    items: list[Node]
