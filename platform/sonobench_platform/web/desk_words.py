"""The desk's words for states, causes and blame: what happened, not what a program calls it."""

from __future__ import annotations

from sonobench_platform.domain.quota import GivenBack
from sonobench_platform.domain.states import OPEN, State
from sonobench_platform.web.contexts_desk_work import StateWords
from sonobench_platform.web.texts import _, ngettext


def state_words(state: str) -> StateWords:
    """A submission's state, and whether it is bad, under way, or neither."""
    known = State(state)
    if known in OPEN:
        return StateWords(state_title(known), "now")
    return StateWords(state_title(known), "bad" if known in {State.FAILED, State.REJECTED} else "done")


def state_title(state: State) -> str:
    return {
        State.UPLOADING: _("Being uploaded"),
        State.CHECKING: _("Image being checked"),
        State.QUEUED: _("Waits for a node"),
        State.RUNNING: _("Running"),
        State.SCORING: _("Being scored"),
        State.SCORED: _("Scored"),
        State.REJECTED: _("Image refused"),
        State.FAILED: _("Failed"),
        State.CANCELLED: _("Cancelled"),
        State.WITHDRAWN: _("Withdrawn"),
    }[state]


def cause_title(category: str) -> str:
    """A failure's category in words; of one that is not known here, its code with spaces."""
    known = {
        "time_limit": _("Over the time limit"),
        "memory_limit": _("Over the memory limit"),
        "output_limit": _("Too much output"),
        "crashed": _("Crashed"),
        "cannot_start": _("Could not start"),
        "no_output": _("Left no results"),
        "bad_output": _("Results that cannot be used"),
        "cancelled": _("Cancelled while it ran"),
        "platform_trouble": _("Trouble of the platform"),
        "undetermined": _("Nobody knows why"),
        "data": _("Trouble with the challenge's data"),
        "": _("No cause was kept"),
    }
    return known.get(category) or category.replace("_", " ").replace("-", " ").capitalize()


def blame_words(blame: str) -> str:
    """Whose fault it was."""
    known = {
        "participant": _("the team's image"),
        "organiser": _("the challenge or its data"),
        "platform": _("the platform"),
        "undetermined": _("not known: you decide"),
    }
    return known.get(blame, _("not known"))


def given_back_words(reason: str) -> str:
    """Why an attempt was given back, as the ledger keeps it."""
    known = {
        GivenBack.PLATFORM: _("the platform's own trouble"),
        GivenBack.REJECTED: _("the image was refused"),
        GivenBack.EXPIRED: _("the upload never came"),
        GivenBack.CANCELLED: _("cancelled before it ran"),
        GivenBack.CANARY: _("it crashed on the public samples"),
        GivenBack.ORGANISER: _("by an organizer"),
    }
    return known.get(reason, reason)  # type: ignore[call-overload, no-any-return]


def submissions_words(number: int) -> str:
    return ngettext("{number} submission", "{number} submissions", number).format(number=f"{number:,}")


def teams_words(number: int) -> str:
    return ngettext("{number} team", "{number} teams", number).format(number=f"{number:,}")


def short_digest(digest: str | None) -> str:
    """The first characters of an image's digest, as people tell images apart."""
    return "" if digest is None else digest.removeprefix("sha256:")[:12]


def duration_words(seconds: float) -> str:
    """`4.2 s`, `3 min 20 s`, `1 h 5 min`."""
    if seconds < 60:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"
