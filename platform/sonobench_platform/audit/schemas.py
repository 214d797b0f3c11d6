"""The audit log over HTTP."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field, JsonValue

from sonobench_platform.audit.read import Found


class AuditEntry(BaseModel):
    """One row of the log: who did what to what, when, and why. Its hash is over all that and `previous`."""

    number: Annotated[int, Field(description="From 1, without gaps.")]
    at: datetime
    actor: str
    action: Annotated[str, Field(description="`noun.verb`, for example `truth.read`.")]
    subject: str
    challenge: Annotated[str | None, Field(description="The challenge's name, where it is about one.")]
    detail: dict[str, JsonValue]
    reason: str | None
    previous: Annotated[str, Field(description="The hash of the row before; 64 zeros for the first.")]
    hash: str


class AuditPage(BaseModel):
    items: list[AuditEntry]
    next: Annotated[str | None, Field(description="Where older rows are; null on the last page.")]


def entry_of(found: Found) -> AuditEntry:
    row = found.row
    return AuditEntry(
        number=row.number,
        at=row.at,
        actor=row.actor,
        action=row.action,
        subject=row.subject,
        challenge=found.challenge,
        detail=json.loads(row.detail),
        reason=row.reason,
        previous=row.previous,
        hash=row.hash,
    )
