"""A challenge's failures by their cause: whose fault, how many, whose, and the newest of each. For organisers."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from sonobench_platform.db.models import SubmissionRow, TeamRow
from sonobench_platform.domain.states import OPEN, State

FAILED = (State.FAILED, State.REJECTED)
"""Ends without a score that have a cause. One that was scored in part has its score."""


class Failed(NamedTuple):
    submission: SubmissionRow
    team: TeamRow


class Group(NamedTuple):
    """Failures of one category and one blame. `newest` are the last few of them."""

    category: str
    blame: str
    failures: int
    teams: int
    newest_at: datetime
    newest: tuple[Failed, ...]


def groups(session: Session, challenge_id: str, *, newest: int) -> list[Group]:
    """Every group, the most frequent first, each with its `newest` submissions."""
    query = (
        select(
            SubmissionRow.failure_category,
            SubmissionRow.failure_blame,
            func.count(),
            func.count(SubmissionRow.team_id.distinct()),
            func.max(SubmissionRow.state_since),
        )
        .where(SubmissionRow.challenge_id == challenge_id, SubmissionRow.state.in_(FAILED))
        .group_by(SubmissionRow.failure_category, SubmissionRow.failure_blame)
    )
    found = [
        Group(category or "", blame or "", how_many, teams, at, _newest(session, challenge_id, category, blame, newest))
        for category, blame, how_many, teams, at in session.execute(query)
    ]
    return sorted(found, key=lambda each: (-each.failures, each.category, each.blame))


def in_trouble(session: Session, challenge_id: str) -> list[Failed]:
    """Submissions that are under way and have trouble that an organiser should look at, the longest first."""
    query = _failed(challenge_id).where(SubmissionRow.state.in_(OPEN), SubmissionRow.trouble.is_not(None))
    return [Failed(*row) for row in session.execute(query.order_by(SubmissionRow.state_since, SubmissionRow.id).limit(100))]


def _newest(session: Session, challenge_id: str, category: str | None, blame: str | None, most: int) -> tuple[Failed, ...]:
    query = _failed(challenge_id).where(
        SubmissionRow.state.in_(FAILED),
        SubmissionRow.failure_category.is_(None) if category is None else SubmissionRow.failure_category == category,
        SubmissionRow.failure_blame.is_(None) if blame is None else SubmissionRow.failure_blame == blame,
    )
    newest = query.order_by(SubmissionRow.state_since.desc(), SubmissionRow.id).limit(most)
    return tuple(Failed(*row) for row in session.execute(newest))


def _failed(challenge_id: str) -> Select[SubmissionRow, TeamRow]:
    return (
        select(SubmissionRow, TeamRow)
        .join(TeamRow, TeamRow.id == SubmissionRow.team_id)
        .where(SubmissionRow.challenge_id == challenge_id)
    )
