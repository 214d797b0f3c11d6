"""Who sees a challenge, and a phase's scores and board: everyone, each team its own, organisers, or everyone from a date on.

It is asked at every request, by the clock: a sealed board opens by itself.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sonobench_platform.accounts.identity import Identity
from sonobench_platform.challenges.phases import rules_of
from sonobench_platform.db.models import ChallengeRow, PhaseRow
from sonobench_platform.domain.errors import NotFound


def is_visible(challenge: ChallengeRow, caller: Identity | None) -> bool:
    """Whether `caller` (None: anyone) may know of the challenge: of a hidden one, its organisers alone."""
    return not challenge.is_hidden or (caller is not None and caller.may_organise(challenge.id))


def shows_board(phase: PhaseRow, caller: Identity | None, now: datetime) -> bool:
    """Whether `caller` (None: anyone) sees the phase's board."""
    return rules_of(phase).shows_scores_to(own=False, organiser=_organises(phase, caller), now=now)


def shows_scores(phase: PhaseRow, caller: Identity | None, team_id: str, now: datetime) -> bool:
    """Whether `caller` sees the scores of a submission of this team."""
    own = caller is not None and team_id in caller.team_ids
    return rules_of(phase).shows_scores_to(own=own, organiser=_organises(phase, caller), now=now)


def refuse_hidden_board(phase: PhaseRow, caller: Identity | None, now: datetime) -> None:
    """Raises `NotFound` unless the caller sees the phase's board."""
    if not shows_board(phase, caller, now):
        raise NotFound("board-not-shown", why_hidden(phase))


def why_hidden(phase: PhaseRow) -> str:
    """Why scores are not shown, and when they will be."""
    rules = rules_of(phase)
    if rules.sealed_until is not None:
        return f"Scores of this phase are sealed until {rules.sealed_until.astimezone(UTC):%Y-%m-%d %H:%M} UTC."
    if rules.scores == "own":
        return "The board of this phase is for its organisers; each team sees its own scores."
    return "Scores of this phase are for its organisers."


def _organises(phase: PhaseRow, caller: Identity | None) -> bool:
    return caller is not None and caller.may_organise(phase.challenge_id)
