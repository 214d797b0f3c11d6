"""The tables. Documents (reports, evaluations, boards) are JSON text, written once and read whole.

Hidden truth is not here: references lie in the store, where score workers alone read them.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Float, ForeignKey, Index, Integer, MetaData, String, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from sonobench_platform.db.types import UtcDateTime

_ID = String(32)
_DIGEST = String(71)
_ROW_NUMBER = BigInteger().with_variant(Integer(), "sqlite")


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: UtcDateTime()}  # noqa: RUF012 - SQLAlchemy reads it once


class TeamRow(Base):
    """A team. `name_key` is the folded name: two teams may not differ by case alone."""

    __tablename__ = "teams"

    id: Mapped[str] = mapped_column(_ID, primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    name_key: Mapped[str] = mapped_column(String(300), unique=True)
    created_at: Mapped[datetime]


class TokenRow(Base):
    """A bearer token: only its SHA-256, and its first characters so that people can tell tokens apart."""

    __tablename__ = "tokens"

    id: Mapped[str] = mapped_column(_ID, primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    team_id: Mapped[str | None] = mapped_column(ForeignKey("teams.id"))
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    hint: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class ChallengeRow(Base):
    """A registered challenge. `public_definition` is the definition without references, as JSON.

    The whole definition lies in the store under its hash; `folder` is what its relative paths start from.
    """

    __tablename__ = "challenges"

    id: Mapped[str] = mapped_column(_ID, primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    title: Mapped[str] = mapped_column(String(200))
    hash: Mapped[str] = mapped_column(_DIGEST)
    dataset_hash: Mapped[str] = mapped_column(_DIGEST)
    public_definition: Mapped[str] = mapped_column(Text)
    folder: Mapped[str] = mapped_column(Text)
    gpus: Mapped[int]
    is_open: Mapped[bool]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class ImageRow(Base):
    """A verified image, owned by the team that handed it in first (and did not cancel it)."""

    __tablename__ = "images"

    config_digest: Mapped[str] = mapped_column(_DIGEST, primary_key=True)
    team_id: Mapped[str] = mapped_column(ForeignKey("teams.id"))
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    description: Mapped[str] = mapped_column(Text)
    """JSON: manifest_digest, diff_ids, tag, user, entrypoint, command, working_dir, volumes, warnings."""
    created_at: Mapped[datetime]


class SubmissionRow(Base):
    """One submission. `state` changes only in `submissions/move.py`.

    `worker`/`worker_until` is the lease of the check or of the scoring; `tries` counts both, `next_try_at` holds
    them back after the platform's own trouble, which `trouble` tells the organisers.
    """

    __tablename__ = "submissions"
    __table_args__ = (Index(None, "state", "state_since"), Index(None, "team_id", "created_at"))

    id: Mapped[str] = mapped_column(_ID, primary_key=True)
    team_id: Mapped[str] = mapped_column(ForeignKey("teams.id"))
    challenge_id: Mapped[str] = mapped_column(ForeignKey("challenges.id"), index=True)
    state: Mapped[str] = mapped_column(String(16))
    state_since: Mapped[datetime]
    created_at: Mapped[datetime]
    queued_at: Mapped[datetime | None]
    note: Mapped[str | None] = mapped_column(String(500))
    declared_size_bytes: Mapped[int] = mapped_column(BigInteger)
    image_digest: Mapped[str | None] = mapped_column(ForeignKey("images.config_digest"))
    failure_category: Mapped[str | None] = mapped_column(String(64))
    failure_blame: Mapped[str | None] = mapped_column(String(16))
    failure_sentence: Mapped[str | None] = mapped_column(Text)
    trouble: Mapped[str | None] = mapped_column(Text)
    worker: Mapped[str | None] = mapped_column(_ID)
    worker_until: Mapped[datetime | None]
    tries: Mapped[int]
    next_try_at: Mapped[datetime | None]
    woken_at: Mapped[datetime | None]


class HistoryRow(Base):
    """One step of a submission; rows are only ever added (a trigger refuses all else)."""

    __tablename__ = "submission_history"

    number: Mapped[int] = mapped_column(_ROW_NUMBER, primary_key=True, autoincrement=True)
    submission_id: Mapped[str] = mapped_column(ForeignKey("submissions.id"), index=True)
    at: Mapped[datetime]
    from_state: Mapped[str | None] = mapped_column(String(16))
    to_state: Mapped[str] = mapped_column(String(16))
    cause: Mapped[str] = mapped_column(Text)


class RunRow(Base):
    """The run of a submission. `attempt` fences every write; `node` is None while nobody holds the lease.

    `lost` counts the attempts that ended by the platform's own trouble. `outcome` is the report of the attempt
    that counts, as JSON; its results are the tar of that attempt in the store.
    """

    __tablename__ = "runs"
    __table_args__ = (Index(None, "node", "lease_until"),)

    id: Mapped[str] = mapped_column(_ID, primary_key=True)
    submission_id: Mapped[str] = mapped_column(ForeignKey("submissions.id"), index=True)
    created_at: Mapped[datetime]
    attempt: Mapped[int]
    lost: Mapped[int]
    node: Mapped[str | None] = mapped_column(String(64))
    lease_until: Mapped[datetime | None]
    phase: Mapped[str | None] = mapped_column(String(64))
    phase_since: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(Text)


class AttemptRow(Base):
    """One attempt at a run. `ended` says how: finished, lost, released, drained or cancelled; None while it lives.

    `pseudonym_key` (hex) makes the names that its container was given; None where it was given the cases' own.
    """

    __tablename__ = "attempts"

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id"), primary_key=True)
    attempt: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    node: Mapped[str] = mapped_column(String(64))
    claimed_at: Mapped[datetime]
    results_sha256: Mapped[str | None] = mapped_column(String(64))
    ended_at: Mapped[datetime | None]
    ended: Mapped[str | None] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(Text)
    pseudonym_key: Mapped[str | None] = mapped_column(String(64))


class NodeRow(Base):
    """A run worker's node. `report` is what `sonobench doctor` found there, as JSON; `is_safe` whether every limit bites.

    `reference_s` is what its reference container took when it last ran, `first_reference_s` when it first did.
    """

    __tablename__ = "nodes"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    seen_at: Mapped[datetime]
    is_safe: Mapped[bool]
    report: Mapped[str] = mapped_column(Text)
    reported_at: Mapped[datetime]
    reference_s: Mapped[float | None] = mapped_column(Float)
    first_reference_s: Mapped[float | None] = mapped_column(Float)
    reference_at: Mapped[datetime | None]


class EvaluationRow(Base):
    """The evaluation of one run. One per run: scoring twice leaves one.

    `document` is whole; `summary` is what the team may see of it: no cases, nothing that a container wrote.
    """

    __tablename__ = "evaluations"

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id"), primary_key=True)
    submission_id: Mapped[str] = mapped_column(ForeignKey("submissions.id"), index=True)
    challenge_hash: Mapped[str] = mapped_column(_DIGEST)
    dataset_hash: Mapped[str] = mapped_column(_DIGEST)
    evaluator_version: Mapped[str] = mapped_column(String(64))
    document: Mapped[str] = mapped_column(Text)
    summary: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]


class SnapshotRow(Base):
    """A published leaderboard. `content_hash` is over the document without its time."""

    __tablename__ = "leaderboard_snapshots"
    __table_args__ = (UniqueConstraint("challenge_id", "number"),)

    id: Mapped[int] = mapped_column(_ROW_NUMBER, primary_key=True, autoincrement=True)
    challenge_id: Mapped[str] = mapped_column(ForeignKey("challenges.id"))
    number: Mapped[int]
    content_hash: Mapped[str] = mapped_column(_DIGEST)
    document: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
