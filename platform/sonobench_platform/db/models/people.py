"""People, their sessions and tokens; teams, who is in them, and which challenges they entered."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Boolean, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from sonobench_platform.db.models.base import ID, Base


class TeamRow(Base):
    """A team. `name_key` is the folded name: two teams may not differ by case alone."""

    __tablename__ = "teams"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    name_key: Mapped[str] = mapped_column(String(300), unique=True)
    created_at: Mapped[datetime]


class TokenRow(Base):
    """A bearer token: only its SHA-256, and its first characters so that people can tell tokens apart.

    A person's token may do what its `scopes` (words with spaces between) name, until `expires_at`. `made_by` is the captain
    who made a team's token; it ends with their being in the team.
    """

    __tablename__ = "tokens"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    team_id: Mapped[str | None] = mapped_column(ForeignKey("teams.id"))
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    hint: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    person_id: Mapped[str | None] = mapped_column(ForeignKey("people.id"), index=True)
    name: Mapped[str | None] = mapped_column(String(100))
    scopes: Mapped[str | None] = mapped_column(String(500))
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    made_by: Mapped[str | None] = mapped_column(ForeignKey("people.id"))


class PersonRow(Base):
    """A person with an account. `email_key` is the folded address; an erased person keeps only the id."""

    __tablename__ = "people"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(100))
    password_hash: Mapped[str | None] = mapped_column(Text)
    is_administrator: Mapped[bool] = mapped_column(Boolean)
    created_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]
    erased_at: Mapped[datetime | None]


class OidcLinkRow(Base):
    """An account at an identity provider that is a person here."""

    __tablename__ = "oidc_links"

    issuer: Mapped[str] = mapped_column(String(200), primary_key=True)
    subject: Mapped[str] = mapped_column(String(200), primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), index=True)
    linked_at: Mapped[datetime]


class OidcAttemptRow(Base):
    """A browser on its way to the identity provider: found once by its state, and gone."""

    __tablename__ = "oidc_attempts"

    state_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    browser_sha256: Mapped[str] = mapped_column(String(64))
    nonce: Mapped[str] = mapped_column(String(64))
    verifier: Mapped[str] = mapped_column(String(128))
    return_to: Mapped[str] = mapped_column(String(500))
    expires_at: Mapped[datetime] = mapped_column(index=True)


class SessionRow(Base):
    """A signed-in browser: the SHA-256 of its cookie, and the secret that its forms must carry."""

    __tablename__ = "sessions"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), index=True)
    csrf: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    agent: Mapped[str] = mapped_column(String(200))


class MembershipRow(Base):
    """A person in a team."""

    __tablename__ = "memberships"

    team_id: Mapped[str] = mapped_column(ForeignKey("teams.id"), primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), primary_key=True, index=True)
    is_captain: Mapped[bool] = mapped_column(Boolean)
    joined_at: Mapped[datetime]


class InvitationRow(Base):
    """An invitation into a team by mail; only the SHA-256 of its secret is kept."""

    __tablename__ = "invitations"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    team_id: Mapped[str] = mapped_column(ForeignKey("teams.id"), index=True)
    email: Mapped[str] = mapped_column(String(254))
    email_key: Mapped[str] = mapped_column(String(254))
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    invited_by: Mapped[str | None] = mapped_column(ForeignKey("people.id"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class EntryRow(Base):
    """A team in a challenge. `status` is pending, approved, refused or withdrawn."""

    __tablename__ = "entries"

    challenge_id: Mapped[str] = mapped_column(ForeignKey("challenges.id"), primary_key=True)
    team_id: Mapped[str] = mapped_column(ForeignKey("teams.id"), primary_key=True, index=True)
    status: Mapped[str] = mapped_column(String(16))
    entered_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[str | None] = mapped_column(String(100))
    reason: Mapped[str | None] = mapped_column(Text)
    terms_sha256: Mapped[str | None] = mapped_column(String(64))
    terms_signed_by: Mapped[str | None] = mapped_column(String(100))
    terms_signed_at: Mapped[datetime | None]


class SeatRow(Base):
    """A person's one seat in a challenge: the key makes a second team impossible, however many ask at once."""

    __tablename__ = "seats"

    challenge_id: Mapped[str] = mapped_column(ForeignKey("challenges.id"), primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), primary_key=True)
    team_id: Mapped[str] = mapped_column(ForeignKey("teams.id"), index=True)


class OrganiserRow(Base):
    """A person who organises a challenge."""

    __tablename__ = "organisers"

    challenge_id: Mapped[str] = mapped_column(ForeignKey("challenges.id"), primary_key=True)
    person_id: Mapped[str] = mapped_column(ForeignKey("people.id"), primary_key=True, index=True)
    added_at: Mapped[datetime]
