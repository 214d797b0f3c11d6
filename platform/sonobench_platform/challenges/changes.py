"""What was changed of a frozen challenge, and why: kept for good, shown to everyone."""

from __future__ import annotations

import json
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from sonobench_platform.db.models import ChallengeRow, ChangeRow


class ChangedLine(NamedTuple):
    """One difference: where, whether it was added, removed, changed or moved, and from what to what, where that is told."""

    what: str
    kind: str
    old: str | None
    new: str | None


class Changed(NamedTuple):
    """What was changed at once."""

    at: datetime
    reason: str
    changes: tuple[ChangedLine, ...]
    old_hash: str
    new_hash: str


def changes_of(session: Session, challenge: ChallengeRow) -> list[Changed]:
    """All changes since the challenge was frozen, newest first."""
    query = select(ChangeRow).where(ChangeRow.challenge_id == challenge.id).order_by(ChangeRow.number.desc())
    return [_changed(row) for row in session.scalars(query)]


def told(line: ChangedLine) -> str:
    """`limits.cpus: 4.0 → 8.0`."""
    match line.kind:
        case "moved":
            return f"{line.what}: in another order"
        case "changed" if line.old is not None or line.new is not None:
            value = line.new if line.old is None else f"{line.old} \u2192 {line.new}"
            return f"{line.what}: {value}"
        case _:
            value = line.new if line.new is not None else line.old
            return f"{line.what}: {line.kind}" + (f" ({value})" if value is not None else "")


def _changed(row: ChangeRow) -> Changed:
    lines = tuple(ChangedLine(each["what"], each["kind"], each["old"], each["new"]) for each in json.loads(row.changes))
    return Changed(row.at, row.reason, lines, row.old_hash, row.new_hash)
