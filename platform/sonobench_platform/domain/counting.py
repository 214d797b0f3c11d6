"""Which of a team's submissions counts on the board. Pure; a challenge will be able to name its rule."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Countable:
    """A scored submission: its team, when it was handed in, and its evaluation's run."""

    submission_id: str
    run_id: str
    team_id: str
    created_at: datetime


def last_scored(submissions: Iterable[Countable]) -> list[Countable]:
    """The rule `last_scored`: of each team the scored submission that was handed in last; ordered by team.

    "Handed in", not "scored": which of two uploads the workers finish first is not for a queue to decide.
    """
    last: dict[str, Countable] = {}
    for each in submissions:
        known = last.get(each.team_id)
        if known is None or (known.created_at, known.submission_id) < (each.created_at, each.submission_id):
            last[each.team_id] = each
    return [last[team] for team in sorted(last)]
