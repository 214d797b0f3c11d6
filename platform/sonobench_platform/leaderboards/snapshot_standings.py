"""Who stood where in each snapshot: the little of a board that its history needs, read once from each document and kept.

A published document never changes, and the hash of what it says names it; so what was read of it stays true.
"""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from sonobench_platform.db.models import PhaseRow, SnapshotRow
from sonobench_platform.leaderboards.aliases import uses_aliases

MOST_PLACES = 200_000
"""Places of teams that are kept: some 30 MB."""
_AT_ONCE = 20


class Placed(NamedTuple):
    """A team on a board. `rank`: 1 is best, ties share the smaller one; None: scored, not ranked."""

    team: str
    rank: int | None
    score: float | None


class Standing(NamedTuple):
    """A board's teams in its order. `exact`: made with exact times and memory, after the phase was closed.

    `is_named`: its rows lead to the teams, as those of a board under aliases do not.
    """

    exact: bool
    is_named: bool
    places: tuple[Placed, ...]

    @classmethod
    def of(cls, document: str) -> Standing:
        """Of a stored leaderboard document (`sonobench.leaderboard/1`)."""
        board = json.loads(document)
        places = tuple(Placed(row["team"], row["rank"], row["score"]) for row in board["rows"])
        is_named = any(row.get("submission") is not None for row in board["rows"])
        return cls(board.get("exact", True), is_named, places)


class Line(Protocol):
    """A snapshot without its document."""

    @property
    def id(self) -> int: ...
    @property
    def content_hash(self) -> str: ...


class _Kept:
    """By content hash, those that were asked for last; bounded by how many places they hold."""

    def __init__(self, most_places: int) -> None:
        self._most, self._held = most_places, 0
        self._lock = threading.Lock()
        self._standings: OrderedDict[str, Standing] = OrderedDict()

    def known(self, hashes: Iterable[str]) -> dict[str, Standing]:
        with self._lock:
            found = {each: self._standings[each] for each in hashes if each in self._standings}
            for each in found:
                self._standings.move_to_end(each)
        return found

    def keep(self, standings: Mapping[str, Standing]) -> None:
        with self._lock:
            for name, standing in standings.items():
                if name not in self._standings:
                    self._standings[name] = standing
                    self._held += len(standing.places)
            while self._held > self._most and len(self._standings) > 1:
                self._held -= len(self._standings.popitem(last=False)[1].places)


_kept = _Kept(MOST_PLACES)


def is_shown(standing: Standing, phase: PhaseRow) -> bool:
    """Whether a snapshot may be shown as its phase stands.

    Exact figures only while it is closed; and names not while it shows aliases, which an older snapshot would tell.
    """
    return not (standing.exact and phase.is_open) and not (standing.is_named and uses_aliases(phase))


def shows_all(phase: PhaseRow) -> bool:
    """Whether there is no snapshot of the phase that `is_shown` would keep back, so that none needs to be read for it."""
    return not phase.is_open and not uses_aliases(phase)


def standings_of(session: Session, lines: Sequence[Line]) -> dict[str, Standing]:
    """The standing of each snapshot, by content hash; documents are read only of those that are not known yet."""
    found = _kept.known(line.content_hash for line in lines)
    missing = {line.content_hash: line.id for line in lines if line.content_hash not in found}
    read = dict(_read(session, list(missing.values())))
    _kept.keep(read)
    return found | read


def _read(session: Session, ids: Sequence[int]) -> Iterator[tuple[str, Standing]]:
    # Few at a time: a document of many teams is large.
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        query = select(SnapshotRow.content_hash, SnapshotRow.document).where(SnapshotRow.id.in_(some))
        for content_hash, document in session.execute(query):
            yield content_hash, Standing.of(document)
