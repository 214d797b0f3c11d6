"""Every read of hidden truth is in the audit log before it happens: one that then breaks off is there too."""

from __future__ import annotations

from sonobench_platform.accounts.identity import Identity
from sonobench_platform.accounts.tokens import TokenKind
from sonobench_platform.audit.log import record
from sonobench_platform.core import Core
from sonobench_platform.db.models import PhaseRow, RunRow, SubmissionRow
from sonobench_platform.db.session import Work

SCORE_WORKER = Identity(TokenKind.ORGANISER, "the score worker")
"""Who reads references. It may do nothing else, and acts for nobody."""


def note_the_read(core: Core, work: Work, run: RunRow, submission: SubmissionRow, phase: PhaseRow) -> None:
    """Add the row; commit it before the truth is opened."""
    record(
        core,
        work,
        SCORE_WORKER,
        "truth.read",
        submission.id,
        challenge_id=submission.challenge_id,
        detail={"run": run.id, "phase": phase.name, "dataset": phase.dataset_hash, "definition": phase.hash},
    )


def note_the_read_for_charts(core: Core, work: Work, phase: PhaseRow, snapshot: int) -> None:
    """Add the row of a read that the charts of a published board need; commit it before the truth is opened."""
    record(
        core,
        work,
        SCORE_WORKER,
        "truth.read",
        phase.id,
        challenge_id=phase.challenge_id,
        detail={"charts": snapshot, "phase": phase.name, "dataset": phase.dataset_hash, "definition": phase.hash},
    )
