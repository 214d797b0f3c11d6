"""Reading the board: the API and the pages show the same stored document."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from sonobench_eval.ranking.leaderboard import Leaderboard
from sonobench_platform.challenges import repository as challenges
from sonobench_platform.challenges.phases import get_phase
from sonobench_platform.db.models import SnapshotRow
from sonobench_platform.domain.errors import NotFound
from sonobench_platform.leaderboards.publish import latest


@dataclass(frozen=True, slots=True)
class PublishedBoard:
    """The board on show: its JSON document and the hash of what it says."""

    document: str
    content_hash: str
    published_at: datetime

    @property
    def etag(self) -> str:
        return f'"{self.content_hash}"'

    @property
    def board(self) -> Leaderboard:
        return Leaderboard.from_json(self.document)


def published(session: Session, challenge_name: str, phase: str | None = None) -> PublishedBoard:
    """The board of a challenge's phase; of its main phase where none is named.

    Raises:
        NotFound: there is no such challenge, or nothing has been scored yet.
    """
    challenge = challenges.get(session, challenge_name)
    row = latest(session, get_phase(session, challenge, phase).id)
    if row is None:
        raise NotFound("no-leaderboard", f"Nothing has been scored for {challenge.title} yet.")
    return _published(row)


def published_or_none(session: Session, challenge_name: str, phase: str | None = None) -> PublishedBoard | None:
    """The board, or None where nothing has been scored yet.

    Raises:
        NotFound: there is no such challenge.
    """
    challenge = challenges.get(session, challenge_name)
    row = latest(session, get_phase(session, challenge, phase).id)
    return None if row is None else _published(row)


def _published(row: SnapshotRow) -> PublishedBoard:
    return PublishedBoard(document=row.document, content_hash=row.content_hash, published_at=row.created_at)
