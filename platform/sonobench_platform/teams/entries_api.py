"""Entries over HTTP: teams enter, sign and withdraw; the challenge's organisers decide."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from sonobench_platform.accounts.access import OrganiserCaller, Participant, Visitor
from sonobench_platform.core import CoreDep
from sonobench_platform.desk.paging import PageDep, key_of, page
from sonobench_platform.domain.errors import NotFound
from sonobench_platform.problems import refusals
from sonobench_platform.teams import deciding, entering, view
from sonobench_platform.teams.api import TeamId
from sonobench_platform.teams.entries import named_team
from sonobench_platform.teams.schemas import Entries, Entry, EntryDetail, EntryWish, SeatToFree, TermsShown, WithReason
from sonobench_platform.teams.standing import Standing, rules_of, terms_of
from sonobench_platform.teams.visible import organised, visible

router = APIRouter(prefix="/api/v1/challenges/{name}", tags=["entries"])

WhichTeam = Annotated[str | None, Query(alias="team", max_length=32, description="Which of your teams, by id.")]


@router.get("/terms", responses=refusals(401, 404), summary="What a team agrees to")
def get_terms(core: CoreDep, caller: Visitor, name: str) -> TermsShown:
    """The terms of a challenge as they are now; 404 where there are none."""
    with core.database.read() as session:
        challenge = visible(session, caller, name)
    terms = terms_of(rules_of(challenge))
    if terms is None:
        raise NotFound("no-terms", f"{challenge.title} has no terms to sign.")
    return TermsShown(text=terms.text, sha256=terms.sha256)


@router.post("/entry", responses=refusals(401, 403, 404, 409), summary="Enter a challenge, or sign its terms")
def enter(core: CoreDep, caller: Participant, name: str, body: EntryWish) -> Entry:
    """For a team's captain, or with its token. A team that is in already signs changed terms this way; twice is harmless."""
    with core.database.write() as work:
        challenge = visible(work.session, caller, name)
        team = named_team(work.session, caller, challenge, body.team_id)
        entering.enter(core, work, caller, team_id=team.id, challenge=challenge, terms_sha256=body.terms_sha256)
        return view.entry_of(work.session, team.id, challenge)


@router.get("/entry", responses=refusals(401, 403, 404, 409), summary="How your team stands in a challenge")
def get_entry(core: CoreDep, caller: Participant, name: str, team: WhichTeam = None) -> Entry:
    with core.database.read() as session:
        challenge = visible(session, caller, name)
        return view.entry_of(session, named_team(session, caller, challenge, team).id, challenge)


@router.delete("/entry", responses=refusals(401, 403, 404, 409), summary="Withdraw from a challenge")
def withdraw(core: CoreDep, caller: Participant, name: str, team: WhichTeam = None) -> Entry:
    """The team hands in no more. What it handed in stays, and so do its members' seats if it handed anything in."""
    with core.database.write() as work:
        challenge = visible(work.session, caller, name)
        own = named_team(work.session, caller, challenge, team)
        entering.withdraw(core, work, caller, team_id=own.id, challenge=challenge)
        return view.entry_of(work.session, own.id, challenge)


@router.get("/entries", responses=refusals(401, 403, 404, 422), summary="The teams in a challenge")
def list_entries(
    *,
    request: Request,
    response: Response,
    core: CoreDep,
    caller: OrganiserCaller,
    name: str,
    asked: PageDep,
    standing: Annotated[Standing | None, Query(description="Only those that stand so.")] = None,
) -> Entries:
    """With their people and addresses, for the challenge's organisers; the longest waiting first."""
    with core.database.read() as session:
        challenge = organised(session, caller, name)
        found = deciding.entries_of(session, challenge, standing=standing, after=asked.place, limit=asked.limit + 1)
        shown = page(found, asked, key=_key, request=request, response=response)
        return Entries(items=[view.entry_detail(each, challenge) for each in shown.items], next=shown.next)


def _key(entered: deciding.Entered) -> tuple[str, str]:
    return key_of(entered.entry.entered_at, entered.team.id)


@router.post("/entries/{team_id}/approve", responses=refusals(401, 403, 404, 409), summary="Approve a team")
def approve(core: CoreDep, caller: OrganiserCaller, name: str, team_id: TeamId) -> EntryDetail:
    """It may hand in, and its captain is told. A team that was refused can be approved too."""
    with core.database.write() as work:
        challenge = organised(work.session, caller, name)
        entry = deciding.approve(core, work, caller, challenge=challenge, team_id=team_id)
        return view.entry_detail(deciding.entered(work.session, challenge, entry), challenge)


@router.post("/entries/{team_id}/refuse", responses=refusals(401, 403, 404, 409), summary="Refuse a team")
def refuse(core: CoreDep, caller: OrganiserCaller, name: str, team_id: TeamId, body: WithReason) -> EntryDetail:
    """It hands in no more, and its captain is told why. What it handed in stays."""
    with core.database.write() as work:
        challenge = organised(work.session, caller, name)
        entry = deciding.refuse(core, work, caller, challenge=challenge, team_id=team_id, reason=body.reason)
        return view.entry_detail(deciding.entered(work.session, challenge, entry), challenge)


@router.post("/entries/{team_id}/withdraw-approval", responses=refusals(401, 403, 404, 409), summary="Withdraw a team's approval")
def withdraw_approval(core: CoreDep, caller: OrganiserCaller, name: str, team_id: TeamId, body: WithReason) -> EntryDetail:
    """It waits again, and its captain is told why."""
    with core.database.write() as work:
        challenge = organised(work.session, caller, name)
        entry = deciding.withdraw_approval(core, work, caller, challenge=challenge, team_id=team_id, reason=body.reason)
        return view.entry_detail(deciding.entered(work.session, challenge, entry), challenge)


@router.post("/seats/free", status_code=204, responses=refusals(401, 403, 404, 409), summary="Free a person's seat")
def free_seat(core: CoreDep, caller: OrganiserCaller, name: str, body: SeatToFree) -> None:
    """Lets a person who left a team that handed something in take part with another one."""
    with core.database.write() as work:
        challenge = organised(work.session, caller, name)
        deciding.free_seat(core, work, caller, challenge=challenge, person_id=body.person_id, reason=body.reason)
