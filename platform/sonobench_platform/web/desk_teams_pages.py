"""The desk's teams: who waits for approval, all teams, and one team."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.orm import Session

from sonobench_platform.accounts.access import OrganiserCaller
from sonobench_platform.accounts.identity import Identity
from sonobench_platform.challenges import organisers
from sonobench_platform.core import Core, CoreDep
from sonobench_platform.db.models import ChallengeRow, PersonRow
from sonobench_platform.db.session import Work
from sonobench_platform.desk.paging import Asked as AskedPage
from sonobench_platform.desk.paging import PageDep, key_of, page
from sonobench_platform.domain.errors import Conflict, Refusal, Unprocessable
from sonobench_platform.domain.ids import is_id
from sonobench_platform.teams import deciding, entering
from sonobench_platform.teams.deciding import Entered
from sonobench_platform.teams.standing import Standing
from sonobench_platform.web import desk_teams_build as build
from sonobench_platform.web.account_pages import see_other
from sonobench_platform.web.desk_frame import (
    DeskFormDep,
    NoteQuery,
    confirmed,
    desk_challenge,
    frame_of,
    noted,
    reason_of,
    root_of,
)
from sonobench_platform.web.desk_reports import new_ticket
from sonobench_platform.web.desk_teams_build import Asked, Teams
from sonobench_platform.web.rendering import private_response
from sonobench_platform.web.texts import _

router = APIRouter(prefix="/desk/challenges/{name}", include_in_schema=False)

AT_A_TIME = 50
AtOnce = Annotated[str, Query(max_length=100)]
_SHOWABLE = frozenset({Standing.PENDING, Standing.IN, Standing.UNSIGNED, Standing.REFUSED, Standing.WITHDRAWN})


@router.get("/teams")
def teams_page(
    *,
    request: Request,
    core: CoreDep,
    caller: OrganiserCaller,
    name: str,
    asked: PageDep,
    q: AtOnce = "",
    standing: AtOnce = "",
    note: NoteQuery = "",
) -> Response:
    """Teams that wait for approval first, then all of them, and the organizers."""
    wanted = Asked(q.strip(), standing if standing in _SHOWABLE else "")
    return show_teams(request, core, caller, name, wanted=wanted, asked=asked, note=noted(_notes(), note))


@router.get("/teams/{team_id}")
def team_page(core: CoreDep, caller: OrganiserCaller, name: str, team_id: str, note: NoteQuery = "") -> Response:
    """One team in the challenge: its people, how it stands, and what can be done."""
    return _team(core, caller, name, team_id, note=noted(_notes(), note))


@router.post("/teams/{team_id}/decide")
def decide(core: CoreDep, caller: OrganiserCaller, name: str, team_id: str, form: DeskFormDep) -> Response:
    """Approve it, refuse it, or have it wait again, as its form says."""

    def settle(work: Work, challenge: ChallengeRow) -> None:
        match form.text("decision"):
            case "approve":
                deciding.approve(core, work, caller, challenge=challenge, team_id=team_id)
            case "refuse":
                confirmed(form, _entered(work.session, challenge, team_id).team.name)
                deciding.refuse(core, work, caller, challenge=challenge, team_id=team_id, reason=reason_of(form, shortest=1))
            case "withhold":
                reason = reason_of(form, shortest=1)
                deciding.withdraw_approval(core, work, caller, challenge=challenge, team_id=team_id, reason=reason)
            case _:
                raise Unprocessable("no-act", _("Nothing was done. Choose what is to be done."))

    return _settled(core, caller, name, team_id, settle, note="decided")


@router.post("/teams/{team_id}/seats")
def free_seat(core: CoreDep, caller: OrganiserCaller, name: str, team_id: str, form: DeskFormDep) -> Response:
    """Let somebody who left the team take part with another one."""

    def settle(work: Work, challenge: ChallengeRow) -> None:
        person_id, reason = form.text("person"), reason_of(form, shortest=1)
        deciding.free_seat(core, work, caller, challenge=challenge, person_id=person_id, reason=reason)

    return _settled(core, caller, name, team_id, settle, note="freed")


def _settled(
    core: Core, caller: Identity, name: str, team_id: str, settle: Callable[[Work, ChallengeRow], None], *, note: str
) -> Response:
    """Do it in one transaction, and show the team again."""
    try:
        with core.database.write() as work:
            challenge = desk_challenge(work.session, caller, name)
            _entered(work.session, challenge, team_id)
            settle(work, challenge)
    except (Conflict, Unprocessable) as refused:
        return _team(core, caller, name, team_id, refused=refused)
    return see_other(f"{root_of(name)}/teams/{team_id}?note={note}")


def _team(core: Core, caller: Identity, name: str, team_id: str, *, note: str = "", refused: Refusal | None = None) -> Response:
    with core.database.read() as session:
        challenge = desk_challenge(session, caller, name)
        entered = _entered(session, challenge, team_id)
        number = deciding.handed_in(session, challenge, [team_id]).get(team_id, 0)
        behind, who = deciding.seats_left_behind(session, challenge, team_id), entered.entry.decided_by
        decided_by = session.get(PersonRow, who) if who is not None and is_id(who) else None
    frame = frame_of(challenge, caller, "teams", note=note, refused=refused)
    context = build.team_context(challenge, frame, entered, number, left_behind=behind, decided_by=decided_by)
    return private_response(context, reader=caller, status=200 if refused is None else refused.status)


def _entered(session: Session, challenge: ChallengeRow, team_id: str) -> Entered:
    """Raises NotFound: no such team has entered the challenge."""
    entry = entering.find(session, team_id, challenge.id) if is_id(team_id) else None
    if entry is None:
        raise entering.not_entered(challenge)
    return deciding.entered(session, challenge, entry)


def show_teams(
    request: Request,
    core: Core,
    caller: Identity,
    name: str,
    *,
    wanted: Asked,
    asked: AskedPage,
    note: str = "",
    refused: Refusal | None = None,
) -> Response:
    with core.database.read() as session:
        challenge = desk_challenge(session, caller, name)
        teams = _read(request, session, challenge, wanted, asked)
    frame = frame_of(challenge, caller, "teams", note=note, refused=refused)
    context = build.teams_context(challenge, frame, teams, wanted, ticket=new_ticket(), reader_id=caller.person_id)
    return private_response(context, reader=caller, status=200 if refused is None else refused.status)


def _read(request: Request, session: Session, challenge: ChallengeRow, wanted: Asked, asked: AskedPage) -> Teams:
    waiting = deciding.entries_of(session, challenge, standing=Standing.PENDING)
    standing = Standing(wanted.standing) if wanted.standing else None
    size = AskedPage(AT_A_TIME, asked.cursor)
    found = deciding.entries_of(session, challenge, standing=standing, after=size.place, limit=AT_A_TIME + 1, named=wanted.q)
    part = page(found, size, key=lambda each: key_of(each.entry.entered_at, each.team.id), request=request, response=Response())
    counts = deciding.handed_in(session, challenge, [each.team.id for each in part.items])
    is_begin, following = asked.cursor is None, part.next or ""
    people = organisers.organisers_of(session, challenge)
    return Teams(waiting[:AT_A_TIME], len(waiting), part.items, is_begin, following, counts, people)


def _notes() -> dict[str, str]:
    return {
        "decided": _("The team is told by mail what was decided."),
        "freed": _("The seat is free: this person may take part with another team."),
        "added": _("This person organizes the challenge now, and is told by mail."),
        "removed": _("This person organizes the challenge no more."),
    }
