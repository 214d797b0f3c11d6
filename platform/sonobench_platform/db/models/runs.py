"""Runs and their attempts, nodes, evaluations."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Boolean, Float, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from sonobench_platform.db.models.base import DIGEST, ID, Base


class RunRow(Base):
    """The run of a submission. `attempt` fences every write; `node` is None while nobody holds the lease.

    `lost` counts the attempts that ended by the platform's own trouble. `outcome` is the report of the attempt
    that counts, as JSON; its results are the tar of that attempt in the store. `canary` is the report of the run on public
    samples that went before it. Of a submission's runs, numbered from 1, one is current; `reason` says why there is another.
    `purpose` is `first`, `again` (its result takes the place of the one before) or `baseline` (it is only timed).
    """

    __tablename__ = "runs"
    __table_args__ = (Index(None, "node", "lease_until"),)

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    submission_id: Mapped[str] = mapped_column(ForeignKey("submissions.id"), index=True)
    created_at: Mapped[datetime]
    attempt: Mapped[int]
    lost: Mapped[int]
    node: Mapped[str | None] = mapped_column(String(64))
    lease_until: Mapped[datetime | None]
    phase: Mapped[str | None] = mapped_column(String(64))
    phase_since: Mapped[datetime | None]
    outcome: Mapped[str | None] = mapped_column(Text)
    number: Mapped[int]
    is_current: Mapped[bool] = mapped_column(Boolean)
    reason: Mapped[str | None] = mapped_column(Text)
    canary: Mapped[str | None] = mapped_column(Text)
    purpose: Mapped[str] = mapped_column(String(16), default="first")


class AttemptRow(Base):
    """One attempt at a run. `ended` says how: finished, lost, released, drained or cancelled; None while it lives.

    `pseudonym_key` (hex) makes the names that its container was given; None where it was given the cases' own. `live_log` is the
    end of its log while it lives, as it was at `live_log_at`, where teams may read it.
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
    live_log: Mapped[str | None] = mapped_column(Text)
    live_log_at: Mapped[datetime | None]


class NodeRow(Base):
    """A run worker's node. `report` is what `sonobench doctor` found there, as JSON; `is_safe` whether every limit bites.

    `reference_s` is what its reference container took when it last ran, `first_reference_s` when it first did. `gpus` is how
    many it last offered when it asked for a run. While it is drained it is given no run; who did that and why is kept.
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
    gpus: Mapped[int] = mapped_column(default=0)
    drained_at: Mapped[datetime | None]
    drained_by: Mapped[str | None] = mapped_column(String(100))
    drained_why: Mapped[str | None] = mapped_column(Text)


class CanaryRow(Base):
    """An image that ran well on a challenge's public samples (`canary_hash` is theirs): it need not do so again."""

    __tablename__ = "canaries"

    image_digest: Mapped[str] = mapped_column(ForeignKey("images.config_digest"), primary_key=True)
    canary_hash: Mapped[str] = mapped_column(DIGEST, primary_key=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id"))
    passed_at: Mapped[datetime]


class EvaluationRow(Base):
    """An evaluation of one run, numbered from 1: scoring again makes another, and one is current. Scoring twice leaves one.

    `document` is whole; `summary` is what the team may see of it: no cases, nothing that a container wrote.
    """

    __tablename__ = "evaluations"

    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    is_current: Mapped[bool] = mapped_column(Boolean)
    rescoring_id: Mapped[str | None] = mapped_column(ForeignKey("rescorings.id"), index=True)
    submission_id: Mapped[str] = mapped_column(ForeignKey("submissions.id"), index=True)
    challenge_hash: Mapped[str] = mapped_column(DIGEST)
    dataset_hash: Mapped[str] = mapped_column(DIGEST)
    evaluator_version: Mapped[str] = mapped_column(String(64))
    document: Mapped[str] = mapped_column(Text)
    summary: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]


class RescoringRow(Base):
    """Scoring stored predictions again after a metric was mended. `state` is running, ready, published or dropped.

    `changes` is what the board would become, as JSON; it is filled in when every item is done.
    """

    __tablename__ = "rescorings"

    id: Mapped[str] = mapped_column(ID, primary_key=True)
    phase_id: Mapped[str] = mapped_column(ForeignKey("phases.id"), index=True)
    state: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(Text)
    asked_by: Mapped[str] = mapped_column(String(100))
    asked_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    definition_hash: Mapped[str] = mapped_column(DIGEST)
    changes: Mapped[str | None] = mapped_column(Text)


class RescoringItemRow(Base):
    """One run in a rescoring. `worker`/`worker_until` is the lease of whoever scores it."""

    __tablename__ = "rescoring_items"

    rescoring_id: Mapped[str] = mapped_column(ForeignKey("rescorings.id"), primary_key=True)
    run_id: Mapped[str] = mapped_column(ForeignKey("runs.id"), primary_key=True)
    done_at: Mapped[datetime | None]
    trouble: Mapped[str | None] = mapped_column(Text)
    tries: Mapped[int]
    worker: Mapped[str | None] = mapped_column(ID)
    worker_until: Mapped[datetime | None]


class BaselineRow(Base):
    """A submission that is run again on a schedule, to notice a node that drifts."""

    __tablename__ = "baselines"

    submission_id: Mapped[str] = mapped_column(ForeignKey("submissions.id"), primary_key=True)
    every_s: Mapped[float] = mapped_column(Float)
    next_at: Mapped[datetime]
    last_at: Mapped[datetime | None]
