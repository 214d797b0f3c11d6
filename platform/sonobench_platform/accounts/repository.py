"""People, their sessions and tokens in the database."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from sonobench_platform.db.models import MembershipRow, OrganiserRow, PersonRow, SessionRow, TeamRow, TokenRow


class TokenOwner(NamedTuple):
    token: TokenRow
    team: TeamRow | None
    person: PersonRow | None


class OwnedSession(NamedTuple):
    session: SessionRow
    person: PersonRow


class Membership(NamedTuple):
    team: TeamRow
    is_captain: bool


def find_live(session: Session, sha256: str) -> TokenOwner | None:
    """The token with this digest and whose it is, unless it was revoked. Whether its time is over is not asked here."""
    query = (
        select(TokenRow, TeamRow, PersonRow)
        .outerjoin(TeamRow, TeamRow.id == TokenRow.team_id)
        .outerjoin(PersonRow, PersonRow.id == TokenRow.person_id)
        .where(TokenRow.sha256 == sha256, TokenRow.revoked_at.is_(None))
    )
    row = session.execute(query).one_or_none()
    return None if row is None else TokenOwner(row[0], row[1], row[2])


def find_session(session: Session, sha256: str) -> OwnedSession | None:
    """The signed-in browser with this digest, and who it is."""
    query = select(SessionRow, PersonRow).join(PersonRow, PersonRow.id == SessionRow.person_id).where(SessionRow.sha256 == sha256)
    row = session.execute(query).one_or_none()
    return None if row is None else OwnedSession(row[0], row[1])


def memberships(session: Session, person_id: str) -> list[Membership]:
    """The teams that a person is in, by name."""
    query = (
        select(TeamRow, MembershipRow.is_captain)
        .join(MembershipRow, MembershipRow.team_id == TeamRow.id)
        .where(MembershipRow.person_id == person_id)
        .order_by(TeamRow.name_key)
    )
    return [Membership(team, is_captain) for team, is_captain in session.execute(query)]


def organised(session: Session, person_id: str) -> frozenset[str]:
    """Ids of the challenges that a person organises."""
    return frozenset(session.scalars(select(OrganiserRow.challenge_id).where(OrganiserRow.person_id == person_id)))


def person_with(session: Session, email_key: str) -> PersonRow | None:
    return session.scalar(select(PersonRow).where(PersonRow.email_key == email_key))


def lock_person(session: Session, person_id: str) -> PersonRow | None:
    """The person, locked until the end of the transaction: what is read of them now is still so when it is changed."""
    query = select(PersonRow).where(PersonRow.id == person_id).with_for_update().execution_options(populate_existing=True)
    return session.scalar(query)


def people_after(session: Session, after: str | None, limit: int) -> list[PersonRow]:
    """People by address, from the one after the person `after` on; those whose data was erased are left out."""
    query = select(PersonRow).where(PersonRow.erased_at.is_(None)).order_by(PersonRow.email_key).limit(limit)
    if after is not None:
        query = query.where(PersonRow.email_key > select(PersonRow.email_key).where(PersonRow.id == after).scalar_subquery())
    return list(session.scalars(query))


def end_sessions(session: Session, person_id: str, *, but: str | None = None) -> None:
    """Sign a person out everywhere, but for the browser with the digest `but`."""
    query = delete(SessionRow).where(SessionRow.person_id == person_id)
    session.execute(query if but is None else query.where(SessionRow.sha256 != but))


def personal_tokens(session: Session, person_id: str) -> list[TokenRow]:
    """A person's tokens that were not revoked, newest first."""
    query = select(TokenRow).where(TokenRow.person_id == person_id, TokenRow.revoked_at.is_(None))
    return list(session.scalars(query.order_by(TokenRow.created_at.desc(), TokenRow.id)))


def is_live(person: PersonRow) -> bool:
    """Whether a person may do anything at all."""
    return person.disabled_at is None and person.erased_at is None and person.confirmed_at is not None


def is_over(session: SessionRow, now: datetime, *, idle_s: float) -> bool:
    """Whether a signed-in browser's time is over."""
    return now >= session.expires_at or (now - session.seen_at).total_seconds() >= idle_s
