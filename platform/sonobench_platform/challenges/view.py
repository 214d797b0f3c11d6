"""Challenges as they stand, for whoever may know of them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from sonobench_platform.accounts.identity import Identity
from sonobench_platform.challenges import repository
from sonobench_platform.challenges.changes import changes_of
from sonobench_platform.challenges.phases import of_challenge
from sonobench_platform.challenges.schemas import (
    ChallengeDetail,
    ChallengeSummary,
    Standing,
    detail_of,
    summary_of,
)
from sonobench_platform.challenges.showing import is_visible
from sonobench_platform.db.models import ChallengeRow
from sonobench_platform.leaderboards.publish import waiting_for_scores


def all_visible(session: Session, caller: Identity | None, now: datetime) -> list[ChallengeSummary]:
    """Every challenge that the caller may know of, in short."""
    return [summary(session, row, now) for row in repository.everything(session) if is_visible(row, caller)]


def summary(session: Session, challenge: ChallengeRow, now: datetime) -> ChallengeSummary:
    return summary_of(_standing(session, challenge, now))


def detail(session: Session, challenge: ChallengeRow, now: datetime) -> ChallengeDetail:
    return detail_of(_standing(session, challenge, now))


def _standing(session: Session, challenge: ChallengeRow, now: datetime) -> Standing:
    phases = [(row, waiting_for_scores(session, row)) for row in of_challenge(session, challenge.id)]
    return Standing(challenge, phases, changes_of(session, challenge), now)
