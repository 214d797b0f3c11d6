"""Who organizes a challenge: adding somebody by their mail address, and removing somebody."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from sonobench_platform.accounts.access import OrganiserCaller
from sonobench_platform.challenges import organisers
from sonobench_platform.core import CoreDep
from sonobench_platform.desk.paging import PageDep
from sonobench_platform.domain.errors import Conflict, NotFound, Refusal, Unprocessable
from sonobench_platform.web.account_pages import see_other
from sonobench_platform.web.desk_frame import DESK, DeskFormDep, confirmed, desk_challenge, root_of
from sonobench_platform.web.desk_teams_build import Asked
from sonobench_platform.web.desk_teams_pages import show_teams

router = APIRouter(prefix="/desk/challenges/{name}", include_in_schema=False)


@router.post("/organizers")
def add_organizer(
    *, request: Request, core: CoreDep, caller: OrganiserCaller, name: str, asked: PageDep, form: DeskFormDep
) -> Response:
    """Make somebody with an account an organizer, by their mail address."""
    try:
        with core.database.write() as work:
            challenge = desk_challenge(work.session, caller, name)
            organisers.add(core, work, caller, challenge=challenge, who=form.text("who").strip()[:254])
    except Refusal as refused:
        wanted = Asked("", "", form.text("who")[:254])
        return show_teams(request, core, caller, name, wanted=wanted, asked=asked, refused=refused)
    return see_other(f"{root_of(name)}/teams?note=added#organizers")


@router.post("/organizers/remove")
def remove_organizer(
    *, request: Request, core: CoreDep, caller: OrganiserCaller, name: str, asked: PageDep, form: DeskFormDep
) -> Response:
    """Have somebody organize the challenge no more; their mail address is typed to confirm it."""
    try:
        with core.database.write() as work:
            challenge = desk_challenge(work.session, caller, name)
            confirmed(form, form.text("who"))
            who = organisers.find_person(work.session, form.text("who"))
            organisers.remove(core, work, caller, challenge=challenge, who=who.id)
    except (Conflict, NotFound, Unprocessable) as refused:
        return show_teams(request, core, caller, name, wanted=Asked("", ""), asked=asked, refused=refused)
    stays = caller.is_administrator or who.id != caller.person_id
    return see_other(f"{root_of(name)}/teams?note=removed#organizers" if stays else DESK)
