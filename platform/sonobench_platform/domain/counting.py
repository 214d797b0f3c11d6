"""Which of a team's scored submissions counts on the board. Pure; each phase of a challenge names its rule."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Countable:
    """A scored submission: its team, when it was handed in, its evaluation's run, whether the team chose it, and whether it is
    out of the ranking."""

    submission_id: str
    run_id: str
    team_id: str
    created_at: datetime
    is_chosen: bool = False
    is_disqualified: bool = False


Places = Callable[[Sequence[Countable]], Sequence[float]]
"""For submissions of one team their places among themselves, 1 being the best; equal ones share a place."""


def eligible(submissions: Iterable[Countable]) -> list[Countable]:
    """Those that may count: of each team the ones that are not disqualified; where all are, all of them."""
    found = list(submissions)
    teams = {each.team_id for each in found if not each.is_disqualified}
    return [each for each in found if not (each.is_disqualified and each.team_id in teams)]


def last_scored(submissions: Iterable[Countable]) -> list[Countable]:
    """The rule `last`: of each team the scored submission that was handed in last; ordered by team.

    "Handed in", not "scored": which of two uploads the workers finish first is not for a queue to decide.
    """
    return [max(own, key=_handed_in) for own in _by_team(submissions)]


def chosen(submissions: Iterable[Countable]) -> list[Countable]:
    """The rule `chosen`: of each team the one that it chose, else the last; ordered by team."""
    return [max(own, key=lambda each: (each.is_chosen, *_handed_in(each))) for own in _by_team(submissions)]


def best_scored(submissions: Iterable[Countable], places: Places) -> list[Countable]:
    """The rule `best`: of each team the one with the best place, of equals the earliest; ordered by team.

    `places` is only asked about teams with several.
    """
    return [own[0] if len(own) == 1 else _best(own, places(own)) for own in _by_team(submissions)]


def _best(own: Sequence[Countable], places: Sequence[float]) -> Countable:
    return min(zip(places, own, strict=True), key=lambda pair: (pair[0], *_handed_in(pair[1])))[1]


def _by_team(submissions: Iterable[Countable]) -> list[list[Countable]]:
    teams: dict[str, list[Countable]] = {}
    for each in submissions:
        teams.setdefault(each.team_id, []).append(each)
    return [sorted(teams[team], key=_handed_in) for team in sorted(teams)]


def _handed_in(each: Countable) -> tuple[datetime, str]:
    return each.created_at, each.submission_id
