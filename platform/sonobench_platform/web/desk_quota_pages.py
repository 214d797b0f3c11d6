"""The desk's quota ledger. Giving back goes the way of `desk_submissions_pages.py`."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from sonobench_platform.accounts.access import OrganiserCaller
from sonobench_platform.challenges.phases import of_challenge
from sonobench_platform.core import CoreDep
from sonobench_platform.db.models import TeamRow
from sonobench_platform.domain.ids import is_id
from sonobench_platform.submissions import ledger
from sonobench_platform.web import desk_quota_build as build
from sonobench_platform.web.desk_frame import desk_challenge, frame_of
from sonobench_platform.web.desk_quota_build import AT_A_TIME, Ledger
from sonobench_platform.web.rendering import private_response

router = APIRouter(prefix="/desk/challenges/{name}", include_in_schema=False)

TeamQuery = Annotated[str, Query(max_length=32)]
PageQuery = Annotated[int, Query(ge=1, le=100_000)]


@router.get("/quota")
def quota_page(core: CoreDep, caller: OrganiserCaller, name: str, team: TeamQuery = "", page: PageQuery = 1) -> Response:
    """What each team used of each phase, and every attempt; of one team's where the address names it."""
    skip = (page - 1) * AT_A_TIME
    with core.database.read() as session:
        challenge = desk_challenge(session, caller, name)
        phases = of_challenge(session, challenge.id)
        ids, own = [phase.id for phase in phases], session.get(TeamRow, team) if is_id(team) else None
        team_id = None if own is None else own.id
        read = Ledger(
            ledger.uses(session, phases, core.clock.now()),
            ledger.entries(session, ids, team_id=team_id, limit=AT_A_TIME, skip=skip),
            ledger.count(session, ids, team_id=team_id),
            skip,
        )
    frame = frame_of(challenge, caller, "quota")
    shown = own if read.number else None  # a team of which there is nothing here is not named to this challenge's organizers
    return private_response(build.quota_context(challenge, frame, phases, read, team=shown), reader=caller)
