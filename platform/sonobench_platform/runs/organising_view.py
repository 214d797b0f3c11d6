"""Rescorings and baselines as organisers see them."""

from __future__ import annotations

from sqlalchemy.orm import Session

from sonobench_platform.db.models import ChallengeRow, PhaseRow, RescoringRow
from sonobench_platform.nodes import repository as nodes
from sonobench_platform.runs.baseline_times import drift_on
from sonobench_platform.runs.baselines import Baseline
from sonobench_platform.runs.organising_schemas import BaselineView, NodeTime, Rescoring
from sonobench_platform.runs.rank_changes import Changes
from sonobench_platform.runs.rescoring import items_of


def rescoring_view(session: Session, row: RescoringRow) -> Rescoring:
    """One rescoring, with how far it is."""
    phase = session.get_one(PhaseRow, row.phase_id)
    items = items_of(session, row.id)
    return Rescoring(
        id=row.id,
        challenge=session.get_one(ChallengeRow, phase.challenge_id).name,
        phase=phase.name,
        state=row.state,
        reason=row.reason,
        asked_by=row.asked_by,
        asked_at=row.asked_at,
        ended_at=row.ended_at,
        definition_hash=row.definition_hash,
        runs=len(items),
        done=sum(item.done_at is not None for item in items),
        trouble=sum(item.trouble is not None for item in items),
        changes=None if row.changes is None else Changes.model_validate_json(row.changes),
    )


def baseline_view(session: Session, baseline: Baseline) -> BaselineView:
    """One baseline, with its times on every node that ran it often enough."""
    row = baseline.row
    found = [(node.name, drift_on(session, node.name, row.submission_id)) for node in nodes.everything(session)]
    return BaselineView(
        submission=row.submission_id,
        every_s=row.every_s,
        next_at=row.next_at,
        last_at=row.last_at,
        nodes=[
            NodeTime(node=name, last_s=drift.last_s, usual_s=drift.usual_s, drift_percent=drift.percent)
            for name, drift in found
            if drift is not None
        ],
    )
