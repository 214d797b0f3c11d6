"""The states of a submission and the only steps between them. Pure.

    uploading -> checking -> queued -> running -> scoring -> scored
                     |          ^---------'----------'  (lost runs and damaged results go back, at no cost to the team)
                 rejected            failed, cancelled; scored -> withdrawn

Organisers may have a scored or failed submission run again: it goes back to `queued`. A score that it has stays until the new
run brings another; where that brings none, the submission goes back to `scored` with the old one. A failure that no program
can judge goes on to `scoring` once an organiser says that it was the image's own, where it left results.

Every state that is not an end has a deadline, and says what happens when it passes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Literal


class State(StrEnum):
    UPLOADING = "uploading"
    CHECKING = "checking"
    QUEUED = "queued"
    RUNNING = "running"
    SCORING = "scoring"
    SCORED = "scored"
    REJECTED = "rejected"
    FAILED = "failed"
    CANCELLED = "cancelled"
    WITHDRAWN = "withdrawn"

    @property
    def is_open(self) -> bool:
        """True while the platform still has something to do."""
        return self in OPEN


TRANSITIONS: MappingProxyType[State, frozenset[State]] = MappingProxyType(
    {
        State.UPLOADING: frozenset({State.CHECKING, State.CANCELLED}),
        State.CHECKING: frozenset({State.QUEUED, State.REJECTED, State.FAILED, State.CANCELLED}),
        State.QUEUED: frozenset({State.RUNNING, State.CANCELLED, State.SCORED}),
        State.RUNNING: frozenset({State.SCORING, State.QUEUED, State.FAILED, State.CANCELLED, State.SCORED}),
        # To `failed` only where the image failed by its own fault and nothing that it left can be scored.
        State.SCORING: frozenset({State.SCORED, State.QUEUED, State.FAILED, State.CANCELLED}),
        State.SCORED: frozenset({State.WITHDRAWN, State.QUEUED}),
        State.REJECTED: frozenset(),
        State.FAILED: frozenset({State.QUEUED, State.SCORING}),
        State.CANCELLED: frozenset(),
        State.WITHDRAWN: frozenset(),
    }
)

OPEN: frozenset[State] = frozenset({State.UPLOADING, State.CHECKING, State.QUEUED, State.RUNNING, State.SCORING})

COUNTING: frozenset[State] = frozenset({State.SCORED, State.QUEUED, State.RUNNING, State.SCORING})
"""States in which a score that a submission has counts: it may be run again meanwhile."""

WhenOverdue = Literal["cancel", "fail", "requeue", "alert"]


@dataclass(frozen=True, slots=True)
class Deadline:
    """How long a state may last, and what then: end it, start it anew, or tell the organiser (never the team's loss)."""

    after: timedelta
    then: WhenOverdue


DEADLINES: MappingProxyType[State, Deadline] = MappingProxyType(
    {
        State.UPLOADING: Deadline(timedelta(hours=24), "cancel"),
        State.CHECKING: Deadline(timedelta(hours=12), "fail"),
        State.QUEUED: Deadline(timedelta(hours=24), "alert"),
        # On top of the challenge's own time limit: fetching, loading and handing back lie outside it.
        State.RUNNING: Deadline(timedelta(hours=2), "requeue"),
        State.SCORING: Deadline(timedelta(hours=6), "alert"),
    }
)


class ForbiddenTransition(Exception):
    """There is no such step."""

    def __init__(self, origin: State, target: State) -> None:
        super().__init__(f"a submission cannot go from {origin} to {target}")
        self.origin = origin
        self.target = target


def check_transition(origin: State, target: State) -> None:
    """Raise `ForbiddenTransition` unless the table has this step."""
    if target not in TRANSITIONS[origin]:
        raise ForbiddenTransition(origin, target)
