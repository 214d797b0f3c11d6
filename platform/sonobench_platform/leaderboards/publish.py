"""Publishing: the counted evaluations become a board, kept as a snapshot. Never touches truth or predictions."""

from __future__ import annotations

import hashlib
import json

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session

from sonobench_eval.evaluation import Evaluation
from sonobench_eval.ranking.leaderboard import Leaderboard
from sonobench_platform.challenges.definition import public_challenge
from sonobench_platform.core import Contender, Core
from sonobench_platform.db.models import EvaluationRow, PhaseRow, RunRow, SnapshotRow, SubmissionRow, TeamRow
from sonobench_platform.db.session import Work
from sonobench_platform.domain.counting import Countable, last_scored
from sonobench_platform.domain.states import State
from sonobench_platform.runs.report import Report


def publish(core: Core, work: Work, *, phase_id: str) -> SnapshotRow:
    """Make the board from what is scored in this transaction's eyes, and keep it unless it says the same as the last.

    While the phase is open, times and memory are rounded and ranks use them so; once it is closed they are exact.
    """
    # Two scorings that end together must each see the other's result, or the later board would lack one.
    work.take_turns(f"leaderboard of {phase_id}")
    work.session.flush()
    # Read anew: it may have been closed while this transaction waited for its turn.
    phase = work.session.get_one(PhaseRow, phase_id, populate_existing=True)
    board = core.evaluator.build_leaderboard(
        public_challenge(phase),
        contenders(core, work.session, phase_id),
        definition_hash=phase.hash,
        dataset_hash=phase.dataset_hash,
        generated_at=core.clock.now(),
        exact=not phase.is_open,
    )
    return _keep(core, work, phase, board)


def contenders(core: Core, session: Session, phase_id: str) -> list[Contender]:
    """Of each team the submission that counts (rule `last_scored`)."""
    counted = last_scored(_scored(session, phase_id))
    return [_contender(core, session, each) for each in counted]


def content_hash(board: Leaderboard) -> str:
    """`sha256:...` of everything but the time it was made at: the same numbers have the same hash."""
    content = board.model_dump(mode="json", by_alias=True, exclude={"generated_at"})
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return f"sha256:{hashlib.sha256(canonical.encode()).hexdigest()}"


def _scored(session: Session, phase_id: str) -> list[Countable]:
    query = (
        select(SubmissionRow.id, RunRow.id, SubmissionRow.team_id, SubmissionRow.created_at)
        .join(RunRow, and_(RunRow.submission_id == SubmissionRow.id, RunRow.is_current))
        .join(EvaluationRow, and_(EvaluationRow.run_id == RunRow.id, EvaluationRow.is_current))
        .where(SubmissionRow.phase_id == phase_id, SubmissionRow.state == State.SCORED)
    )
    return [Countable(*row) for row in session.execute(query)]


def _contender(core: Core, session: Session, counted: Countable) -> Contender:
    submission = session.get_one(SubmissionRow, counted.submission_id)
    run = session.get_one(RunRow, counted.run_id)
    measured = Report.model_validate_json(run.outcome or "").measurement
    replicates = core.store.replicates(counted.run_id)
    return Contender(
        team=session.get_one(TeamRow, counted.team_id).name,
        evaluation=Evaluation.from_json(_document(session, counted.run_id)),
        time_s=measured.wall_time_s,
        reference_s=measured.reference_s,
        gpu_memory_bytes=measured.peak_gpu_memory_bytes,
        host_memory_bytes=measured.peak_host_memory_bytes,
        replicates=replicates if replicates.is_file() else None,
        submission=submission.id,
        image_digest=submission.image_digest,
        times_s=measured.repeats_s,
    )


def _document(session: Session, run_id: str) -> str:
    return session.scalars(select(EvaluationRow.document).where(EvaluationRow.run_id == run_id, EvaluationRow.is_current)).one()


def _keep(core: Core, work: Work, phase: PhaseRow, board: Leaderboard) -> SnapshotRow:
    last = latest(work.session, phase.id)
    found = content_hash(board)
    if last is not None and last.content_hash == found:
        return last
    number = (work.session.scalar(select(func.max(SnapshotRow.number)).where(SnapshotRow.phase_id == phase.id)) or 0) + 1
    row = SnapshotRow(
        challenge_id=phase.challenge_id,
        phase_id=phase.id,
        number=number,
        content_hash=found,
        document=board.to_json(),
        created_at=core.clock.now(),
    )
    work.session.add(row)
    work.session.flush()
    return row


def latest(session: Session, phase_id: str) -> SnapshotRow | None:
    """The snapshot that is on show."""
    query = select(SnapshotRow).where(SnapshotRow.phase_id == phase_id).order_by(SnapshotRow.number.desc()).limit(1)
    return session.scalar(query)
