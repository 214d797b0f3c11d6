"""Draining: a node is given no new run until it is taken back; the run it has goes on to its end."""

from __future__ import annotations

from sqlalchemy.orm import Session

from sonobench_platform.accounts.identity import Identity
from sonobench_platform.audit.log import record
from sonobench_platform.core import Core
from sonobench_platform.db.models import NodeRow
from sonobench_platform.db.session import Work
from sonobench_platform.domain.errors import NotFound
from sonobench_platform.nodes import repository


def drain(core: Core, work: Work, caller: Identity, name: str, *, reason: str) -> NodeRow:
    """Give the node no new run. Twice is harmless: the first time and reason stay.

    Raises:
        NotFound: there is no such node.
    """
    row = get_node(work.session, name)
    if row.drained_at is None:
        row.drained_at, row.drained_by, row.drained_why = core.clock.now(), caller.name[:100], reason
        record(core, work, caller, "node.drain", name, reason=reason)
    return row


def take_back(core: Core, work: Work, caller: Identity, name: str) -> NodeRow:
    """Let the node have runs again. Twice is harmless.

    Raises:
        NotFound: there is no such node.
    """
    row = get_node(work.session, name)
    if row.drained_at is not None:
        row.drained_at = row.drained_by = row.drained_why = None
        record(core, work, caller, "node.take-back", name)
    return row


def is_drained(session: Session, name: str) -> bool:
    row = repository.find(session, name)
    return row is not None and row.drained_at is not None


def get_node(session: Session, name: str) -> NodeRow:
    """Raises NotFound where no node of that name has made itself known."""
    row = repository.find(session, name)
    if row is None:
        raise NotFound("no-such-node", "No node of that name has made itself known.")
    return row
