"""/desk/challenges/{name}/audit: who did what in a challenge, and every read of its hidden labels."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Depends, Query, Response

from sonobench_platform.accounts.access import OrganiserCaller
from sonobench_platform.audit.read import Wanted, newest
from sonobench_platform.audit.schemas import entry_of
from sonobench_platform.core import CoreDep
from sonobench_platform.domain.errors import Unprocessable
from sonobench_platform.web.contexts_desk_service import AuditFilters
from sonobench_platform.web.desk_audit_build import ON_A_PAGE, audit_context
from sonobench_platform.web.desk_frame import desk_challenge, frame_of
from sonobench_platform.web.rendering import private_response
from sonobench_platform.web.texts import _

router = APIRouter(include_in_schema=False)

Word = Annotated[str, Query(max_length=200)]
Day = Annotated[str, Query(max_length=40)]


class Asked(NamedTuple):
    """What was typed into the filters, and from which row on (None: from the newest)."""

    filters: AuditFilters
    before: int | None


def _asked(
    *,
    action: Word = "",
    actor: Word = "",
    subject: Word = "",
    since: Day = "",
    until: Day = "",
    before: Annotated[int | None, Query(ge=1, lt=2**63)] = None,
) -> Asked:
    return Asked(AuditFilters(action.strip(), actor.strip(), subject.strip(), since.strip(), until.strip()), before)


@router.get("/desk/challenges/{name}/audit")
def audit_page(core: CoreDep, caller: OrganiserCaller, name: str, asked: Annotated[Asked, Depends(_asked)]) -> Response:
    filters, refused = asked.filters, None
    with core.database.read() as session:
        challenge = desk_challenge(session, caller, name)
        try:
            wanted = _wanted(challenge.id, filters)
        except Unprocessable as error:
            wanted, refused = Wanted(challenge.id), error
        found = newest(session, wanted, limit=ON_A_PAGE + 1, before=asked.before)
        frame = frame_of(challenge, caller, "audit", refused=refused)
        context = audit_context(challenge, frame, [entry_of(each) for each in found], filters, is_first=asked.before is None)
    return private_response(context, reader=caller, status=200 if refused is None else refused.status)


def _wanted(challenge_id: str, filters: AuditFilters) -> Wanted:
    return Wanted(
        challenge_id,
        action=filters.action or None,
        actor=filters.actor or None,
        subject=filters.subject or None,
        since=_day(filters.since),
        until=_day(filters.until),
    )


def _day(typed: str) -> datetime | None:
    """Midnight UTC of a day, or the moment that was typed.

    Raises:
        Unprocessable: it is none.
    """
    if not typed:
        return None
    try:
        at = datetime.fromisoformat(typed)
    except ValueError:
        at = None
    if at is None or not 1900 <= at.year <= 9000:
        said = _("{typed} is no day; write one like 2026-09-01. All rows are shown.")
        raise Unprocessable("bad-day", said.format(typed=repr(typed)))
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)
