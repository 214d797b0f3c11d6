"""People, for administrators."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from sonobench_platform.accounts import people, repository
from sonobench_platform.accounts.access import AdministratorCaller
from sonobench_platform.accounts.schemas import People, Person
from sonobench_platform.core import CoreDep
from sonobench_platform.db.models import PersonRow
from sonobench_platform.desk.paging import PageDep, page
from sonobench_platform.problems import refusals

router = APIRouter(prefix="/api/v1/people", tags=["people"])


@router.get("", responses=refusals(401, 403, 422), summary="People by address")
def list_people(*, request: Request, response: Response, core: CoreDep, _caller: AdministratorCaller, asked: PageDep) -> People:
    """Those whose data was erased are left out."""
    with core.database.read() as session:
        found = repository.people_after(session, asked.word, asked.limit + 1)
        shown = page(found, asked, key=lambda person: (person.id,), request=request, response=response)
        return People(items=[person_of(row) for row in shown.items], next=shown.next)


@router.post("/{person_id}/disable", responses=refusals(401, 403, 404, 409), summary="Lock a person out")
def disable_person(core: CoreDep, caller: AdministratorCaller, person_id: str) -> Person:
    """At once: no sign-in, no session, no token of theirs works. Twice is harmless."""
    with core.database.write() as work:
        return person_of(people.disable(core, work, person_id, caller=caller))


@router.post("/{person_id}/enable", responses=refusals(401, 403, 404), summary="Let a disabled person in again")
def enable_person(core: CoreDep, caller: AdministratorCaller, person_id: str) -> Person:
    with core.database.write() as work:
        return person_of(people.enable(core, work, person_id, caller=caller))


def person_of(row: PersonRow) -> Person:
    """A person as administrators see them."""
    return Person(
        id=row.id,
        email=row.email,
        name=row.name,
        is_administrator=row.is_administrator,
        created_at=row.created_at,
        confirmed_at=row.confirmed_at,
        disabled_at=row.disabled_at,
    )
