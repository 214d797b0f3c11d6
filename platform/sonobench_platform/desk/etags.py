"""Versions of things that several people change: `ETag` on what is read, `If-Match` on what is changed (RFC 9110, 13.1).

A tag is the hash of what was shown, so that it changes exactly when the answer does. Whoever sends no `If-Match` overwrites
what others did meanwhile, as before.
"""

from __future__ import annotations

import hashlib
from typing import Any

from fastapi import Request, Response
from pydantic import BaseModel

from sonobench_platform.domain.errors import PreconditionFailed

IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "schema": {"type": "string"},
    "description": "The `ETag` of what you last read; where it has changed since, the answer is 412 and nothing is done.",
}

CHANGES = {"parameters": [IF_MATCH]}
"""`openapi_extra=` of a route that asks `must_match`."""

UNCHANGED: dict[int | str, dict[str, Any]] = {304: {"description": "It says the same as the version named in If-None-Match."}}
"""In `responses=` of a route that answers `with_etag`."""


def etag_of(shown: BaseModel) -> str:
    """The strong entity tag of a document: `"` and 32 hexadecimal digits and `"`."""
    return f'"{hashlib.sha256(shown.model_dump_json(by_alias=True).encode()).hexdigest()[:32]}"'


def must_match(request: Request, shown: BaseModel) -> None:
    """Refuse a change of something that is no longer what its changer read.

    Args:
        shown: what the thing's GET would answer now, read in the transaction of the change.

    Raises:
        PreconditionFailed: `changed-meanwhile`.
    """
    wanted = request.headers.get("if-match")
    if wanted is None or wanted.strip() == "*":
        return
    # Strong comparison: a weak tag never matches (RFC 9110, 8.8.3.2).
    if etag_of(shown) not in {each.strip() for each in wanted.split(",")}:
        detail = "It was changed since you read it; read it again, see whether your change still makes sense, and send that."
        raise PreconditionFailed("changed-meanwhile", detail)


def with_etag(request: Request, shown: BaseModel) -> Response:
    """The document with its tag; 304 without it where the caller has this version."""
    etag = etag_of(shown)
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if is_known(request, etag):
        return Response(status_code=304, headers=headers)
    return Response(shown.model_dump_json(by_alias=True), media_type="application/json", headers=headers)


def is_known(request: Request, etag: str) -> bool:
    """Whether `If-None-Match` names this version (weak or strong, one of several, or any): then 304 is enough."""
    named = {each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")}
    return etag in named or "*" in named
