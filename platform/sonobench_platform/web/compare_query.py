"""Which two teams an address asks for. A team's key is made from the name that the board shows, and from nothing else."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

from sonobench_eval.ranking.leaderboard import Row
from sonobench_platform.web.texts import _
from sonobench_platform.web.wording import shortened

_DIGITS = 12


class Pair(NamedTuple):
    """Two rows' numbers, from 0, or None where there are no two; `complaint` is empty where the address was understood."""

    numbers: tuple[int, int] | None
    complaint: str = ""


def key_of(row: Row) -> str:
    """Tells teams of a board apart in an address. Where the board shows an alias it is the alias's."""
    return hashlib.sha256(row.team.encode()).hexdigest()[:_DIGITS]


def read_pair(rows: Sequence[Row], first: str, second: str) -> Pair:
    """The teams asked for; the board's first two where none is named, and one that is not named is the best other one."""
    if len(rows) < 2:
        return Pair(None)
    known = {key_of(row): number for number, row in enumerate(rows)}
    lost = [key for key in (first, second) if key and key not in known]
    if lost:
        told = _("No team of this board has the key “{key}”. Choose two teams.")
        return Pair(None, told.format(key=shortened(lost[0], 40)))
    if first and first == second:
        return Pair(None, _("That is the same team twice. Choose two teams."))
    one = known.get(first, _other(known.get(second)))
    return Pair((one, known.get(second, _other(one))))


def _other(than: int | None) -> int:
    return 1 if than == 0 else 0
