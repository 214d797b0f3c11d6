"""Challenges in the database."""

from __future__ import annotations

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from sonobench_platform.db.models import ChallengeRow, PhaseRow, SubmissionRow
from sonobench_platform.domain.errors import NotFound


def find(session: Session, name: str) -> ChallengeRow | None:
    # A name with a zero byte is no name, and PostgreSQL refuses to look for one.
    return None if "\0" in name else session.scalar(select(ChallengeRow).where(ChallengeRow.name == name))


def get(session: Session, name: str) -> ChallengeRow:
    """The challenge of this name.

    Raises:
        NotFound: there is none.
    """
    challenge = find(session, name)
    if challenge is None:
        raise NotFound("no-such-challenge", "There is no challenge of that name here.")
    return challenge


def everything(session: Session) -> list[ChallengeRow]:
    return list(session.scalars(select(ChallengeRow).order_by(ChallengeRow.created_at, ChallengeRow.id)))


def has_submissions(session: Session, challenge_id: str) -> bool:
    return bool(session.scalar(select(exists().where(SubmissionRow.challenge_id == challenge_id))))


def has_dataset(session: Session, dataset_hash: str) -> bool:
    return bool(session.scalar(select(exists().where(PhaseRow.dataset_hash == dataset_hash))))
