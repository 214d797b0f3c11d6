"""A node as organisers see it."""

from __future__ import annotations

import json

from sqlalchemy.orm import Session

from sonobench_platform.db.models import NodeRow
from sonobench_platform.nodes.schemas import Node
from sonobench_platform.nodes.service import drift_percent
from sonobench_platform.runs.baseline_times import worst_drift_on


def node_of(session: Session, row: NodeRow) -> Node:
    drift = worst_drift_on(session, row.name)
    return Node(
        name=row.name,
        seen_at=row.seen_at,
        is_safe=row.is_safe,
        reported_at=row.reported_at,
        report=json.loads(row.report),
        reference_s=row.reference_s,
        first_reference_s=row.first_reference_s,
        reference_at=row.reference_at,
        drift_percent=drift_percent(row),
        gpus=row.gpus,
        baseline_drift_percent=None if drift is None else drift.percent,
        drained_at=row.drained_at,
        drained_by=row.drained_by,
        drained_why=row.drained_why,
    )
