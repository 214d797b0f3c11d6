"""Entering a challenge, handing in, and what came of it: for tests of entries and of seats."""

from __future__ import annotations

from typing import Any

import pytest
from platform_people import Person
from sqlalchemy import select

from sonobench_platform.db.models import ChallengeRow, EntryRow, SeatRow
from sonobench_platform.domain.errors import Refusal
from sonobench_platform.teams.entries import require_entry

ENTRY = "/api/v1/challenges/tiny/entry"
ENTRIES = "/api/v1/challenges/tiny/entries"


def enter(person: Person, team_id: str | None = None, terms_sha256: str | None = None) -> Any:
    return person.http.post(ENTRY, json={"team_id": team_id, "terms_sha256": terms_sha256})


def hand_in(person: Person) -> Any:
    return person.http.post("/api/v1/challenges/tiny/submissions", json={"size_bytes": 10})


def require(world: Any, team_id: str) -> EntryRow:
    """What a new submission asks for."""
    core = world.platform.core
    with core.database.write() as work:
        return require_entry(core, work, team_id, work.session.scalars(select(ChallengeRow)).one())


def refused_with(world: Any, team_id: str) -> tuple[int, str]:
    with pytest.raises(Refusal) as refused:
        require(world, team_id)
    return refused.value.status, refused.value.code


def seats_of(world: Any) -> set[tuple[str, str]]:
    with world.platform.core.database.read() as session:
        return {(seat.person_id, seat.team_id) for seat in session.scalars(select(SeatRow))}
