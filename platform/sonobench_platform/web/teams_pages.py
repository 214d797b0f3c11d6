"""A team's pages: its people, invitations and tokens, and what its captain does about them. They work without JavaScript.

What a form asks for is done by the services, with the same checks and the same audit as the API's. To everybody else a team
is not there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Query, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from sonobench_platform.accounts.access import Participant, SignedInCaller
from sonobench_platform.accounts.identity import Identity
from sonobench_platform.core import Core, CoreDep
from sonobench_platform.db.models import ChallengeRow, EntryRow, TeamRow
from sonobench_platform.db.session import Work
from sonobench_platform.domain.errors import NotFound, Refusal
from sonobench_platform.teams import invitations, membership, repository, team_tokens
from sonobench_platform.teams.authority import as_member
from sonobench_platform.teams.repository import Member
from sonobench_platform.web import team_build as build
from sonobench_platform.web.account_build import with_errors
from sonobench_platform.web.account_forms import Form, FormDep, Said
from sonobench_platform.web.account_pages import see_other
from sonobench_platform.web.contexts_account import FormPage
from sonobench_platform.web.portal_build import SILENT, Told
from sonobench_platform.web.portal_forms import confirmed, said_at
from sonobench_platform.web.rendering import private_response
from sonobench_platform.web.team_build import INVITE, TOKEN, Of, Reader, team_href

router = APIRouter(include_in_schema=False)

NoteQuery = Annotated[str, Query(max_length=40)]
Act = Callable[[Work], None]


@router.get("/teams/{team_id}")
def team_page(core: CoreDep, caller: Participant, team_id: str, note: NoteQuery = "") -> Response:
    """The team for those in it, for its token, and for administrators. Raises NotFound for everybody else."""
    return _team(core, caller, team_id, told=Told(note=build.notes().get(note, "")))


@router.post("/teams/{team_id}/invitations")
def invite(core: CoreDep, caller: SignedInCaller, team_id: str, form: FormDep) -> Response:
    """Mails an invitation to the address."""
    try:
        with core.database.write() as work:
            invitations.invite(core, work, caller, team_id=team_id, email=form.text(INVITE))
    except Refusal as refused:
        return _refused(core, caller, team_id, said_at(INVITE, refused), typed=form.text(INVITE))
    return see_other(f"{team_href(team_id)}?note=invited")


@router.post("/teams/{team_id}/invitations/{invitation_id}/revoke")
def revoke_invitation(core: CoreDep, caller: SignedInCaller, team_id: str, invitation_id: str) -> Response:
    try:
        with core.database.write() as work:
            invitations.revoke(core, work, caller, team_id=team_id, invitation_id=invitation_id)
    except Refusal as refused:
        return _refused(core, caller, team_id, said_at("", refused))
    return see_other(f"{team_href(team_id)}?note=invitation-revoked")


@router.post("/teams/{team_id}/tokens")
def make_token(core: CoreDep, caller: SignedInCaller, team_id: str, form: FormDep) -> Response:
    """The team's page with the fresh token: it is seen in this answer alone, and in no address."""
    try:
        with core.database.write() as work:
            made = team_tokens.make(core, work, caller, team_id=team_id, name=form.text(TOKEN)).token
    except Refusal as refused:
        return _refused(core, caller, team_id, said_at(TOKEN, refused), typed=form.text(TOKEN))
    return _team(core, caller, team_id, fresh_token=made)


@router.post("/teams/{team_id}/tokens/{token_id}/revoke")
def revoke_token(core: CoreDep, caller: SignedInCaller, team_id: str, token_id: str) -> Response:
    try:
        with core.database.write() as work:
            team_tokens.revoke(core, work, caller, team_id=team_id, token_id=token_id)
    except Refusal as refused:
        return _refused(core, caller, team_id, said_at("", refused))
    return see_other(f"{team_href(team_id)}?note=token-revoked")


@router.get("/teams/{team_id}/leave")
def leave_page(core: CoreDep, caller: Participant, team_id: str) -> Response:
    return _asked(caller, build.leave_context(_own(core, caller, team_id), caller.csrf or ""))


@router.post("/teams/{team_id}/leave")
def leave(core: CoreDep, caller: SignedInCaller, team_id: str, form: FormDep) -> Response:
    """Takes the reader out of the team, once its name was typed."""
    team = _own(core, caller, team_id)
    context = build.leave_context(team, caller.csrf or "")
    return _done(
        core,
        caller,
        context,
        form,
        name=team.name,
        act=lambda work: membership.leave(core, work, caller, team_id),
        then="/portal?note=left",
    )


@router.get("/teams/{team_id}/delete")
def delete_page(core: CoreDep, caller: Participant, team_id: str) -> Response:
    return _asked(caller, build.delete_context(_own(core, caller, team_id), caller.csrf or ""))


@router.post("/teams/{team_id}/delete")
def delete(core: CoreDep, caller: SignedInCaller, team_id: str, form: FormDep) -> Response:
    """Removes the team, once its name was typed."""
    team = _own(core, caller, team_id)
    context = build.delete_context(team, caller.csrf or "")
    return _done(
        core,
        caller,
        context,
        form,
        name=team.name,
        act=lambda work: membership.dissolve(core, work, caller, team_id),
        then="/portal?note=deleted",
    )


@router.get("/teams/{team_id}/members/{person_id}/captain")
def captain_page(core: CoreDep, caller: Participant, team_id: str, person_id: str) -> Response:
    team, member = _member(core, caller, team_id, person_id)
    return _asked(caller, build.captain_context(team, member, caller.csrf or ""))


@router.post("/teams/{team_id}/members/{person_id}/captain")
def hand_over(core: CoreDep, caller: SignedInCaller, team_id: str, person_id: str, form: FormDep) -> Response:
    """Makes the member the captain, once their name was typed."""
    team, member = _member(core, caller, team_id, person_id)
    return _done(
        core,
        caller,
        build.captain_context(team, member, caller.csrf or ""),
        form,
        name=member.person.name,
        act=lambda work: membership.hand_over(core, work, caller, team_id=team_id, person_id=person_id),
        then=f"{team_href(team_id)}?note=handed-over",
    )


@router.get("/teams/{team_id}/members/{person_id}/remove")
def remove_page(core: CoreDep, caller: Participant, team_id: str, person_id: str) -> Response:
    team, member = _member(core, caller, team_id, person_id)
    return _asked(caller, build.remove_context(team, member, caller.csrf or ""))


@router.post("/teams/{team_id}/members/{person_id}/remove")
def remove(core: CoreDep, caller: SignedInCaller, team_id: str, person_id: str, form: FormDep) -> Response:
    """Takes the member out of the team, once their name was typed."""
    team, member = _member(core, caller, team_id, person_id)
    return _done(
        core,
        caller,
        build.remove_context(team, member, caller.csrf or ""),
        form,
        name=member.person.name,
        act=lambda work: membership.remove(core, work, caller, team_id=team_id, person_id=person_id),
        then=f"{team_href(team_id)}?note=removed",
    )


def _asked(caller: Identity, context: FormPage) -> Response:
    return private_response(context, reader=caller)


def _done(core: Core, caller: Identity, context: FormPage, form: Form, *, name: str, act: Act, then: str) -> Response:
    """Do what the form asks for, if the name of the thing was typed; else the form again, with what is wrong."""
    try:
        confirmed(form, name)
        with core.database.write() as work:
            act(work)
    except Refusal as refused:
        said = said_at("confirm" if refused.code == "not-confirmed" else "", refused)
        again = with_errors(context, said.errors)
        return private_response(again, reader=caller, status=said.status, headers=said.headers)
    return see_other(then)


def _refused(core: Core, caller: Identity, team_id: str, said: Said, typed: str = "") -> Response:
    return _team(core, caller, team_id, told=Told(errors=said.errors, typed=typed[:300]), said=said)


def _team(
    core: Core, caller: Identity, team_id: str, *, fresh_token: str = "", told: Told = SILENT, said: Said | None = None
) -> Response:
    with core.database.read() as session:
        team = as_member(session, caller, team_id)
        reader = _reader(session, caller, team)
        context = build.team_context(_of(core, session, team, reader), reader, fresh_token=fresh_token, told=told)
    if said is None:
        return private_response(context, reader=caller)
    return private_response(context, reader=caller, status=said.status, headers=said.headers)


def _of(core: Core, session: Session, team: TeamRow, reader: Reader) -> Of:
    entries = select(EntryRow, ChallengeRow).join(ChallengeRow, ChallengeRow.id == EntryRow.challenge_id)
    entries = entries.where(EntryRow.team_id == team.id, ChallengeRow.is_hidden.is_(False)).order_by(ChallengeRow.name)
    return Of(
        team=team,
        members=repository.members(session, team.id),
        entries=[(entry, challenge) for entry, challenge in session.execute(entries)],
        invitations=invitations.pending(session, team.id) if reader.is_captain else (),
        tokens=team_tokens.live(session, team.id) if reader.is_captain else (),
        now=core.clock.now(),
    )


def _reader(session: Session, caller: Identity, team: TeamRow) -> Reader:
    mine = repository.membership(session, team.id, caller.person_id)
    return Reader(caller.person_id, mine is not None and mine.is_captain, mine is not None, caller.csrf or "")


def _own(core: Core, caller: Identity, team_id: str) -> TeamRow:
    with core.database.read() as session:
        return as_member(session, caller, team_id)


def _member(core: Core, caller: Identity, team_id: str, person_id: str) -> tuple[TeamRow, Member]:
    """The team and somebody in it. Raises NotFound for other teams and other people."""
    with core.database.read() as session:
        team = as_member(session, caller, team_id)
        found = next((each for each in repository.members(session, team_id) if each.person.id == person_id), None)
    if found is None:
        raise NotFound("no-such-member", f"Nobody of that id is in {team.name}.")
    return team, found
