"""Challenges, their phases, and what was published of them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Boolean, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from sonobench_platform.db.models.base import DIGEST, ID, ROW_NUMBER, Base


class ChallengeRow(Base):
    """A registered challenge. `public_definition` is the definition without references, as JSON.

    The whole definition lies in the store under its hash; `folder` is what its relative paths start from. It is frozen
    when its first phase opens (`frozen_at`). A hidden challenge is known to its organisers alone.
    `canary_hash` is that of the public images on which an image runs first; None where there are none.
    """

    __tablename__ = "challenges"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    title: Mapped[str] = mapped_column(String(200))
    hash: Mapped[str] = mapped_column(DIGEST)
    dataset_hash: Mapped[str] = mapped_column(DIGEST)
    public_definition: Mapped[str] = mapped_column(Text)
    folder: Mapped[str] = mapped_column(Text)
    gpus: Mapped[int]
    is_open: Mapped[bool]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    frozen_at: Mapped[datetime | None]
    is_hidden: Mapped[bool] = mapped_column(Boolean)
    canary_hash: Mapped[str | None] = mapped_column(DIGEST)


class PhaseRow(Base):
    """A phase of a challenge, with the definition and the data of its own cases.

    `rules` is the phase's own part of the definition (`challenge.phase.Phase`), as JSON. Whether it takes images is told by
    its dates and `is_held`, an organiser's hand; `is_open` is what was last announced of that. `hash` is that of the definition
    its scores are made with, which stays while only titles and the like change; `defined_at` is since when that, and the data,
    are what they are.
    """

    __tablename__ = "phases"
    __table_args__ = (UniqueConstraint("challenge_id", "name"),)

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    challenge_id: Mapped[str] = mapped_column(ForeignKey("challenges.id"))
    name: Mapped[str] = mapped_column(String(64))
    position: Mapped[int]
    rules: Mapped[str] = mapped_column(Text)
    opens_at: Mapped[datetime | None]
    closes_at: Mapped[datetime | None]
    is_held: Mapped[bool] = mapped_column(Boolean)
    is_open: Mapped[bool] = mapped_column(Boolean)
    hash: Mapped[str] = mapped_column(DIGEST)
    dataset_hash: Mapped[str] = mapped_column(DIGEST)
    public_definition: Mapped[str] = mapped_column(Text)
    folder: Mapped[str] = mapped_column(Text)
    gpus: Mapped[int]
    priority: Mapped[int]
    opened_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    defined_at: Mapped[datetime]
    is_sound: Mapped[bool] = mapped_column(Boolean, default=True)
    """What the last verification of its data said. Where it is not, the phase does not open."""


class ChangeRow(Base):
    """A change of a frozen challenge, with its reason; shown on the challenge's public page. Only ever added.

    `changes` is JSON: what was changed, from what, to what; of cases only how many.
    """

    __tablename__ = "challenge_changes"

    number: Mapped[int] = mapped_column(ROW_NUMBER, primary_key=True, autoincrement=True)
    challenge_id: Mapped[str] = mapped_column(ForeignKey("challenges.id"), index=True)
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(100))
    reason: Mapped[str] = mapped_column(Text)
    changes: Mapped[str] = mapped_column(Text)
    old_hash: Mapped[str] = mapped_column(DIGEST)
    new_hash: Mapped[str] = mapped_column(DIGEST)


class DatasetRow(Base):
    """A phase's data as its last verification found it, and whether another one was asked for.

    `report` is JSON, row by row (`sonobench.dataset_report/1`), made for the data that `dataset_hash` names. `manifest` is the
    registered one, as JSON. A verification is due while `asked_at` is set; whoever does it holds it until `worker_until`.
    `trouble` is why the last try came to no end.
    """

    __tablename__ = "datasets"

    phase_id: Mapped[str] = mapped_column(ForeignKey("phases.id"), primary_key=True)
    dataset_hash: Mapped[str] = mapped_column(DIGEST)
    manifest_sha256: Mapped[str | None] = mapped_column(String(64))
    manifest: Mapped[str | None] = mapped_column(Text)
    is_sound: Mapped[bool] = mapped_column(Boolean)
    report: Mapped[str] = mapped_column(Text)
    verified_at: Mapped[datetime]
    verified_by: Mapped[str] = mapped_column(String(100))
    asked_at: Mapped[datetime | None]
    asked_by: Mapped[str | None] = mapped_column(String(100))
    worker_until: Mapped[datetime | None]
    trouble: Mapped[str | None] = mapped_column(Text)


class SnapshotRow(Base):
    """A published leaderboard. `content_hash` is over the document without its time.

    `audit_head` is the audit log's last hash at that moment: a log that was cut off later does not hold it any more.
    """

    __tablename__ = "leaderboard_snapshots"
    __table_args__ = (UniqueConstraint("phase_id", "number"),)

    id: Mapped[int] = mapped_column(ROW_NUMBER, primary_key=True, autoincrement=True)
    challenge_id: Mapped[str] = mapped_column(ForeignKey("challenges.id"))
    phase_id: Mapped[str] = mapped_column(ForeignKey("phases.id"), nullable=True)
    number: Mapped[int]
    content_hash: Mapped[str] = mapped_column(DIGEST)
    document: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    audit_head: Mapped[str | None] = mapped_column(String(64))
