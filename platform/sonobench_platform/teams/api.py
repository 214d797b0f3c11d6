"""Teams: administrators register them with a token; people make their own, and run them as captains."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response, status

from sonobench_platform.accounts.access import AdministratorCaller, ParticipantOrOrganiser, PersonCaller
from sonobench_platform.accounts.identity import Identity
from sonobench_platform.core import Core, CoreDep
from sonobench_platform.db.session import Work
from sonobench_platform.desk.etags import CHANGES, UNCHANGED, must_match, with_etag
from sonobench_platform.desk.paging import PageDep, page
from sonobench_platform.problems import refusals
from sonobench_platform.teams import membership, service, team_tokens, view
from sonobench_platform.teams.authority import as_captain, as_member
from sonobench_platform.teams.schemas import (
    Captain,
    MadeTeamToken,
    NewTeam,
    NewTeamToken,
    OwnTeams,
    TeamDetail,
    Teams,
    TeamTokens,
    TeamWithToken,
)
from sonobench_platform.teams.seats import hold_team

router = APIRouter(prefix="/api/v1/teams", tags=["teams"])
mine = APIRouter(prefix="/api/v1/me/teams", tags=["teams"])

TeamId = Annotated[str, Path(description="The team's id.", examples=["team-k3jw5xq2m7ud4n6a"])]


@router.post("", status_code=status.HTTP_201_CREATED, responses=refusals(401, 403, 409), summary="Register a team")
def create_team(core: CoreDep, caller: AdministratorCaller, body: NewTeam) -> TeamWithToken:
    """Makes a team and its API token. The token is shown this once."""
    with core.database.write() as work:
        team, token = service.create(core, work, caller, body.name)
    return TeamWithToken(id=team.id, name=team.name, created_at=team.created_at, token=token)


@router.get("", responses=refusals(401, 403, 422), summary="All teams, by name")
def list_teams(*, request: Request, response: Response, core: CoreDep, _caller: AdministratorCaller, asked: PageDep) -> Teams:
    with core.database.read() as session:
        found = service.all_teams(session, limit=asked.limit + 1, after=asked.word)
        shown = page(found, asked, key=lambda team: (team.name_key,), request=request, response=response)
        return Teams(items=[view.team_of(team) for team in shown.items], next=shown.next)


@mine.post("", status_code=status.HTTP_201_CREATED, responses=refusals(401, 403, 409, 429), summary="Make a team")
def found_team(core: CoreDep, caller: PersonCaller, body: NewTeam) -> TeamDetail:
    """Makes a team with you as its captain. It has no token; make one where scripts are to hand in."""
    with core.database.write() as work:
        return view.team_detail(work.session, membership.found(core, work, caller, body.name))


@mine.get("", responses=refusals(401, 403), summary="Your teams")
def own_teams(core: CoreDep, caller: PersonCaller) -> OwnTeams:
    with core.database.read() as session:
        return OwnTeams(items=view.teams_of_person(session, caller.person_id or ""))


@router.get(
    "/{team_id}",
    response_model=TeamDetail,
    responses={**UNCHANGED, **refusals(401, 403, 404)},
    summary="One team with its people",
)
def get_team(request: Request, core: CoreDep, caller: ParticipantOrOrganiser, team_id: TeamId) -> Response:
    """For those in it and for administrators. The ETag is for `If-Match`: who is in it may have changed meanwhile."""
    with core.database.read() as session:
        shown = view.team_detail(session, as_member(session, caller, team_id))
    return with_etag(request, shown)


@router.delete(
    "/{team_id}",
    status_code=204,
    responses=refusals(401, 403, 404, 409, 412),
    openapi_extra=CHANGES,
    summary="Dissolve a team",
)
def dissolve_team(request: Request, core: CoreDep, caller: ParticipantOrOrganiser, team_id: TeamId) -> None:
    """Removes a team in which nobody but its captain is left, and which never handed anything in."""
    with _changing(request, core, caller, team_id) as work:
        membership.dissolve(core, work, caller, team_id)


@router.post("/{team_id}/leave", status_code=204, responses=refusals(401, 403, 404, 409), summary="Leave a team")
def leave_team(core: CoreDep, caller: PersonCaller, team_id: TeamId) -> None:
    """A captain hands the team over first."""
    with core.database.write() as work:
        membership.leave(core, work, caller, team_id)


@router.post("/{team_id}/captain", responses=refusals(401, 403, 404, 412), openapi_extra=CHANGES, summary="Hand a team over")
def hand_over_team(request: Request, core: CoreDep, caller: ParticipantOrOrganiser, team_id: TeamId, body: Captain) -> TeamDetail:
    """Makes another member the captain; the former one stays as a member. For the captain and for administrators."""
    with _changing(request, core, caller, team_id) as work:
        membership.hand_over(core, work, caller, team_id=team_id, person_id=body.person_id)
        return view.team_detail(work.session, as_member(work.session, caller, team_id))


@router.delete(
    "/{team_id}/members/{person_id}",
    status_code=204,
    responses=refusals(401, 403, 404, 409, 412),
    openapi_extra=CHANGES,
    summary="Remove a member",
)
def remove_member(request: Request, core: CoreDep, caller: ParticipantOrOrganiser, team_id: TeamId, person_id: str) -> None:
    """For the captain and for administrators. The team's tokens that the member made stop working."""
    with _changing(request, core, caller, team_id) as work:
        membership.remove(core, work, caller, team_id=team_id, person_id=person_id)


@router.post("/{team_id}/tokens", status_code=201, responses=refusals(401, 403, 404, 409), summary="Make a team's token")
def make_token(core: CoreDep, caller: ParticipantOrOrganiser, team_id: TeamId, body: NewTeamToken) -> MadeTeamToken:
    """For the captain. The token is shown this once; it hands in and reads for the team, and cannot change who is in it."""
    with core.database.write() as work:
        row, token = team_tokens.make(core, work, caller, team_id=team_id, name=body.name)
        return MadeTeamToken(**view.token_of(row).model_dump(), token=token)


@router.get("/{team_id}/tokens", responses=refusals(401, 403, 404), summary="A team's tokens")
def list_tokens(core: CoreDep, caller: ParticipantOrOrganiser, team_id: TeamId) -> TeamTokens:
    """For the captain. Those that were revoked are left out."""
    with core.database.read() as session:
        as_captain(session, caller, team_id)
        return TeamTokens(items=[view.token_of(row) for row in team_tokens.live(session, team_id)])


@router.delete(
    "/{team_id}/tokens/{token_id}", status_code=204, responses=refusals(401, 403, 404), summary="Revoke a team's token"
)
def revoke_token(core: CoreDep, caller: ParticipantOrOrganiser, team_id: TeamId, token_id: str) -> None:
    """For the captain. Twice is harmless."""
    with core.database.write() as work:
        team_tokens.revoke(core, work, caller, team_id=team_id, token_id=token_id)


@contextmanager
def _changing(request: Request, core: Core, caller: Identity, team_id: str) -> Iterator[Work]:
    """A transaction in which the caller changes a team that is still what they read, where they say what that was."""
    with core.database.write() as work:
        if "if-match" in request.headers:
            hold_team(work, team_id)
            must_match(request, view.team_detail(work.session, as_member(work.session, caller, team_id)))
        yield work
