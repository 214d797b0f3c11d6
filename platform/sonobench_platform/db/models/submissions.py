"""Images, submissions and their history."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from sonobench_platform.db.models.base import DIGEST, ID, ROW_NUMBER, Base


class ImageRow(Base):
    """A verified image, owned by the team that handed it in first (and did not cancel it)."""

    __tablename__ = "images"

    config_digest: Mapped[str] = mapped_column(DIGEST, primary_key=True)
    team_id: Mapped[str] = mapped_column(ForeignKey("teams.id"))
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    description: Mapped[str] = mapped_column(Text)
    """JSON: manifest_digest, diff_ids, tag, user, entrypoint, command, working_dir, volumes, warnings."""
    created_at: Mapped[datetime]


class SubmissionRow(Base):
    """One submission. `state` changes only in `submissions/move.py`.

    `worker`/`worker_until` is the lease of the check or of the scoring; `tries` counts both, `next_try_at` holds
    them back after the platform's own trouble, which `trouble` tells the organisers. `source` is how the image comes:
    `upload`, `registry` (then `image_reference` names it by digest), or `baseline`. `public_summary`, `paper_url` and `code_url`
    are what its team says of it on its public page, where `is_public`.
    """

    __tablename__ = "submissions"
    __table_args__ = (Index(None, "state", "state_since"), Index(None, "team_id", "created_at"))

    id: Mapped[str] = mapped_column(ID, primary_key=True)
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
    worker: Mapped[str | None] = mapped_column(ID)
    worker_until: Mapped[datetime | None]
    tries: Mapped[int]
    next_try_at: Mapped[datetime | None]
    woken_at: Mapped[datetime | None]
    phase_id: Mapped[str] = mapped_column(ForeignKey("phases.id"), nullable=True, index=True)
    person_id: Mapped[str | None] = mapped_column(ForeignKey("people.id"))
    source: Mapped[str] = mapped_column(String(16))
    image_reference: Mapped[str | None] = mapped_column(String(500))
    is_chosen: Mapped[bool] = mapped_column(Boolean)
    is_public: Mapped[bool] = mapped_column(Boolean, default=False)
    public_summary: Mapped[str | None] = mapped_column(String(1000))
    paper_url: Mapped[str | None] = mapped_column(String(500))
    code_url: Mapped[str | None] = mapped_column(String(500))


class HistoryRow(Base):
    """One step of a submission; rows are only ever added (a trigger refuses all else)."""

    __tablename__ = "submission_history"

    number: Mapped[int] = mapped_column(ROW_NUMBER, primary_key=True, autoincrement=True)
    submission_id: Mapped[str] = mapped_column(ForeignKey("submissions.id"), index=True)
    at: Mapped[datetime]
    from_state: Mapped[str | None] = mapped_column(String(16))
    to_state: Mapped[str] = mapped_column(String(16))
    cause: Mapped[str] = mapped_column(Text)


class QuotaRow(Base):
    """One entry of the quota ledger: +1 when a submission is created, -1 when it is given back. Only ever added.

    The key makes a second give-back of the same submission impossible.
    """

    __tablename__ = "quota_ledger"
    __table_args__ = (UniqueConstraint("submission_id", "amount"), Index(None, "team_id", "phase_id", "day"))

    number: Mapped[int] = mapped_column(ROW_NUMBER, primary_key=True, autoincrement=True)
    team_id: Mapped[str] = mapped_column(ForeignKey("teams.id"))
    phase_id: Mapped[str] = mapped_column(ForeignKey("phases.id"))
    submission_id: Mapped[str] = mapped_column(ForeignKey("submissions.id"))
    day: Mapped[str] = mapped_column(String(10))
    amount: Mapped[int]
    reason: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime]


class UploadRow(Base):
    """A resumable upload (tus) of a submission's image. `offset_bytes` is what is safely on disk.

    `sha256` is of the whole, once it is there; `metadata_header` is what the client said at its creation, as it said it.
    """

    __tablename__ = "uploads"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    submission_id: Mapped[str] = mapped_column(ForeignKey("submissions.id"), unique=True)
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    offset_bytes: Mapped[int] = mapped_column(BigInteger)
    metadata_header: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    sha256: Mapped[str | None] = mapped_column(DIGEST)
