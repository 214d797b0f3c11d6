"""All that is kept of a person, for themselves: every row that refers to them, in whatever table, and which mails they got.

Secrets are left out (digests of passwords, sessions and tokens, links that wait to be mailed): they are of no use but to whoever
steals the file, or the token it was asked for with. So is what a submission's team does not see.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Table, or_, select
from sqlalchemy.orm import Session

from sonobench_platform.db.models import AuditRow, Base, EntryRow, InvitationRow, NoticeRow, PersonRow
from sonobench_platform.domain.errors import NotFound
from sonobench_platform.domain.ids import is_id

SECRET = frozenset({"password_hash", "sha256", "csrf", "secret", "sealed"})
"""Names of columns that are never exported."""

LEFT_OUT: dict[str, frozenset[str]] = {
    "notices": frozenset({"body"}),
    # As on the submission's page: trouble is for organisers, and exact moments of a run could carry hidden data out of it.
    "submissions": frozenset({"trouble", "state_since", "worker", "worker_until", "tries", "next_try_at", "woken_at"}),
}
"""Further columns of single tables. A mail's text is emptied once it is sent; until then it may hold a link that is a secret."""

Cell = str | int | float | bool | None


class Kept(NamedTuple):
    """The rows of one table that are of a person, each from column to value; moments as ISO 8601 in UTC."""

    table: str
    rows: list[dict[str, Cell]]


def export(session: Session, person_id: str) -> list[Kept]:
    """Everything that is kept of a person, table by table; tables with nothing of theirs are left out.

    Raises:
        NotFound: there is no such person, or they were erased.
    """
    person = session.get(PersonRow, person_id) if is_id(person_id) else None
    if person is None or person.erased_at is not None:
        raise NotFound("no-such-person", "There is no person of that id, or they were erased already.")
    kept = [Kept(table.name, _rows(session, table, condition)) for table, condition in _theirs(person)]
    return [each for each in kept if each.rows]


def _theirs(person: PersonRow) -> Iterator[tuple[Table, ColumnElement[bool]]]:
    """What is of a person, in each table."""
    beyond = _beyond_references(person)
    for table in Base.metadata.sorted_tables:
        conditions = [column == person.id for column in table.columns if _refers_to_people(column)]
        conditions += beyond.get(table.name, [])
        if conditions:
            yield table, or_(*conditions)


def _beyond_references(person: PersonRow) -> dict[str, list[ColumnElement[bool]]]:
    """What names a person without a reference to their row."""
    actor = f"person {person.id}"
    return {
        "people": [PersonRow.id == person.id],
        "invitations": [InvitationRow.email_key == person.email_key],
        "notices": [NoticeRow.address == person.email],
        "audit_log": [AuditRow.actor == actor, AuditRow.subject == person.id, AuditRow.detail.contains(person.id)],
        "entries": [EntryRow.terms_signed_by == person.id, EntryRow.decided_by == person.id],
    }


def _refers_to_people(column: Any) -> bool:
    return any(key.column.table.name == "people" for key in column.foreign_keys)


def _rows(session: Session, table: Table, condition: ColumnElement[bool]) -> list[dict[str, Cell]]:
    hidden = SECRET | LEFT_OUT.get(table.name, frozenset())
    columns = [column for column in table.columns if column.name not in hidden]
    found = session.execute(select(*columns).where(condition).order_by(*table.primary_key.columns))
    return [{column.name: _cell(value) for column, value in zip(columns, row, strict=True)} for row in found]


def _cell(value: Any) -> Cell:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value
