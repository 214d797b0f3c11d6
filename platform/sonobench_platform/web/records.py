"""The platform's public records as the pages read them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from fastapi import Request
from sqlalchemy import case, func, select

from sonobench_eval.ranking.leaderboard import Leaderboard
from sonobench_platform.challenges import repository
from sonobench_platform.challenges.definition import public_challenge
from sonobench_platform.core import Core, core_of
from sonobench_platform.db.models import ChallengeRow, SubmissionRow
from sonobench_platform.domain.states import State
from sonobench_platform.leaderboards.service import published_or_none
from sonobench_platform.web.source import PublicChallenge, PublicRecords, PublishedBoard

_ENDED_WITHOUT = (State.FAILED, State.REJECTED)


class CoreRecords:
    """`PublicRecords` over the platform's core; each call is one reading transaction."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def challenges(self) -> Sequence[PublicChallenge]:
        with self._core.database.read() as session:
            return [_public(row) for row in repository.everything(session)]

    def challenge(self, name: str) -> PublicChallenge | None:
        with self._core.database.read() as session:
            row = repository.find(session, name)
            return None if row is None else _public(row)

    def latest_board(self, name: str) -> PublishedBoard | None:
        with self._core.database.read() as session:
            if repository.find(session, name) is None:
                return None
            published = published_or_none(session, name)
        return (
            None if published is None else PublishedBoard(_parsed(published.document), published.document, published.content_hash)
        )

    def teams_without_score(self, name: str) -> int:
        best = case((SubmissionRow.state == State.SCORED, 2), (SubmissionRow.state.in_(_ENDED_WITHOUT), 0), else_=1)
        by_team = (
            select(func.max(best).label("best"))
            .join(ChallengeRow, ChallengeRow.id == SubmissionRow.challenge_id)
            .where(ChallengeRow.name == name)
            .group_by(SubmissionRow.team_id)
            .subquery()
        )
        with self._core.database.read() as session:
            return session.scalar(select(func.count()).select_from(by_team).where(by_team.c.best == 0)) or 0

    def public_url(self) -> str:
        return self._core.settings.public_url.rstrip("/")


def records_of(request: Request) -> PublicRecords:
    """A route's way to the public records."""
    return CoreRecords(core_of(request))


def _public(row: ChallengeRow) -> PublicChallenge:
    return PublicChallenge(public_challenge(row), row.hash, row.is_open)


@lru_cache(maxsize=16)
def _parsed(document: str) -> Leaderboard:
    # A published document never changes, and every reader of the page asks for the same one.
    return Leaderboard.from_json(document)
