"""Verifying the audit log: the first row that was changed, removed or moved, and what was cut off behind the last.

Walks the chain once, in order, a few rows in memory at a time. The chain alone cannot show that its end is missing: the
heads that stand in published leaderboards can, and so can one that somebody noted elsewhere.
"""

from __future__ import annotations

from collections.abc import Collection, Generator
from contextlib import closing
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from sonobench_platform.audit.log import BEGINNING, Chained, hash_of
from sonobench_platform.db.models import AuditRow, PhaseRow, SnapshotRow

_AT_A_TIME = 1000


class BrokenLog(Exception):
    """The log is not what was written. The message names the first thing that is wrong."""


@dataclass(frozen=True, slots=True)
class Verified:
    """A log that is whole: how many rows it has, its last hash, and how many published heads were found in it."""

    rows: int
    head: str | None
    heads: int


class _Head(NamedTuple):
    hash: str
    where: str


def verify(session: Session, *, noted: Collection[str] = ()) -> Verified:
    """Walk the whole log.

    Args:
        noted: hashes that were once this log's head, as somebody wrote them down.

    Raises:
        BrokenLog: a row was changed, removed or moved, or rows behind the last were cut off.
    """
    heads = [*_published(session), *(_Head(each, "that you gave") for each in noted)]
    missing = {each.hash for each in heads}
    last, rows = BEGINNING, 0
    with closing(_rows(session)) as log:
        for row in log:
            _check(row, after=rows, previous=last)
            last, rows = row.hash, row.number
            missing.discard(last)
    for each in heads:
        if each.hash in missing:
            raise BrokenLog(
                f"The audit log ends with row {rows}, but the head {each.where} ({each.hash[:12]}…) is not in it: "
                "rows were cut off, or the whole log was written anew."
            )
    return Verified(rows=rows, head=last if rows else None, heads=len(heads))


class _Row(Chained):
    hash: str


def _rows(session: Session) -> Generator[_Row, None, None]:
    query = select(*AuditRow.__table__.columns).order_by(AuditRow.number).execution_options(yield_per=_AT_A_TIME)
    try:
        with session.execute(query) as result:  # left half-way, a server's cursor must be closed
            yield from result  # type: ignore[misc]
    except (ValueError, TypeError) as error:
        raise BrokenLog(f"A row of the audit log cannot even be read ({error}): it was changed.") from None


def _check(row: _Row, *, after: int, previous: str) -> None:
    if row.number != after + 1:
        raise BrokenLog(f"Row {after + 1} of the audit log is missing: row {row.number} comes after row {after}.")
    if hash_of(row) != row.hash:
        raise BrokenLog(f"Row {row.number} of the audit log was changed or moved: its hash is not that of its words.")
    if row.previous != previous:
        raise BrokenLog(f"Row {row.number} of the audit log does not follow row {after}: one of them was replaced or moved.")


def _published(session: Session) -> list[_Head]:
    query = (
        select(SnapshotRow.audit_head, SnapshotRow.number, PhaseRow.name, SnapshotRow.challenge_id)
        .outerjoin(PhaseRow, PhaseRow.id == SnapshotRow.phase_id)
        .where(SnapshotRow.audit_head.is_not(None))
        .order_by(SnapshotRow.id)
    )
    return [
        _Head(hash_ or "", f"in board {number} of phase {phase} of {challenge}")
        for hash_, number, phase, challenge in session.execute(query)
    ]
