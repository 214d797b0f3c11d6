"""Which nodes may have runs. Run workers hold back by themselves on a node where a limit does not bite; this is the
second lock, for a worker that is older, was changed, or lies about nothing but whether it looked.
"""

from __future__ import annotations

import json

from sqlalchemy.orm import Session

from sonobench_platform.db.models import NodeRow
from sonobench_platform.domain.errors import Forbidden
from sonobench_platform.nodes import repository

ACCEPTED = "accepted_unsafe"
"""In a node's report: its operator lets it have runs all the same (SONOBENCH_ACCEPT_UNSAFE_NODE)."""


def admit(session: Session, name: str) -> None:
    """Let a node claim runs.

    Raises:
        Forbidden: `node-unknown`, it never said how it is; `node-unsafe`, it said that hidden data must not go there.
    """
    row = repository.find(session, name)
    if row is not None and (row.is_safe or is_accepted(row)):
        return
    if row is None or not json.loads(row.report):  # a node's speed can be known before its safety
        raise Forbidden("node-unknown", f"Node {name} has not said how it is. Its run worker does so when it starts.")
    raise Forbidden(
        "node-unsafe", f"Node {name} is not safe for hidden data by its own report. `sonobench doctor` there says why."
    )


def is_accepted(row: NodeRow) -> bool:
    """Whether the node's operator lets it have runs although it is not safe."""
    return json.loads(row.report).get(ACCEPTED) is True
