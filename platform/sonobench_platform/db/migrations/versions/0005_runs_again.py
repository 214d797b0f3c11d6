"""More than one run of a submission and more than one evaluation of a run; quotas; resumable uploads."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from sonobench_platform.db.migrations.append_only import refuse_changes
from sonobench_platform.db.types import UtcDateTime

revision = "0005"
down_revision = "0004"

ROW_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "quota_ledger",
        sa.Column("number", ROW_NUMBER, autoincrement=True, nullable=False),
        sa.Column("team_id", sa.String(length=32), nullable=False),
        sa.Column("phase_id", sa.String(length=32), nullable=False),
        sa.Column("submission_id", sa.String(length=32), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["phase_id"], ["phases.id"], name="fk_quota_ledger_phase_id_phases"),
        sa.ForeignKeyConstraint(["submission_id"], ["submissions.id"], name="fk_quota_ledger_submission_id_submissions"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name="fk_quota_ledger_team_id_teams"),
        sa.PrimaryKeyConstraint("number", name="pk_quota_ledger"),
        sa.UniqueConstraint("submission_id", "amount", name="uq_quota_ledger_submission_id_amount"),
    )
    op.create_index("ix_quota_ledger_team_id_phase_id_day", "quota_ledger", ["team_id", "phase_id", "day"], unique=False)
    op.create_table(
        "uploads",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("submission_id", sa.String(length=32), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("offset_bytes", sa.BigInteger(), nullable=False),
        sa.Column("metadata_header", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.Column("sha256", sa.String(length=71), nullable=True),
        sa.ForeignKeyConstraint(["submission_id"], ["submissions.id"], name="fk_uploads_submission_id_submissions"),
        sa.PrimaryKeyConstraint("id", name="pk_uploads"),
        sa.UniqueConstraint("submission_id", name="uq_uploads_submission_id"),
    )
    op.create_table(
        "rescorings",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("phase_id", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.String(length=100), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("definition_hash", sa.String(length=71), nullable=False),
        sa.Column("changes", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["phase_id"], ["phases.id"], name="fk_rescorings_phase_id_phases"),
        sa.PrimaryKeyConstraint("id", name="pk_rescorings"),
    )
    op.create_index("ix_rescorings_phase_id", "rescorings", ["phase_id"], unique=False)
    op.create_table(
        "rescoring_items",
        sa.Column("rescoring_id", sa.String(length=32), nullable=False),
        sa.Column("run_id", sa.String(length=32), nullable=False),
        sa.Column("done_at", UtcDateTime(), nullable=True),
        sa.Column("trouble", sa.Text(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("worker", sa.String(length=32), nullable=True),
        sa.Column("worker_until", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["rescoring_id"], ["rescorings.id"], name="fk_rescoring_items_rescoring_id_rescorings"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_rescoring_items_run_id_runs"),
        sa.PrimaryKeyConstraint("rescoring_id", "run_id", name="pk_rescoring_items"),
    )
    op.create_table(
        "baselines",
        sa.Column("submission_id", sa.String(length=32), nullable=False),
        sa.Column("every_s", sa.Float(), nullable=False),
        sa.Column("next_at", UtcDateTime(), nullable=False),
        sa.Column("last_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["submission_id"], ["submissions.id"], name="fk_baselines_submission_id_submissions"),
        sa.PrimaryKeyConstraint("submission_id", name="pk_baselines"),
    )
    op.create_table(
        "canaries",
        sa.Column("image_digest", sa.String(length=71), nullable=False),
        sa.Column("canary_hash", sa.String(length=71), nullable=False),
        sa.Column("run_id", sa.String(length=32), nullable=False),
        sa.Column("passed_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["image_digest"], ["images.config_digest"], name="fk_canaries_image_digest_images"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_canaries_run_id_runs"),
        sa.PrimaryKeyConstraint("image_digest", "canary_hash", name="pk_canaries"),
    )
    op.add_column("nodes", sa.Column("gpus", sa.Integer(), nullable=False, server_default="0"))
    op.execute(
        "ALTER TABLE submissions ADD COLUMN person_id VARCHAR(32) "
        "CONSTRAINT fk_submissions_person_id_people REFERENCES people (id)"
    )
    op.add_column("submissions", sa.Column("source", sa.String(length=16), nullable=False, server_default="upload"))
    op.add_column("submissions", sa.Column("image_reference", sa.String(length=500), nullable=True))
    op.add_column("submissions", sa.Column("is_chosen", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("runs", sa.Column("number", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("runs", sa.Column("is_current", sa.Boolean(), nullable=False, server_default=sa.true()))
    op.add_column("runs", sa.Column("reason", sa.Text(), nullable=True))
    op.add_column("runs", sa.Column("canary", sa.Text(), nullable=True))
    op.add_column("runs", sa.Column("purpose", sa.String(length=16), nullable=False, server_default="first"))
    _number_evaluations()
    refuse_changes("quota_ledger")


def _number_evaluations() -> None:
    op.execute("CREATE TEMPORARY TABLE kept_evaluations AS SELECT * FROM evaluations")
    op.drop_table("evaluations")
    op.create_table(
        "evaluations",
        sa.Column("run_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("is_current", sa.Boolean(), nullable=False),
        sa.Column("rescoring_id", sa.String(length=32), nullable=True),
        sa.Column("submission_id", sa.String(length=32), nullable=False),
        sa.Column("challenge_hash", sa.String(length=71), nullable=False),
        sa.Column("dataset_hash", sa.String(length=71), nullable=False),
        sa.Column("evaluator_version", sa.String(length=64), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_evaluations_run_id_runs"),
        sa.ForeignKeyConstraint(["rescoring_id"], ["rescorings.id"], name="fk_evaluations_rescoring_id_rescorings"),
        sa.ForeignKeyConstraint(["submission_id"], ["submissions.id"], name="fk_evaluations_submission_id_submissions"),
        sa.PrimaryKeyConstraint("run_id", "number", name="pk_evaluations"),
    )
    op.create_index("ix_evaluations_rescoring_id", "evaluations", ["rescoring_id"], unique=False)
    op.create_index("ix_evaluations_submission_id", "evaluations", ["submission_id"], unique=False)
    columns = "run_id, submission_id, challenge_hash, dataset_hash, evaluator_version, document, summary, created_at"
    op.execute(
        f"INSERT INTO evaluations (number, is_current, {columns}) SELECT 1, true, {columns} FROM kept_evaluations"  # noqa: S608
    )
    op.execute("DROP TABLE kept_evaluations")
