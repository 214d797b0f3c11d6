"""The team portal: the reader's teams and challenges, and a challenge's checklist with its forms. It works without JavaScript.

What a form asks for is done by the services, with the same checks and the same audit as the API's.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from sonobench_platform.accounts import personal_tokens
from sonobench_platform.accounts.access import Participant, SignedInCaller, Visitor
from sonobench_platform.accounts.identity import Identity, OwnTeam, Role, Scope
from sonobench_platform.core import Core, CoreDep
from sonobench_platform.db.session import Work
from sonobench_platform.domain.errors import Refusal
from sonobench_platform.submissions.choose import choose
from sonobench_platform.teams import entering, membership, team_tokens
from sonobench_platform.teams.entries import named_team
from sonobench_platform.teams.visible import visible
from sonobench_platform.web import portal_build as build
from sonobench_platform.web.account_build import with_errors
from sonobench_platform.web.account_forms import FormDep, Said
from sonobench_platform.web.account_pages import see_other
from sonobench_platform.web.portal_build import PORTAL, SILENT, Told, checklist_href
from sonobench_platform.web.portal_forms import agreed, confirmed, said_at
from sonobench_platform.web.portal_records import mine_of, stand_of, visible_challenges
from sonobench_platform.web.rendering import private_response
from sonobench_platform.web.texts import _

router = APIRouter(include_in_schema=False)

NoteQuery = Annotated[str, Query(max_length=40)]
TeamQuery = Annotated[str | None, Query(max_length=32)]
_LATEST = 8
_TOKEN_DAYS = 90


@router.get(PORTAL)
def portal_page(core: CoreDep, reader: Visitor, note: NoteQuery = "") -> Response:
    """What is the reader's, and what to do next; for strangers the way to an account."""
    if reader is None or Role.PARTICIPANT not in reader.roles:
        with core.database.read() as session:
            return private_response(build.welcome_context(visible_challenges(session, None), core.settings), reader=reader)
    return _portal(core, reader, Told(note=build.notes().get(note, "")))


@router.post(f"{PORTAL}/teams")
def form_team(core: CoreDep, caller: SignedInCaller, form: FormDep) -> Response:
    """A new team, with the reader as its captain; goes on to where it was asked for."""
    try:
        with core.database.write() as work:
            membership.found(core, work, caller, form.text("name"))
    except Refusal as refused:
        said = said_at("name", refused)
        return _portal(core, caller, Told(errors=said.errors, typed=form.text("name")), said=said)
    challenge = form.text("challenge")
    if challenge:
        with core.database.read() as session:
            return see_other(checklist_href(visible(session, caller, challenge).name))
    return see_other(f"{PORTAL}?note=team-made")


@router.get(f"{PORTAL}/challenges/{{name}}")
def checklist_page(core: CoreDep, caller: Participant, name: str, team: TeamQuery = None, note: NoteQuery = "") -> Response:
    """How far the reader's team is, with the commands for it. Raises NotFound for hidden challenges and other teams."""
    return checklist(core, caller, name, team_id=team, told=Told(note=build.notes().get(note, "")))


@router.post(f"{PORTAL}/challenges/{{name}}/entry")
def enter(core: CoreDep, caller: SignedInCaller, name: str, form: FormDep) -> Response:
    """Enters the team and signs the terms that were shown."""
    team_id, terms = form.text("team_id"), form.text("terms_sha256")
    try:
        agreed(form)
        with core.database.write() as work:
            challenge = visible(work.session, caller, name)
            named_team(work.session, caller, challenge, team_id)
            entering.enter(core, work, caller, team_id=team_id, challenge=challenge, terms_sha256=terms or None)
    except Refusal as refused:
        return _refused(core, caller, name, team_id, said_at("agree" if refused.code == "not-agreed" else "", refused))
    return see_other(checklist_href(name, team=team_id, note="entered"))


@router.post(f"{PORTAL}/challenges/{{name}}/token")
def make_token(core: CoreDep, caller: SignedInCaller, name: str, form: FormDep) -> Response:
    """The checklist with a fresh token in its commands: it is seen in this answer alone, and in no address."""
    team_id = form.text("team_id")
    try:
        with core.database.write() as work:
            team = named_team(work.session, caller, visible(work.session, caller, name), team_id)
            made = _token(core, work, caller, team, name)
    except Refusal as refused:
        return _refused(core, caller, name, team_id, said_at("", refused))
    return checklist(core, caller, name, team_id=team_id, token=made)


@router.post(f"{PORTAL}/challenges/{{name}}/choose")
def choose_submission(core: CoreDep, caller: SignedInCaller, name: str, form: FormDep) -> Response:
    """Lets the submission count, in a phase where teams choose."""
    team_id = form.text("team_id")
    try:
        with core.database.write() as work:
            choose(core, work, form.text("submission_id"), caller=caller)
    except Refusal as refused:
        return _refused(core, caller, name, team_id, said_at("", refused))
    return see_other(checklist_href(name, team=team_id, note="chosen"))


@router.get(f"{PORTAL}/challenges/{{name}}/withdraw")
def withdraw_page(core: CoreDep, caller: Participant, name: str, team: TeamQuery = None) -> Response:
    """Asks for the challenge's name before the team is taken out of it."""
    with core.database.read() as session:
        stand = stand_of(core, session, caller, visible(session, caller, name), team_id=team)
    return private_response(build.withdraw_context(stand, caller.csrf or ""), reader=caller)


@router.post(f"{PORTAL}/challenges/{{name}}/withdraw")
def withdraw(core: CoreDep, caller: SignedInCaller, name: str, form: FormDep) -> Response:
    """Takes the team out of the challenge."""
    team_id = form.text("team_id")
    try:
        with core.database.write() as work:
            challenge = visible(work.session, caller, name)
            named_team(work.session, caller, challenge, team_id)
            confirmed(form, challenge.name)
            entering.withdraw(core, work, caller, team_id=team_id, challenge=challenge)
    except Refusal as refused:
        return _withdraw_again(core, caller, name, team_id, refused)
    return see_other(checklist_href(name, team=team_id, note="withdrawn"))


def checklist(
    core: Core,
    caller: Identity,
    name: str,
    *,
    team_id: str | None = None,
    token: str = "",
    told: Told = SILENT,
    said: Said | None = None,
) -> Response:
    """The checklist's page; with what is wrong, where a form of it was refused."""
    with core.database.read() as session:
        stand = stand_of(core, session, caller, visible(session, caller, name), team_id=team_id or None)
        context = build.checklist_context(caller, stand, core.settings, token=token, told=told)
    if said is None:
        return private_response(context, reader=caller)
    return private_response(context, reader=caller, status=said.status, headers=said.headers)


def _refused(core: Core, caller: Identity, name: str, team_id: str, said: Said) -> Response:
    own = next((team.id for team in caller.teams if team.id == team_id), None)
    return checklist(core, caller, name, team_id=own, told=Told(errors=said.errors), said=said)


def _withdraw_again(core: Core, caller: Identity, name: str, team_id: str, refused: Refusal) -> Response:
    said = said_at("confirm" if refused.code == "not-confirmed" else "", refused)
    with core.database.read() as session:
        stand = stand_of(core, session, caller, visible(session, caller, name), team_id=team_id or None)
    context = build.withdraw_context(stand, caller.csrf or "")
    return private_response(with_errors(context, said.errors), reader=caller, status=said.status, headers=said.headers)


def _token(core: Core, work: Work, caller: Identity, team: OwnTeam, challenge: str) -> str:
    """A token of the team for its captain; for others one of their own."""
    label = _("made for {challenge}").format(challenge=challenge)
    if team.is_captain:
        return team_tokens.make(core, work, caller, team_id=team.id, name=label).token
    scopes = frozenset({Scope.READ, Scope.SUBMIT})
    return personal_tokens.create(core, work, caller, name=label, scopes=scopes, days=_TOKEN_DAYS).token


def _portal(core: Core, caller: Identity, told: Told, said: Said | None = None) -> Response:
    with core.database.read() as session:
        mine = mine_of(core, session, caller)
    context = build.portal_context(caller, mine, told)
    if said is None:
        return private_response(context, reader=caller)
    return private_response(context, reader=caller, status=said.status, headers=said.headers)
