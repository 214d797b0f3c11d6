"""Teams, tokens, challenges, images, submissions with their history, runs with their attempts, evaluations, boards."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sonobench_platform.db.types import UtcDateTime

revision = "0001"
down_revision = None

_ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "challenges",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("hash", sa.String(length=71), nullable=False),
        sa.Column("dataset_hash", sa.String(length=71), nullable=False),
        sa.Column("public_definition", sa.Text(), nullable=False),
        sa.Column("folder", sa.Text(), nullable=False),
        sa.Column("gpus", sa.Integer(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_challenges"),
        sa.UniqueConstraint("name", name="uq_challenges_name"),
    )
    op.create_table(
        "teams",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("name_key", sa.String(length=300), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_teams"),
        sa.UniqueConstraint("name_key", name="uq_teams_name_key"),
    )
    op.create_table(
        "images",
        sa.Column("config_digest", sa.String(length=71), nullable=False),
        sa.Column("team_id", sa.String(length=32), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_images_team_id_teams"),
        sa.PrimaryKeyConstraint("config_digest", name="pk_images"),
    )
    op.create_table(
        "leaderboard_snapshots",
        sa.Column("id", _ROW_NUMBER, autoincrement=True, nullable=False),
        sa.Column("challenge_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("content_hash", sa.String(length=71), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["challenge_id"], ["challenges.id"], name="fk_leaderboard_snapshots_challenge_id_challenges"),
        sa.PrimaryKeyConstraint("id", name="pk_leaderboard_snapshots"),
        sa.UniqueConstraint("challenge_id", "number", name="uq_leaderboard_snapshots_challenge_id_number"),
    )
    op.create_table(
        "tokens",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("team_id", sa.String(length=32), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("hint", sa.String(length=16), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_tokens_team_id_teams"),
        sa.PrimaryKeyConstraint("id", name="pk_tokens"),
        sa.UniqueConstraint("sha256", name="uq_tokens_sha256"),
    )
    op.create_table(
        "submissions",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("team_id", sa.String(length=32), nullable=False),
        sa.Column("challenge_id", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("state_since", UtcDateTime(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("queued_at", UtcDateTime(), nullable=True),
        sa.Column("note", sa.String(length=500), nullable=True),
        sa.Column("declared_size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("image_digest", sa.String(length=71), nullable=True),
        sa.Column("failure_category", sa.String(length=64), nullable=True),
        sa.Column("failure_blame", sa.String(length=16), nullable=True),
        sa.Column("failure_sentence", sa.Text(), nullable=True),
        sa.Column("trouble", sa.Text(), nullable=True),
        sa.Column("worker", sa.String(length=32), nullable=True),
        sa.Column("worker_until", UtcDateTime(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_try_at", UtcDateTime(), nullable=True),
        sa.Column("woken_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["challenge_id"], ["challenges.id"], name="fk_submissions_challenge_id_challenges"),
        sa.ForeignKeyConstraint(["image_digest"], ["images.config_digest"], name="fk_submissions_image_digest_images"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_submissions_team_id_teams"),
        sa.PrimaryKeyConstraint("id", name="pk_submissions"),
    )
    op.create_index("ix_submissions_challenge_id", "submissions", ["challenge_id"], unique=False)
    op.create_index("ix_submissions_state_state_since", "submissions", ["state", "state_since"], unique=False)
    op.create_index("ix_submissions_team_id_created_at", "submissions", ["team_id", "created_at"], unique=False)
    op.create_table(
        "runs",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("submission_id", sa.String(length=32), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("lost", sa.Integer(), nullable=False),
        sa.Column("node", sa.String(length=64), nullable=True),
        sa.Column("lease_until", UtcDateTime(), nullable=True),
        sa.Column("phase", sa.String(length=64), nullable=True),
        sa.Column("phase_since", UtcDateTime(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["submission_id"], ["submissions.id"], name="fk_runs_submission_id_submissions"),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
    )
    op.create_index("ix_runs_node_lease_until", "runs", ["node", "lease_until"], unique=False)
    op.create_index("ix_runs_submission_id", "runs", ["submission_id"], unique=False)
    op.create_table(
        "submission_history",
        sa.Column("number", _ROW_NUMBER, autoincrement=True, nullable=False),
        sa.Column("submission_id", sa.String(length=32), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("from_state", sa.String(length=16), nullable=True),
        sa.Column("to_state", sa.String(length=16), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["submission_id"], ["submissions.id"], name="fk_submission_history_submission_id_submissions"),
        sa.PrimaryKeyConstraint("number", name="pk_submission_history"),
    )
    op.create_index("ix_submission_history_submission_id", "submission_history", ["submission_id"], unique=False)
    op.create_table(
        "attempts",
        sa.Column("run_id", sa.String(length=32), nullable=False),
        sa.Column("attempt", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("node", sa.String(length=64), nullable=False),
        sa.Column("claimed_at", UtcDateTime(), nullable=False),
        sa.Column("results_sha256", sa.String(length=64), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("ended", sa.String(length=16), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_attempts_run_id_runs"),
        sa.PrimaryKeyConstraint("run_id", "attempt", name="pk_attempts"),
    )
    op.create_table(
        "evaluations",
        sa.Column("run_id", sa.String(length=32), nullable=False),
        sa.Column("submission_id", sa.String(length=32), nullable=False),
        sa.Column("challenge_hash", sa.String(length=71), nullable=False),
        sa.Column("dataset_hash", sa.String(length=71), nullable=False),
        sa.Column("evaluator_version", sa.String(length=64), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_evaluations_run_id_runs"),
        sa.ForeignKeyConstraint(["submission_id"], ["submissions.id"], name="fk_evaluations_submission_id_submissions"),
        sa.PrimaryKeyConstraint("run_id", name="pk_evaluations"),
    )
    op.create_index("ix_evaluations_submission_id", "evaluations", ["submission_id"], unique=False)

    _refuse_changes_of_history()


def _refuse_changes_of_history() -> None:
    """History is append-only, whoever writes: the database itself refuses to change or remove a row."""
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER submission_history_no_{verb.lower()} BEFORE {verb} ON submission_history "
                "BEGIN SELECT RAISE(ABORT, 'submission_history is append-only'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
    )
    op.execute(
        "CREATE TRIGGER submission_history_append_only BEFORE UPDATE OR DELETE ON submission_history "
        "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )
