"""The platform's public records as the pages read them."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import Request
from sqlalchemy import select

from sonobench_eval.challenge.model import Challenge
from sonobench_eval.ranking.leaderboard import Leaderboard
from sonobench_platform.core import Core, core_of
from sonobench_platform.db.models import ChallengeRow, SnapshotRow
from sonobench_platform.web.source import PublicChallenge, PublicRecords


class CoreRecords:
    """`PublicRecords` over the platform's core; each call is one reading transaction."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def challenges(self) -> Sequence[PublicChallenge]:
        with self._core.database.read() as session:
            rows = session.scalars(select(ChallengeRow).order_by(ChallengeRow.title, ChallengeRow.name)).all()
        return [_public(row) for row in rows]

    def challenge(self, name: str) -> PublicChallenge | None:
        with self._core.database.read() as session:
            row = session.scalar(select(ChallengeRow).where(ChallengeRow.name == name))
        return None if row is None else _public(row)

    def latest_leaderboard(self, name: str) -> Leaderboard | None:
        newest = (
            select(SnapshotRow.document)
            .join(ChallengeRow, ChallengeRow.id == SnapshotRow.challenge_id)
            .where(ChallengeRow.name == name)
            .order_by(SnapshotRow.number.desc())
            .limit(1)
        )
        with self._core.database.read() as session:
            text = session.scalar(newest)
        return None if text is None else Leaderboard.from_json(text)

    def public_url(self) -> str:
        return self._core.settings.public_url.rstrip("/")


def records_of(request: Request) -> PublicRecords:
    """A route's way to the public records."""
    return CoreRecords(core_of(request))


def _public(row: ChallengeRow) -> PublicChallenge:
    return PublicChallenge(Challenge.model_validate_json(row.public_definition), row.hash, row.is_open)
