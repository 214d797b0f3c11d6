"""People with accounts, sessions and scoped tokens; who is in which team, and which team in which challenge."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sonobench_platform.db.types import UtcDateTime

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "people",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("email_key", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("is_administrator", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("confirmed_at", UtcDateTime(), nullable=True),
        sa.Column("disabled_at", UtcDateTime(), nullable=True),
        sa.Column("erased_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_people"),
        sa.UniqueConstraint("email_key", name="uq_people_email_key"),
    )
    op.create_table(
        "oidc_links",
        sa.Column("issuer", sa.String(length=200), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("linked_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_oidc_links_person_id_people"),
        sa.PrimaryKeyConstraint("issuer", "subject", name="pk_oidc_links"),
    )
    op.create_index("ix_oidc_links_person_id", "oidc_links", ["person_id"], unique=False)
    op.create_table(
        "oidc_attempts",
        sa.Column("state_sha256", sa.String(length=64), nullable=False),
        sa.Column("browser_sha256", sa.String(length=64), nullable=False),
        sa.Column("nonce", sa.String(length=64), nullable=False),
        sa.Column("verifier", sa.String(length=128), nullable=False),
        sa.Column("return_to", sa.String(length=500), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("state_sha256", name="pk_oidc_attempts"),
    )
    op.create_index("ix_oidc_attempts_expires_at", "oidc_attempts", ["expires_at"], unique=False)
    op.create_table(
        "sessions",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("csrf", sa.String(length=64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("agent", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_sessions_person_id_people"),
        sa.PrimaryKeyConstraint("sha256", name="pk_sessions"),
    )
    op.create_index("ix_sessions_expires_at", "sessions", ["expires_at"], unique=False)
    op.create_index("ix_sessions_person_id", "sessions", ["person_id"], unique=False)
    op.create_table(
        "memberships",
        sa.Column("team_id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("is_captain", sa.Boolean(), nullable=False),
        sa.Column("joined_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_memberships_person_id_people"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_memberships_team_id_teams"),
        sa.PrimaryKeyConstraint("team_id", "person_id", name="pk_memberships"),
    )
    op.create_index("ix_memberships_person_id", "memberships", ["person_id"], unique=False)
    op.create_table(
        "invitations",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("team_id", sa.String(length=32), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("email_key", sa.String(length=254), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("invited_by", sa.String(length=32), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("accepted_at", UtcDateTime(), nullable=True),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["invited_by"], ["people.id"], name="fk_invitations_invited_by_people"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_invitations_team_id_teams"),
        sa.PrimaryKeyConstraint("id", name="pk_invitations"),
        sa.UniqueConstraint("sha256", name="uq_invitations_sha256"),
    )
    op.create_index("ix_invitations_team_id", "invitations", ["team_id"], unique=False)
    op.create_table(
        "entries",
        sa.Column("challenge_id", sa.String(length=32), nullable=False),
        sa.Column("team_id", sa.String(length=32), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("entered_at", UtcDateTime(), nullable=False),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("decided_by", sa.String(length=100), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("terms_sha256", sa.String(length=64), nullable=True),
        sa.Column("terms_signed_by", sa.String(length=100), nullable=True),
        sa.Column("terms_signed_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["challenge_id"], ["challenges.id"], name="fk_entries_challenge_id_challenges"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_entries_team_id_teams"),
        sa.PrimaryKeyConstraint("challenge_id", "team_id", name="pk_entries"),
    )
    op.create_index("ix_entries_team_id", "entries", ["team_id"], unique=False)
    op.create_table(
        "seats",
        sa.Column("challenge_id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("team_id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(["challenge_id"], ["challenges.id"], name="fk_seats_challenge_id_challenges"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_seats_person_id_people"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_seats_team_id_teams"),
        sa.PrimaryKeyConstraint("challenge_id", "person_id", name="pk_seats"),
    )
    op.create_index("ix_seats_team_id", "seats", ["team_id"], unique=False)
    op.create_table(
        "organisers",
        sa.Column("challenge_id", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.String(length=32), nullable=False),
        sa.Column("added_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["challenge_id"], ["challenges.id"], name="fk_organisers_challenge_id_challenges"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_organisers_person_id_people"),
        sa.PrimaryKeyConstraint("challenge_id", "person_id", name="pk_organisers"),
    )
    op.create_index("ix_organisers_person_id", "organisers", ["person_id"], unique=False)
    op.execute("ALTER TABLE tokens ADD COLUMN person_id VARCHAR(32) CONSTRAINT fk_tokens_person_id_people REFERENCES people (id)")
    op.execute("ALTER TABLE tokens ADD COLUMN made_by VARCHAR(32) CONSTRAINT fk_tokens_made_by_people REFERENCES people (id)")
    op.add_column("tokens", sa.Column("name", sa.String(length=100), nullable=True))
    op.add_column("tokens", sa.Column("scopes", sa.String(length=500), nullable=True))
    op.add_column("tokens", sa.Column("expires_at", UtcDateTime(), nullable=True))
    op.add_column("tokens", sa.Column("last_used_at", UtcDateTime(), nullable=True))
    op.create_index("ix_tokens_person_id", "tokens", ["person_id"], unique=False)
