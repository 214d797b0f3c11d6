"""Teams: organisers only."""

from __future__ import annotations

from fastapi import APIRouter, status

from sonobench_platform.accounts.access import AdministratorCaller
from sonobench_platform.core import CoreDep
from sonobench_platform.problems import refusals
from sonobench_platform.teams import service
from sonobench_platform.teams.schemas import NewTeam, Team, Teams, TeamWithToken

router = APIRouter(prefix="/api/v1/teams", tags=["teams"])


@router.post("", status_code=status.HTTP_201_CREATED, responses=refusals(401, 403, 409), summary="Register a team")
def create_team(core: CoreDep, caller: AdministratorCaller, body: NewTeam) -> TeamWithToken:
    """Makes a team and its API token. The token is shown this once."""
    with core.database.write() as work:
        team, token = service.create(core, work, caller, body.name)
    return TeamWithToken(id=team.id, name=team.name, created_at=team.created_at, token=token)


@router.get("", responses=refusals(401, 403), summary="All teams")
def list_teams(core: CoreDep, _caller: AdministratorCaller) -> Teams:
    with core.database.read() as session:
        teams = service.all_teams(session)
    return Teams(items=[Team(id=team.id, name=team.name, created_at=team.created_at) for team in teams])
