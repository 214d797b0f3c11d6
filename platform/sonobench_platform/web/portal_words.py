"""Words of the portal: states, parts in a team, how a team stands in a challenge, moments."""

from __future__ import annotations

from datetime import datetime

from sonobench_platform.domain.states import State
from sonobench_platform.teams.standing import Standing
from sonobench_platform.web.contexts_portal import Mark, Moment
from sonobench_platform.web.texts import _
from sonobench_platform.web.wording import date_words

_MARKS: dict[State, Mark] = {
    State.SCORED: "done",
    State.REJECTED: "stopped",
    State.FAILED: "stopped",
    State.CANCELLED: "later",
    State.WITHDRAWN: "later",
}


def mark_of(state: State) -> Mark:
    """How a submission in this state is marked; one that is under way waits."""
    return _MARKS.get(state, "waiting")


def state_words(state: State) -> str:
    return {
        State.UPLOADING: _("Waits for its image"),
        State.CHECKING: _("Image is being checked"),
        State.QUEUED: _("Waits for its turn"),
        State.RUNNING: _("Runs"),
        State.SCORING: _("Is being scored"),
        State.SCORED: _("Scored"),
        State.REJECTED: _("Image not taken"),
        State.FAILED: _("Did not run to its end"),
        State.CANCELLED: _("Canceled"),
        State.WITHDRAWN: _("Withdrawn"),
    }[state]


def standing_words(standing: Standing) -> str:
    return {
        Standing.IN: _("may hand in"),
        Standing.ABSENT: _("has not entered"),
        Standing.UNSIGNED: _("has to sign the terms"),
        Standing.PENDING: _("waits for the organizers"),
        Standing.REFUSED: _("was not admitted"),
        Standing.WITHDRAWN: _("withdrew"),
    }[standing]


def part_words(*, is_captain: bool) -> str:
    return _("captain") if is_captain else _("member")


def mark_words(mark: Mark) -> str:
    return {
        "done": _("Done"),
        "now": _("To do"),
        "waiting": _("Waiting for the organizers"),
        "later": _("Later"),
        "stopped": _("Not possible"),
    }[mark]


def moment(at: datetime | None) -> Moment:
    return Moment("", "") if at is None else Moment(at.isoformat(), date_words(at))


def number_of(submission_id: str) -> str:
    """An id's own part, by which people tell their submissions apart: `k3jw5xq2` of `sub-k3jw5xq2m7ud4n6a`."""
    return submission_id.partition("-")[2][:8] or submission_id
