"""The queue as it stands: who waits, who runs, and in which order runs will be claimed."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from sonobench_platform.db.models import PhaseRow, RunRow, SubmissionRow
from sonobench_platform.domain.fairness import Waiting, fair_order
from sonobench_platform.domain.states import State
from sonobench_platform.submissions.repository import is_newest


def claim_order(session: Session, *, gpus: int | None = None) -> list[Waiting]:
    """Queued runs in the order in which they are due; with `gpus`, only those that a node with so many can run."""
    query = (
        select(RunRow.id, SubmissionRow.team_id, SubmissionRow.queued_at, SubmissionRow.state_since, PhaseRow.priority)
        .join(SubmissionRow, SubmissionRow.id == RunRow.submission_id)
        .join(PhaseRow, PhaseRow.id == SubmissionRow.phase_id)
        .where(SubmissionRow.state == State.QUEUED, is_newest())
    )
    if gpus is not None:
        query = query.where(PhaseRow.gpus <= gpus)
    found = session.execute(query)
    waiting = [Waiting(run, team, queued or since, priority) for run, team, queued, since, priority in found]
    return fair_order(waiting, _running_by_team(session)) if waiting else []


def _running_by_team(session: Session) -> dict[str, int]:
    running = SubmissionRow.state == State.RUNNING
    query = select(SubmissionRow.team_id, func.count()).where(running).group_by(SubmissionRow.team_id)
    return dict(session.execute(query).all())
