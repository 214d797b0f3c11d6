"""Nodes in the database."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from sonobench_platform.db.models import NodeRow


def find(session: Session, name: str) -> NodeRow | None:
    return session.get(NodeRow, name)


def everything(session: Session) -> list[NodeRow]:
    """Every node, by name."""
    return list(session.scalars(select(NodeRow).order_by(NodeRow.name)))
