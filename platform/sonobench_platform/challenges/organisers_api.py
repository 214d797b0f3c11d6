"""Who organises a challenge, over HTTP: for those who do, and administrators."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from sonobench_platform.accounts.access import OrganiserCaller
from sonobench_platform.accounts.identity import Identity
from sonobench_platform.challenges import organisers
from sonobench_platform.core import Core, CoreDep
from sonobench_platform.db.models import ChallengeRow
from sonobench_platform.db.session import Work
from sonobench_platform.desk.etags import CHANGES, UNCHANGED, must_match, with_etag
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


@router.get(
    "", response_model=Organisers, responses={**UNCHANGED, **refusals(401, 403, 404)}, summary="Who organises a challenge"
)
def list_organisers(request: Request, core: CoreDep, caller: OrganiserCaller, name: str) -> Response:
    """Administrators organise every challenge and are not listed. The ETag is for `If-Match` on who is added or removed."""
    with core.database.read() as session:
        listed = _listed(session, organised(session, caller, name))
    return with_etag(request, listed)


@router.post("", status_code=201, responses=refusals(401, 403, 404, 409, 412), openapi_extra=CHANGES, summary="Add an organiser")
def add_organiser(request: Request, core: CoreDep, caller: OrganiserCaller, name: str, body: NewOrganiser) -> Organiser:
    """Someone with an account may see and do here what you may. They are told by mail. Twice is harmless."""
    with _changing(request, core, caller, name) as (work, challenge):
        return shown(organisers.add(core, work, caller, challenge=challenge, who=body.who))


@router.delete(
    "/{person_id}", status_code=204, responses=refusals(401, 403, 404, 412), openapi_extra=CHANGES, summary="Remove an organiser"
)
def remove_organiser(request: Request, core: CoreDep, caller: OrganiserCaller, name: str, person_id: str) -> None:
    """From their next request on. The last one may go: administrators remain."""
    with _changing(request, core, caller, name) as (work, challenge):
        organisers.remove(core, work, caller, challenge=challenge, who=person_id)


def _listed(session: Session, challenge: ChallengeRow) -> Organisers:
    return Organisers(items=[shown(each) for each in organisers.organisers_of(session, challenge)])


@contextmanager
def _changing(request: Request, core: Core, caller: Identity, name: str) -> Iterator[tuple[Work, ChallengeRow]]:
    """A transaction in which the list is still what the caller read, where they say what that was."""
    with core.database.write() as work:
        challenge = organised(work.session, caller, name)
        if "if-match" in request.headers:
            organisers.take_turns(work, challenge)
            must_match(request, _listed(work.session, challenge))
        yield work, challenge
