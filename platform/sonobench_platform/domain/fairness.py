"""Whose run is next: of the highest priority, the team with the fewest running, then the oldest. Pure.

Ten uploads of one team cannot hold up another team's first.
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """A run in the queue. `since` is when its submission first got there; a re-queued run keeps its place.

    `priority` is that of its phase: higher goes first.
    """

    run_id: str
    team_id: str
    since: datetime
    priority: int = 0


def fair_order(waiting: Iterable[Waiting], running: Mapping[str, int]) -> list[Waiting]:
    """The order in which runs would be claimed if nothing finished meanwhile.

    Args:
        waiting: every queued run.
        running: how many runs each team has running now (absent: 0).
    """
    levels: defaultdict[int, list[Waiting]] = defaultdict(list)
    for each in waiting:
        levels[each.priority].append(each)
    busy, order = Counter(running), list[Waiting]()
    for priority in sorted(levels, reverse=True):
        turn = _fair_between_teams(levels[priority], busy)
        busy.update(each.team_id for each in turn)
        order += turn
    return order


def _fair_between_teams(waiting: Iterable[Waiting], running: Mapping[str, int]) -> list[Waiting]:
    by_team: defaultdict[str, list[Waiting]] = defaultdict(list)
    for each in sorted(waiting, key=lambda w: (w.since, w.run_id), reverse=True):
        by_team[each.team_id].append(each)
    heap = [(running.get(team, 0), queue[-1].since, queue[-1].run_id, team) for team, queue in by_team.items()]
    heapq.heapify(heap)
    order = []
    while heap:
        busy, _, _, team = heapq.heappop(heap)
        order.append(by_team[team].pop())
        if by_team[team]:
            following = by_team[team][-1]
            heapq.heappush(heap, (busy + 1, following.since, following.run_id, team))
    return order
