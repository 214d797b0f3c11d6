"""Reading the board: the API and the pages show the same stored document."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from sonobench_eval.ranking.leaderboard import Leaderboard
from sonobench_platform.accounts.identity import Identity
from sonobench_platform.challenges.phases import get_phase
from sonobench_platform.challenges.showing import refuse_hidden_board
from sonobench_platform.db.models import PhaseRow, SnapshotRow
from sonobench_platform.domain.errors import NotFound
from sonobench_platform.leaderboards.publish import latest
from sonobench_platform.teams.visible import visible


@dataclass(frozen=True, slots=True)
class PublishedBoard:
    """The board on show: its JSON document and the hash of what it says."""

    document: str
    content_hash: str
    published_at: datetime
    audit_head: str | None = None
    """The audit log's last hash when it was published; None where the log was empty."""

    @property
    def etag(self) -> str:
        return f'"{self.content_hash}"'

    @property
    def board(self) -> Leaderboard:
        return Leaderboard.from_json(self.document)


def published(
    session: Session, caller: Identity | None, challenge_name: str, *, phase: str | None, now: datetime
) -> PublishedBoard:
    """The board of a challenge's phase, for whoever may see it; of its main phase where none is named.

    Raises:
        NotFound: there is no such challenge or phase, its board is not shown to the caller, or nothing has been scored yet.
    """
    challenge = visible(session, caller, challenge_name)
    row = get_phase(session, challenge, phase)
    refuse_hidden_board(row, caller, now)
    found = latest(session, row.id)
    if found is None:
        raise NotFound("no-leaderboard", f"Nothing has been scored for {challenge.title} yet.")
    return _published(found)


def published_or_none(session: Session, phase: PhaseRow) -> PublishedBoard | None:
    """The board of a phase, or None where nothing has been scored yet. Whether it may be shown is for the caller to see."""
    row = latest(session, phase.id)
    return None if row is None else _published(row)


def _published(row: SnapshotRow) -> PublishedBoard:
    return PublishedBoard(
        document=row.document, content_hash=row.content_hash, published_at=row.created_at, audit_head=row.audit_head
    )
