"""Invitations over HTTP: captains invite, list and revoke; the invited person looks and accepts.

A secret is sent in a request's body, never in an address: addresses end up in logs.
"""

from __future__ import annotations

from fastapi import APIRouter

from sonobench_platform.accounts.access import Everyone, ParticipantOrOrganiser, PersonCaller
from sonobench_platform.core import CoreDep
from sonobench_platform.problems import refusals
from sonobench_platform.teams import invitations, view
from sonobench_platform.teams.api import TeamId
from sonobench_platform.teams.authority import as_captain
from sonobench_platform.teams.schemas import (
    Invitation,
    Invitations,
    InvitationSecret,
    InvitationShown,
    NewInvitation,
    TeamDetail,
)

router = APIRouter(prefix="/api/v1", tags=["teams"])


@router.post(
    "/teams/{team_id}/invitations",
    status_code=201,
    responses=refusals(401, 403, 404, 409, 429),
    summary="Invite someone into a team",
)
def invite(core: CoreDep, caller: ParticipantOrOrganiser, team_id: TeamId, body: NewInvitation) -> Invitation:
    """Sends a mail with a link that works once and for seven days. An earlier one to the same address stops working."""
    with core.database.write() as work:
        return view.invitation_of(invitations.invite(core, work, caller, team_id=team_id, email=body.email).row)


@router.get("/teams/{team_id}/invitations", responses=refusals(401, 403, 404), summary="A team's open invitations")
def list_invitations(core: CoreDep, caller: ParticipantOrOrganiser, team_id: TeamId) -> Invitations:
    """For the captain; those that ran out are among them."""
    with core.database.read() as session:
        as_captain(session, caller, team_id)
        return Invitations(items=[view.invitation_of(row) for row in invitations.pending(session, team_id)])


@router.delete(
    "/teams/{team_id}/invitations/{invitation_id}",
    status_code=204,
    responses=refusals(401, 403, 404, 409),
    summary="Revoke an invitation",
)
def revoke(core: CoreDep, caller: ParticipantOrOrganiser, team_id: TeamId, invitation_id: str) -> None:
    """Its link stops working. Twice is harmless."""
    with core.database.write() as work:
        invitations.revoke(core, work, caller, team_id=team_id, invitation_id=invitation_id)


@router.post("/invitations/look", dependencies=[Everyone], responses=refusals(404), summary="What an invitation is for")
def look(core: CoreDep, body: InvitationSecret) -> InvitationShown:
    """For whoever holds the link, before they sign in."""
    with core.database.read() as session:
        row, team = invitations.look(core, session, body.secret)
        return InvitationShown(team=team.name, email=row.email, expires_at=row.expires_at)


@router.post("/invitations/accept", responses=refusals(401, 403, 404, 409), summary="Accept an invitation")
def accept(core: CoreDep, caller: PersonCaller, body: InvitationSecret) -> TeamDetail:
    """Puts you into the team. The invited address must be your account's own."""
    with core.database.write() as work:
        return view.team_detail(work.session, invitations.accept(core, work, caller, body.secret))
