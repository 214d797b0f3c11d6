"""A submission's history as stays: how long it was in each state, how often it was run, what the platform's trouble cost.

Pure, and made from what a submission's own view tells, so that it can say no more than that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sonobench_platform.domain.states import State
from sonobench_platform.submissions.schemas import Step

_AGAIN = frozenset({State.RUNNING, State.SCORING})


@dataclass(frozen=True, slots=True)
class Stay:
    """A state that a submission is or was in.

    Args:
        until: when it left; None: it is in it still, or it has ended with it.
        cause: why it came to it, as its history says.
        run: which start of a run this is, from 1; None where nothing ran.
        is_coarse: its moments are told in whole minutes.
        was_interrupted: the run broke off without the image's fault, and it went back to wait.
    """

    state: State
    since: datetime
    until: datetime | None
    cause: str
    run: int | None = None
    is_coarse: bool = False
    was_interrupted: bool = False

    @property
    def is_end(self) -> bool:
        return not self.state.is_open

    def lasted(self, now: datetime) -> timedelta:
        """How long it was or has been in it; never below nothing, whatever the clocks said."""
        return max((self.until or now) - self.since, timedelta(0))


def stays_of(history: Sequence[Step], *, exact: bool) -> tuple[Stay, ...]:
    """Every stay, oldest first.

    Args:
        exact: False: from the first run on, moments are in whole minutes.
    """
    found: list[Stay] = []
    runs, began_to_run = 0, False
    for step, then in zip(history, [*history[1:], None], strict=True):
        runs += step.to == State.RUNNING
        began_to_run = began_to_run or step.to == State.RUNNING
        is_run = step.to == State.RUNNING
        left_to = None if then is None else then.to
        found.append(
            Stay(
                state=step.to,
                since=step.at,
                until=None if then is None else then.at,
                cause=step.cause,
                run=runs if is_run else None,
                is_coarse=not exact and began_to_run,
                was_interrupted=step.to in _AGAIN and left_to == State.QUEUED,
            )
        )
    return tuple(found)


def interruptions(stays: Sequence[Stay]) -> int:
    """How often the platform had to begin again, at no cost to the team."""
    return sum(stay.was_interrupted for stay in stays)
