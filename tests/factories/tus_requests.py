"""Requests of the resumable uploads' protocol, one at a time: what the tests of its letter are made of."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import httpx

BODY = b"0123456789"
TUS = {"Tus-Resumable": "1.0.0"}
STREAM = {**TUS, "Content-Type": "application/offset+octet-stream"}


def metadata_of(**values: str) -> str:
    return ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in values.items())


def create(world: Any, body: bytes = BODY, *, team: str = "A", **said: str) -> httpx.Response:
    metadata = {"challenge": "tiny", **said}
    headers = {**TUS, "Upload-Length": str(len(body)), "Upload-Metadata": metadata_of(**metadata)}
    return world.team(team).post("/api/v1/uploads", headers=headers)


def created(world: Any, body: bytes = BODY, **said: Any) -> tuple[str, str]:
    """Address of a new upload, and its submission."""
    answer = create(world, body, **said)
    assert answer.status_code == 201, answer.text
    return answer.headers["Location"], answer.headers["Sonobench-Submission"]


def patch(world: Any, url: str, offset: int, content: bytes, *, team: str = "A", **headers: str) -> httpx.Response:
    said = {**STREAM, "Upload-Offset": str(offset), **headers}
    return world.team(team).request("PATCH", url, content=content, headers=said)


def head_of(world: Any, url: str, team: str = "A") -> httpx.Response:
    return world.team(team).request("HEAD", url, headers=TUS)


def offset_of(world: Any, url: str) -> int:
    answer = head_of(world, url)
    assert answer.status_code == 200
    return int(answer.headers["Upload-Offset"])


def checksum_of(algorithm: str, content: bytes) -> str:
    return f"{algorithm} {base64.b64encode(hashlib.new(algorithm, content).digest()).decode()}"


def code_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def cost_of(world: Any, submission_id: str) -> int:
    """What the submission costs its team."""
    from sqlalchemy import func, select

    from sonobench_platform.db.models import QuotaRow

    with world.platform.core.database.read() as session:
        total = select(func.count(), func.sum(QuotaRow.amount)).where(QuotaRow.submission_id == submission_id)
        entries, amount = session.execute(total).one()
    assert entries
    return int(amount)
