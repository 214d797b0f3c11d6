"""What nodes say of themselves is kept as they last said it; only the first reference time stays, to see drift by.

A node that never sent a report counts as unsafe: nothing is known about its limits.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from sonobench_platform.accounts.identity import Identity
from sonobench_platform.audit.log import record
from sonobench_platform.core import Core
from sonobench_platform.db.models import NodeRow
from sonobench_platform.db.session import Work
from sonobench_platform.nodes import repository

SEEN_TO_WITHIN = timedelta(minutes=1)
"""A node asks for work every few seconds; writing that down each time would be the database's main occupation."""


def keep_report(core: Core, work: Work, name: str, *, is_safe: bool, report: Mapping[str, Any]) -> None:
    """Keep what a node's own check found, in place of what it found before."""
    row = _row(core, work, name)
    row.is_safe, row.reported_at = is_safe, core.clock.now()
    row.report = _storable(json.dumps(report, ensure_ascii=False))


def keep_reference(core: Core, work: Work, name: str, seconds: float) -> None:
    """Keep what a node's reference container took just now; the first one stays what drift is measured from."""
    row = _row(core, work, name)
    row.reference_s, row.reference_at = seconds, core.clock.now()
    if row.first_reference_s is None:
        row.first_reference_s = seconds


def see(core: Core, work: Work, name: str, *, gpus: int | None = None) -> None:
    """Note that a node was heard of, to within a minute, and how many GPUs it offers, where it says.

    One that never said anything of itself is not made known by it.
    """
    row, now = repository.find(work.session, name), core.clock.now()
    if row is None:
        return
    if abs(now - row.seen_at) >= SEEN_TO_WITHIN:
        row.seen_at = now
    if gpus is not None and row.gpus != gpus:
        row.gpus = gpus


def forget(work: Work, name: str) -> bool:
    """Drop what is known of a node, e.g. after its hardware changed; True where something was. It makes itself known again."""
    row = repository.find(work.session, name)
    if row is not None:
        work.session.delete(row)
    return row is not None


def forget_by(core: Core, work: Work, caller: Identity, name: str) -> None:
    """Drop what is known of a node, and note who did it."""
    if forget(work, name):
        record(core, work, caller, "node.forget", name)


def is_safe(session: Session, name: str) -> bool:
    """True where the node's last report says that every limit bites there; False for one that never reported."""
    row = repository.find(session, name)
    return row is not None and row.is_safe


def drift_percent(row: NodeRow) -> float | None:
    """How much slower (above 0) or faster the node is than when its reference container first ran; None where it never did."""
    if not row.reference_s or not row.first_reference_s:
        return None
    return 100.0 * (row.reference_s / row.first_reference_s - 1.0)


def _row(core: Core, work: Work, name: str) -> NodeRow:
    now = core.clock.now()
    row = repository.find(work.session, name)
    if row is None:
        row = NodeRow(name=name, seen_at=now, is_safe=False, report="{}", reported_at=now)
        work.session.add(row)
    row.seen_at = now
    return row


def _storable(text: str) -> str:
    """Without halves of surrogate pairs, which no database and no answer holds; NUL is escaped in JSON anyway."""
    return text.encode("utf-8", "replace").decode()
