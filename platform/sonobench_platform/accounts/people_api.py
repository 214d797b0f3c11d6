"""People, for administrators."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from sonobench_platform.accounts import people, repository
from sonobench_platform.accounts.access import AdministratorCaller
from sonobench_platform.accounts.schemas import People, Person
from sonobench_platform.core import CoreDep
from sonobench_platform.db.models import PersonRow
from sonobench_platform.problems import refusals

router = APIRouter(prefix="/api/v1/people", tags=["people"])


@router.get("", responses=refusals(401, 403), summary="People by address")
def list_people(
    core: CoreDep,
    _caller: AdministratorCaller,
    after: Annotated[str | None, Query(max_length=32, description="`next` of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 100,
) -> People:
    with core.database.read() as session:
        found = repository.people_after(session, after, limit + 1)
    return People(items=[person_of(row) for row in found[:limit]], next=found[limit - 1].id if len(found) > limit else None)


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
