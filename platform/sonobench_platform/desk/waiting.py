"""What in a challenge waits for an organiser: teams, failures, data, rescorings, phases that are about to change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from sonobench_eval.sandbox.failure import Blame
from sonobench_platform.challenges.phases import of_challenge, rules_of, takes_images
from sonobench_platform.db.models import (
    ChallengeRow,
    EntryRow,
    NodeRow,
    NoticeRow,
    PhaseRow,
    RescoringRow,
    SubmissionRow,
)
from sonobench_platform.domain.states import OPEN, State
from sonobench_platform.teams.standing import Standing, standing_of
from sonobench_platform.teams.standing import rules_of as entry_rules_of

SOON = timedelta(days=2)
SILENT = timedelta(minutes=5)
"""A node that was not heard of for longer is in trouble."""
UNDELIVERED_SINCE = timedelta(days=14)


class Turn(NamedTuple):
    """A phase that opens or closes by its dates before long."""

    phase: PhaseRow
    opens: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """Counts of a challenge. `failed` are failures that are the platform's or the organisers' own."""

    teams: int
    undetermined: int
    failed: int
    troubled: int
    rescorings: int
    unsound: tuple[PhaseRow, ...]
    turns: tuple[Turn, ...]


class InTrouble(NamedTuple):
    """Nodes that should be looked at."""

    silent: int
    unsafe: int
    known: int


def waiting_in(session: Session, challenge: ChallengeRow, now: datetime) -> Waiting:
    """What waits in one challenge at `now`."""
    phases = of_challenge(session, challenge.id)
    failed = SubmissionRow.state == State.FAILED
    ours = SubmissionRow.failure_blame.in_((Blame.PLATFORM, Blame.ORGANISER))
    return Waiting(
        teams=_pending(session, challenge),
        undetermined=_count(session, challenge, failed, SubmissionRow.failure_blame == Blame.UNDETERMINED),
        failed=_count(session, challenge, failed, ours),
        troubled=_count(session, challenge, SubmissionRow.state.in_(OPEN), SubmissionRow.trouble.is_not(None)),
        rescorings=_rescorings(session, [phase.id for phase in phases]),
        unsound=tuple(phase for phase in phases if not phase.is_sound),
        turns=tuple(turn for phase in phases for turn in _turns(phase, now)),
    )


def states_in(session: Session, challenge_id: str) -> dict[State, int]:
    """How many of a challenge's submissions are in each state."""
    query = select(SubmissionRow.state, func.count()).where(SubmissionRow.challenge_id == challenge_id)
    return {State(state): count for state, count in session.execute(query.group_by(SubmissionRow.state))}


def nodes_in_trouble(session: Session, now: datetime) -> InTrouble:
    """Nodes that were not heard of lately, or say that they are not safe."""
    rows = list(session.scalars(select(NodeRow)))
    silent = sum(row.seen_at < now - SILENT for row in rows)
    return InTrouble(silent, sum(not row.is_safe for row in rows), len(rows))


def undelivered(session: Session, now: datetime) -> int:
    """Mails and webhook messages of the last two weeks that were given up."""
    query = select(func.count()).where(NoticeRow.given_up_at.is_not(None), NoticeRow.given_up_at >= now - UNDELIVERED_SINCE)
    return session.scalar(query) or 0


def _pending(session: Session, challenge: ChallengeRow) -> int:
    rules = entry_rules_of(challenge)
    rows = session.scalars(select(EntryRow).where(EntryRow.challenge_id == challenge.id))
    return sum(standing_of(row, rules) is Standing.PENDING for row in rows)


def _count(session: Session, challenge: ChallengeRow, *conditions: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).where(SubmissionRow.challenge_id == challenge.id, *conditions)) or 0


def _rescorings(session: Session, phase_ids: list[str]) -> int:
    ready = select(func.count()).where(RescoringRow.phase_id.in_(phase_ids), RescoringRow.state == "ready")
    return session.scalar(ready) or 0


def _turns(phase: PhaseRow, now: datetime) -> list[Turn]:
    rules = rules_of(phase)
    if takes_images(phase, now):
        return [Turn(phase, False, rules.closes)] if rules.closes is not None and rules.closes <= now + SOON else []
    return [Turn(phase, True, rules.opens)] if rules.opens is not None and now < rules.opens <= now + SOON else []
