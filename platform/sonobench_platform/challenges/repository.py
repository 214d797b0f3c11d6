"""Challenges in the database."""

from __future__ import annotations

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from sonobench_platform.db.models import ChallengeRow, EvaluationRow, PhaseRow, RunRow, SubmissionRow
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


def is_scored() -> ColumnElement[bool]:
    """Whether a submission's run that counts has an evaluation."""
    return exists().where(
        RunRow.submission_id == SubmissionRow.id, RunRow.is_current, EvaluationRow.run_id == RunRow.id, EvaluationRow.is_current
    )


def has_dataset(session: Session, dataset_hash: str) -> bool:
    return bool(session.scalar(select(exists().where(PhaseRow.dataset_hash == dataset_hash))))


def has_inputs(session: Session, found: str) -> bool:
    """Whether this is the hash of a phase's data, or of the public samples of a challenge."""
    canary = session.scalar(select(exists().where(ChallengeRow.canary_hash == found)))
    return has_dataset(session, found) or bool(canary)
