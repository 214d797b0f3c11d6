"""Published rankings by their permanent address, which is the hash of what they say.

Whoever may see a phase's board may see what it said before, and nobody else: asked anew at every request. Kept back is what the
present board would not say either (`snapshot_standings.is_shown`): exact figures while the phase takes images again, which are a
way to carry answers out, and names while it shows aliases.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from sonobench_platform.accounts.identity import Identity
from sonobench_platform.challenges.phases import get_phase, of_challenge
from sonobench_platform.challenges.showing import refuse_hidden_board, shows_board
from sonobench_platform.db.models import ChallengeRow, PhaseRow, SnapshotRow
from sonobench_platform.domain.errors import NotFound
from sonobench_platform.leaderboards.snapshot_standings import Standing, is_shown, shows_all, standings_of
from sonobench_platform.teams.visible import visible

SHORTEST = 12
"""Hexadecimal digits that an address needs at least."""
_DIGEST = re.compile(rf"[0-9a-f]{{{SHORTEST},64}}")
_ALGORITHM = "sha256:"


@dataclass(frozen=True, slots=True)
class SnapshotLine:
    """A snapshot without its document. `number` counts from 1 in its phase."""

    id: int
    number: int
    content_hash: str
    created_at: datetime

    @property
    def digest(self) -> str:
        """The 64 hexadecimal digits that its address ends with."""
        return self.content_hash.removeprefix(_ALGORITHM)


@dataclass(frozen=True, slots=True)
class FoundSnapshot:
    """A snapshot as one reader may see it.

    `same` are all snapshots of its phase that say the same, itself included, oldest first: a ranking can be on show twice.
    `is_for_all`: anybody may see it, so that its files may lie in shared caches. `audit_head`: the audit log's last hash when
    it was published; None where the log was empty.
    """

    challenge: str
    phase: str
    line: SnapshotLine
    document: str
    latest: SnapshotLine
    same: tuple[SnapshotLine, ...]
    is_for_all: bool
    audit_head: str | None = None


def snapshot_of(session: Session, caller: Identity | None, challenge_name: str, *, digest: str, now: datetime) -> FoundSnapshot:
    """The snapshot whose hash begins so, of any phase whose board the caller sees.

    Raises:
        NotFound: there is none, several begin so, it is too short to tell, or the reader does not see it.
    """
    challenge = visible(session, caller, challenge_name)
    if not _DIGEST.fullmatch(digest.lower()):
        said = f"A snapshot's address ends with {SHORTEST} to 64 digits of its hash, each 0 to 9 or a to f."
        raise NotFound("no-such-snapshot", said)
    shown = {phase.id: phase for phase in of_challenge(session, challenge.id) if shows_board(phase, caller, now)}
    rows = _beginning(session, list(shown), digest.lower())
    rows = [row for row in rows if _is_shown(row, shown[row.phase_id])]
    if len({row.content_hash for row in rows}) > 1:
        said = "Several snapshots have hashes that begin so; add more digits of the one you mean."
        raise NotFound("several-snapshots", said)
    if not rows:
        said = f"No snapshot of {challenge.title} that is on show has a hash that begins so."
        raise NotFound("no-such-snapshot", said)
    return _found(session, challenge, shown[rows[0].phase_id], rows, now)


def snapshot_as_of(
    session: Session, caller: Identity | None, challenge_name: str, *, phase: str | None, moment: datetime, now: datetime
) -> SnapshotLine:
    """The snapshot that was on show at a moment.

    Raises:
        NotFound: the phase's board is not shown to the caller, or nothing was published before that moment.
    """
    lines = snapshots_of(session, caller, challenge_name, phase=phase, now=now)
    before = [line for line in lines if line.created_at <= moment]
    if not before:
        first = f" The first one is of {lines[0].created_at:%Y-%m-%d %H:%M} UTC." if lines else ""
        raise NotFound("no-snapshot-yet", f"No ranking had been published by {moment:%Y-%m-%d %H:%M %Z}.{first}")
    return before[-1]


def snapshots_of(
    session: Session, caller: Identity | None, challenge_name: str, *, phase: str | None, now: datetime
) -> list[SnapshotLine]:
    """Every snapshot of a phase that the caller may see, oldest first; of the main phase where none is named.

    Raises:
        NotFound: there is no such challenge or phase, or its board is not shown to the caller.
    """
    row = _shown_phase(session, caller, challenge_name, phase, now)
    lines = _lines(session, row.id)
    if shows_all(row):
        return lines
    standings = standings_of(session, lines)
    return [line for line in lines if is_shown(standings[line.content_hash], row)]


def phase_id_of(session: Session, caller: Identity | None, challenge_name: str, *, phase: str | None) -> str:
    """What names a phase for good, though it or its challenge be renamed.

    Raises:
        NotFound: there is no such challenge or phase.
    """
    return get_phase(session, visible(session, caller, challenge_name), phase).id


def _shown_phase(session: Session, caller: Identity | None, challenge: str, phase: str | None, now: datetime) -> PhaseRow:
    row = get_phase(session, visible(session, caller, challenge), phase)
    refuse_hidden_board(row, caller, now)
    return row


def _lines(session: Session, phase_id: str) -> list[SnapshotLine]:
    columns = select(SnapshotRow.id, SnapshotRow.number, SnapshotRow.content_hash, SnapshotRow.created_at)
    found = session.execute(columns.where(SnapshotRow.phase_id == phase_id).order_by(SnapshotRow.number))
    return [SnapshotLine(*row) for row in found]


def _beginning(session: Session, phases: Sequence[str], digest: str) -> list[SnapshotRow]:
    query = select(SnapshotRow).where(SnapshotRow.phase_id.in_(phases))
    # The digits were checked: none of them means anything to LIKE.
    query = query.where(SnapshotRow.content_hash.like(f"{_ALGORITHM}{digest}%")).order_by(SnapshotRow.id).limit(200)
    return list(session.scalars(query))


def _found(session: Session, challenge: ChallengeRow, phase: PhaseRow, rows: list[SnapshotRow], now: datetime) -> FoundSnapshot:
    same = tuple(_line(row) for row in rows if row.phase_id == phase.id)
    latest = session.scalars(
        select(SnapshotRow).where(SnapshotRow.phase_id == phase.id).order_by(SnapshotRow.number.desc()).limit(1)
    ).one()
    return FoundSnapshot(
        challenge=challenge.name,
        phase=phase.name,
        line=same[0],
        document=rows[0].document,
        latest=_line(latest),
        same=same,
        is_for_all=not challenge.is_hidden and shows_board(phase, None, now),
        audit_head=rows[0].audit_head,
    )


def _line(row: SnapshotRow) -> SnapshotLine:
    return SnapshotLine(row.id, row.number, row.content_hash, row.created_at)


def _is_shown(row: SnapshotRow, phase: PhaseRow) -> bool:
    return shows_all(phase) or is_shown(Standing.of(row.document), phase)
