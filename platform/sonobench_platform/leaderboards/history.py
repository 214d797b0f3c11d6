"""How a ranking came to be what it is: what each snapshot changed against the one before, and every team's rank over time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy.orm import Session

from sonobench_platform.leaderboards.snapshot_standings import Standing, standings_of
from sonobench_platform.leaderboards.snapshots import SnapshotLine


class Moved(NamedTuple):
    """A team whose rank changed. None: it was not on the board, or had no rank; which of both `is_there` tells."""

    team: str
    before: int | None
    after: int | None
    was_there: bool = True
    is_there: bool = True


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One snapshot in the history. `first` are the teams with rank 1; `moves` are by rank, those that left last.

    `is_exact`: with exact times and memory; `becomes_exact`: the one before was not.
    """

    snapshot: SnapshotLine
    teams: int
    first: tuple[str, ...]
    moves: tuple[Moved, ...]
    is_first: bool
    is_exact: bool
    becomes_exact: bool


class RankPoint(NamedTuple):
    """A team's place in the snapshot of this number."""

    number: int
    rank: int


def history_lines(session: Session, lines: Sequence[SnapshotLine], *, start: int, count: int) -> list[HistoryLine]:
    """Part of the history, newest first.

    Args:
        lines: all snapshots, oldest first.
        start: how many of the newest to leave out.
        count: how many lines at most.
    """
    end = len(lines) - start
    shown = lines[max(end - count, 0) : max(end, 0)]
    before = lines[max(end - count, 0) - 1] if shown and end - count > 0 else None
    standings = standings_of(session, [*([before] if before else []), *shown])
    return list(reversed(list(_compared(shown, before, standings))))


def ranks_over_time(session: Session, lines: Sequence[SnapshotLine]) -> dict[str, tuple[RankPoint, ...]]:
    """Each team's ranks in the snapshots given (oldest first); a team has no point where it had no rank."""
    standings = standings_of(session, lines)
    points: dict[str, list[RankPoint]] = {}
    for line in lines:
        for place in standings[line.content_hash].places:
            if place.rank is not None:
                points.setdefault(place.team, []).append(RankPoint(line.number, place.rank))
    return {team: tuple(found) for team, found in points.items()}


def moves_between(before: Standing, after: Standing) -> Iterator[Moved]:
    """Teams whose place changed, by their new rank; those that are new without a rank, and that left, at the end."""
    old = {place.team: place.rank for place in before.places}
    new = {place.team: place.rank for place in after.places}
    for place in after.places:
        if place.team not in old:
            yield Moved(place.team, None, place.rank, was_there=False)
        elif old[place.team] != place.rank:
            yield Moved(place.team, old[place.team], place.rank)
    for place in before.places:
        if place.team not in new:
            yield Moved(place.team, place.rank, None, is_there=False)


def _compared(
    shown: Sequence[SnapshotLine], before: SnapshotLine | None, standings: Mapping[str, Standing]
) -> Iterator[HistoryLine]:
    last = None if before is None else standings[before.content_hash]
    for line in shown:
        now = standings[line.content_hash]
        yield HistoryLine(
            snapshot=line,
            teams=len(now.places),
            first=tuple(place.team for place in now.places if place.rank == 1),
            moves=() if last is None else tuple(moves_between(last, now)),
            is_first=last is None,
            is_exact=now.exact,
            becomes_exact=last is not None and now.exact and not last.exact,
        )
        last = now
