"""What happens in a challenge, told to the teams' people by mail and to webhooks. No score is in any of it.

Each is called in the transaction of what happened. People may choose not to get these mails (`choices.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from pydantic import JsonValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from sonobench_platform.db.models import (
    ChallengeRow,
    EntryRow,
    MailChoiceRow,
    MembershipRow,
    PersonRow,
    PhaseRow,
    SubmissionRow,
    TeamRow,
)
from sonobench_platform.db.session import Work
from sonobench_platform.domain.states import State
from sonobench_platform.notices.outbox import add_mail, post, told

SUBMISSION_ENDED = "submission.ended"
ENTRY_DECIDED = "entry.decided"
RANK_DECIDED = "submission.rank_decided"
PHASE_OPENED = "phase.opened"
PHASE_CLOSED = "phase.closed"
PHASE_OPENS_SOON = "phase.opens_soon"
PHASE_CLOSES_SOON = "phase.closes_soon"
BOARD_PUBLISHED = "leaderboard.published"
ATTENTION = "attention.needed"
TEST = "webhook.test"

EVENTS: tuple[str, ...] = (
    SUBMISSION_ENDED,
    ENTRY_DECIDED,
    PHASE_OPENED,
    PHASE_CLOSED,
    PHASE_OPENS_SOON,
    PHASE_CLOSES_SOON,
    BOARD_PUBLISHED,
    ATTENTION,
)
"""What a webhook may be told."""

BY_THE_TEAM = "cancelled by the team"


class Person(NamedTuple):
    id: str
    email: str


def submission_ended(work: Work, submission: SubmissionRow, *, cause: str, at: datetime) -> None:
    """A submission came to an end of any kind. Whoever ended it themselves gets no mail of it."""
    challenge, phase, team = _around(work.session, submission)
    data: dict[str, JsonValue] = {
        "submission": submission.id,
        "team": {"id": team.id, "name": team.name},
        "phase": phase.name,
        "state": submission.state,
    }
    post(work, SUBMISSION_ENDED, data, challenge_id=challenge.id, at=at)
    said = _ENDS.get(State(submission.state))
    if said is None or cause == BY_THE_TEAM:
        return
    text = f"{team.name}'s submission {submission.id} to {challenge.title} ({phase.name}) {said}"
    text += "." if submission.state == State.SCORED else f":\n\n{cause}"
    for person in _people_of(work.session, [team.id]):
        subject = f"{challenge.title}: submission {submission.id} {said}"
        add_mail(work, to=person.email, event=SUBMISSION_ENDED, subject=subject, text=f"{text}\n", at=at)


_ENDS = {
    State.SCORED: "is scored",
    State.REJECTED: "was rejected",
    State.FAILED: "failed",
    State.CANCELLED: "was cancelled",
}


def rank_decided(work: Work, submission: SubmissionRow, *, said: str, reason: str, at: datetime) -> None:
    """Organisers took a submission out of the ranking, or put it back: its team is told why.

    Args:
        said: what became of it, as `was disqualified`.
    """
    challenge, phase, team = _around(work.session, submission)
    text = f"{team.name}'s submission {submission.id} to {challenge.title} ({phase.name}) {said}:\n\n{reason}\n"
    subject = f"{challenge.title}: submission {submission.id} {said}"
    for person in _people_of(work.session, [team.id]):
        add_mail(work, to=person.email, event=RANK_DECIDED, subject=subject, text=text, at=at)


def phase_settled(work: Work, phase: PhaseRow, *, at: datetime) -> None:
    """A phase opened or closed. Teams are told by mail the first time of each; webhooks every time."""
    event, said = (PHASE_OPENED, "is open") if phase.is_open else (PHASE_CLOSED, "is closed")
    post(work, event, {"phase": phase.name}, challenge_id=phase.challenge_id, at=at)
    _write_to_entered(work, phase, event, said, once=f"{event} {phase.id}", at=at)


def phase_changes_soon(work: Work, phase: PhaseRow, event: str, moment: datetime, *, at: datetime) -> None:
    """A phase opens or closes at `moment`; told once of each moment. The caller holds a lock under which it is told."""
    verb = "opens" if event == PHASE_OPENS_SOON else "closes"
    once = f"{event} {phase.id} {moment:%Y%m%dT%H%M%S}"
    post(work, event, {"phase": phase.name, "at": moment.isoformat()}, challenge_id=phase.challenge_id, at=at, once=once)
    _write_to_entered(work, phase, event, f"{verb} {moment:%Y-%m-%d %H:%M} UTC", once=once, at=at)


def board_published(work: Work, phase: PhaseRow, number: int, *, at: datetime) -> None:
    """A phase has a new board. What is on it is read where it is shown, by those who may."""
    post(work, BOARD_PUBLISHED, {"phase": phase.name, "number": number}, challenge_id=phase.challenge_id, at=at)


def entry_decided(work: Work, entry: EntryRow, *, at: datetime) -> None:
    """An organiser decided on a team's entry; its captain gets the reason by mail from who decides."""
    team = work.session.get_one(TeamRow, entry.team_id)
    data: dict[str, JsonValue] = {"team": {"id": team.id, "name": team.name}, "status": entry.status}
    post(work, ENTRY_DECIDED, data, challenge_id=entry.challenge_id, at=at)


def attention_needed(work: Work, challenge_id: str, *, about: str, subject: str, at: datetime) -> None:
    """Something only an organiser can settle: `about` is its name, such as `run.lost`."""
    post(work, ATTENTION, {"about": about, "subject": subject}, challenge_id=challenge_id, at=at)


def _write_to_entered(work: Work, phase: PhaseRow, event: str, said: str, *, once: str, at: datetime) -> None:
    challenge = work.session.get_one(ChallengeRow, phase.challenge_id)
    query = select(EntryRow.team_id).where(EntryRow.challenge_id == challenge.id, EntryRow.status == "approved")
    for person in _people_of(work.session, list(work.session.scalars(query))):
        key = f"{once} {person.id}"
        if not told(work, key):
            sentence = f"The phase {phase.name} of {challenge.title} {said}."
            add_mail(work, to=person.email, event=event, subject=sentence.rstrip("."), text=f"{sentence}\n", at=at, once=key)


def _people_of(session: Session, team_ids: Sequence[str]) -> list[Person]:
    """Who is in one of these teams, has an account that is in use, and did not choose to get no mails."""
    query = (
        select(PersonRow.id, PersonRow.email)
        .distinct()
        .join(MembershipRow, MembershipRow.person_id == PersonRow.id)
        .outerjoin(MailChoiceRow, MailChoiceRow.person_id == PersonRow.id)
        .where(
            MembershipRow.team_id.in_(team_ids),
            PersonRow.disabled_at.is_(None),
            PersonRow.erased_at.is_(None),
            PersonRow.confirmed_at.is_not(None),
            MailChoiceRow.wants_mail.is_not(False),
        )
        .order_by(PersonRow.id)
    )
    return [Person(*row) for row in session.execute(query)]


def _around(session: Session, submission: SubmissionRow) -> tuple[ChallengeRow, PhaseRow, TeamRow]:
    return (
        session.get_one(ChallengeRow, submission.challenge_id),
        session.get_one(PhaseRow, submission.phase_id),
        session.get_one(TeamRow, submission.team_id),
    )
