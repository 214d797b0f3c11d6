"""Who organises a challenge, over HTTP: for those who do, and administrators."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from sonobench_platform.accounts.access import OrganiserCaller
from sonobench_platform.challenges import organisers
from sonobench_platform.core import CoreDep
from sonobench_platform.problems import refusals
from sonobench_platform.teams.visible import organised

router = APIRouter(prefix="/api/v1/challenges/{name}/organisers", tags=["challenges"])


class NewOrganiser(BaseModel):
    model_config = ConfigDict(extra="forbid")

    who: Annotated[str, Field(max_length=254, description="The person's id or mail address.", examples=["o.person@example.org"])]


class Organiser(BaseModel):
    """A person who organises a challenge."""

    id: str
    name: str
    email: str
    added_at: datetime


class Organisers(BaseModel):
    items: list[Organiser]


def shown(organiser: organisers.Organiser) -> Organiser:
    """An organiser, as other organisers see them."""
    row, person = organiser
    return Organiser(id=person.id, name=person.name, email=person.email, added_at=row.added_at)


@router.get("", responses=refusals(401, 403, 404), summary="Who organises a challenge")
def list_organisers(core: CoreDep, caller: OrganiserCaller, name: str) -> Organisers:
    """Administrators organise every challenge and are not listed."""
    with core.database.read() as session:
        challenge = organised(session, caller, name)
        return Organisers(items=[shown(each) for each in organisers.organisers_of(session, challenge)])


@router.post("", status_code=201, responses=refusals(401, 403, 404, 409), summary="Add an organiser")
def add_organiser(core: CoreDep, caller: OrganiserCaller, name: str, body: NewOrganiser) -> Organiser:
    """Someone with an account may see and do here what you may. They are told by mail. Twice is harmless."""
    with core.database.write() as work:
        challenge = organised(work.session, caller, name)
        return shown(organisers.add(core, work, caller, challenge=challenge, who=body.who))


@router.delete("/{person_id}", status_code=204, responses=refusals(401, 403, 404), summary="Remove an organiser")
def remove_organiser(core: CoreDep, caller: OrganiserCaller, name: str, person_id: str) -> None:
    """From their next request on. The last one may go: administrators remain."""
    with core.database.write() as work:
        challenge = organised(work.session, caller, name)
        organisers.remove(core, work, caller, challenge=challenge, who=person_id)
