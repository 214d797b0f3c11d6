"""The leaderboard: anyone may read it that its phase shows it to."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response, status

from sonobench_eval.ranking.leaderboard import Leaderboard
from sonobench_platform.accounts.access import Visitor
from sonobench_platform.core import CoreDep
from sonobench_platform.leaderboards.service import published
from sonobench_platform.problems import refusals

router = APIRouter(prefix="/api/v1/challenges", tags=["leaderboards"])


@router.get(
    "/{name}/leaderboard",
    response_model=Leaderboard,
    responses={304: {"description": "It says the same as the version named in If-None-Match."}, **refusals(404)},
    summary="The leaderboard",
)
def get_leaderboard(
    request: Request,
    core: CoreDep,
    caller: Visitor,
    name: str,
    phase: Annotated[str | None, Query(max_length=64, description="Of this phase; of the main one where none is named.")] = None,
) -> Response:
    """The document that was published last; 404 while nothing is scored, or while its phase shows it to organisers alone.

    Its ETag is the hash of what it says.
    """
    with core.database.read() as session:
        board = published(session, caller, name, phase=phase, now=core.clock.now())
    # What an organiser is shown before everyone is must not lie in a cache between here and there.
    headers = {"ETag": board.etag, "Cache-Control": "no-cache" if caller is None else "private, no-cache"}
    if board.audit_head is not None:
        headers["Sonobench-Audit-Head"] = board.audit_head
    if etag_matches(request.headers.get("if-none-match"), board.etag):
        return Response(status_code=status.HTTP_304_NOT_MODIFIED, headers=headers)
    return Response(board.document, media_type="application/json", headers=headers)


def etag_matches(if_none_match: str | None, etag: str) -> bool:
    """Whether the header names this version (weak or strong, one of several, or any)."""
    named = {each.strip().removeprefix("W/") for each in (if_none_match or "").split(",")}
    return etag in named or "*" in named
