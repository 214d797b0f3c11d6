"""The audit log: administrators read all of it, organisers that of their challenge. Nobody changes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import AfterValidator, AwareDatetime

from sonobench_platform.accounts.access import AdministratorCaller, OrganiserCaller
from sonobench_platform.audit.read import Found, Wanted, newest
from sonobench_platform.audit.schemas import AuditPage, entry_of
from sonobench_platform.challenges import repository as challenges
from sonobench_platform.core import CoreDep
from sonobench_platform.desk.paging import Asked, PageDep, page
from sonobench_platform.problems import refusals
from sonobench_platform.teams.visible import organised

router = APIRouter(prefix="/api/v1", tags=["audit"])

Action = Annotated[str | None, Query(max_length=64, description="One action, or a noun and a dot: `truth.read`, `truth.`.")]
Actor = Annotated[str | None, Query(max_length=100, description="Who did it, as the log calls them.")]
Subject = Annotated[str | None, Query(max_length=200, description="What it was done to.")]


def _of_our_time(at: datetime) -> datetime:
    if not 1900 <= at.year <= 9000:  # nearer to the ends of the calendar it has no UTC
        raise ValueError("is not between the years 1900 and 9000")
    return at


Moment = Annotated[AwareDatetime, AfterValidator(_of_our_time)]
Since = Annotated[Moment | None, Query(description="From this moment on, with a time zone.")]
Until = Annotated[Moment | None, Query(description="Until just before this moment, with a time zone.")]


def _wanted(
    action: Action = None, actor: Actor = None, subject: Subject = None, since: Since = None, until: Until = None
) -> Wanted:
    return Wanted(None, action, actor, subject, since, until)


WantedDep = Annotated[Wanted, Depends(_wanted)]


@router.get("/audit", responses=refusals(401, 403, 404, 422), summary="The audit log, newest first")
def list_audit(
    *,
    request: Request,
    response: Response,
    core: CoreDep,
    _caller: AdministratorCaller,
    asked: PageDep,
    wanted: WantedDep,
    challenge: Annotated[str | None, Query(max_length=64, description="Only of this challenge.")] = None,
) -> AuditPage:
    """Who did what, and every read of hidden labels. Each row's hash covers the row before it."""
    with core.database.read() as session:
        if challenge is not None:
            wanted = replace(wanted, challenge_id=challenges.get(session, challenge).id)
        found = newest(session, wanted, limit=asked.limit + 1, before=asked.number)
    return _page(found, asked, request=request, response=response)


@router.get(
    "/challenges/{name}/audit",
    responses=refusals(401, 403, 404, 422),
    summary="A challenge's part of the audit log, newest first",
)
def list_challenge_audit(
    *, request: Request, response: Response, core: CoreDep, caller: OrganiserCaller, name: str, asked: PageDep, wanted: WantedDep
) -> AuditPage:
    """What was done in this challenge, and by whom; `action=truth.` tells who read its hidden labels."""
    with core.database.read() as session:
        wanted = replace(wanted, challenge_id=organised(session, caller, name).id)
        found = newest(session, wanted, limit=asked.limit + 1, before=asked.number)
    return _page(found, asked, request=request, response=response)


def _page(found: Sequence[Found], asked: Asked, *, request: Request, response: Response) -> AuditPage:
    shown = page(found, asked, key=lambda each: (each.row.number,), request=request, response=response)
    return AuditPage(items=[entry_of(each) for each in shown.items], next=shown.next)
