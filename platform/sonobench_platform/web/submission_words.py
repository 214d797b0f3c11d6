"""A submission's states, steps and times in words. No name of a state is shown as the code has it."""

from __future__ import annotations

from datetime import datetime, timedelta

from sonobench_eval.report import figures
from sonobench_platform.domain.states import State
from sonobench_platform.submissions.timeline import Stay
from sonobench_platform.web.texts import _, ngettext
from sonobench_platform.web.wording import shown_name

_COARSE_S = 60


def state_title(state: State) -> str:
    """What is or was going on in this state, as a heading."""
    titles = {
        State.UPLOADING: _("Waiting for the image"),
        State.CHECKING: _("Checking the image"),
        State.QUEUED: _("Waiting in the queue"),
        State.RUNNING: _("Running"),
        State.SCORING: _("Scoring the results"),
        State.SCORED: _("Scored"),
        State.REJECTED: _("Image refused"),
        State.FAILED: _("Ended without a score"),
        State.CANCELLED: _("Cancelled"),
        State.WITHDRAWN: _("Withdrawn"),
    }
    return titles[state]


def stay_title(stay: Stay) -> str:
    """As `state_title`; a run that is started anew says which start it is."""
    if stay.run is not None and stay.run > 1:
        return _("Running, start {number}").format(number=stay.run)
    return state_title(stay.state)


def length_words(span: timedelta, *, is_coarse: bool) -> str:
    """How long something took: `14 min`, `36 s`; in whole minutes where it is told so."""
    seconds = span.total_seconds()
    if not is_coarse:
        return figures.duration(seconds)
    if seconds < _COARSE_S:
        return _("less than a minute")
    return _("about {length}").format(length=figures.duration(seconds // _COARSE_S * _COARSE_S))


def cause_words(stay: Stay) -> str:
    """Why it came to this, where that says more than the step itself; empty where it does not."""
    cause = stay.cause
    if cause in _SAYS_NOTHING or (cause.startswith("attempt ") and cause.endswith(" started")):
        return ""
    known = _known_causes().get(cause)
    if known is not None:
        return known
    if cause.startswith("image verified"):
        _before, again, other = cause.partition("the same image as in ")
        return _("The image is sound. It is the same one as in {id}.").format(id=other) if again else _("The image is sound.")
    return _sentence(shown_name(cause))


_SAYS_NOTHING = frozenset({"created", "upload complete", "scored", "run finished, results handed back"})


def _known_causes() -> dict[str, str]:
    """The platform's own words for what befell a run, and who ended one."""
    again = _("It was run again, at no cost to the team.")
    return {
        "its worker was lost; queued again, at no cost": _("The machine that ran it was lost.") + f" {again}",
        "its worker had trouble; queued again, at no cost": _("The machine that ran it had trouble.") + f" {again}",
        "its worker is being shut down; queued again, at no cost": _("The machine that ran it was shut down.") + f" {again}",
        "its results were damaged before they were scored; queued again, at no cost": _(
            "Its results were damaged on the platform before they were scored."
        )
        + f" {again}",
        "run again by the organisers, at no cost; an earlier score stays until there is a new one": _(
            "The organizers have it run again, at no cost to the team. An earlier score stays until there is a new one."
        ),
        "run again as a baseline, to see whether a node has drifted; its score stays as it is": _(
            "It is run again as a baseline, to see whether a machine has become slower. Its score stays as it is."
        ),
        "run again as a baseline: only its time was taken": _("It was run again as a baseline: only its time was taken."),
        "an organiser found that the image itself is the reason; what it had written is scored": _(
            "An organizer found that the image itself is the reason; what it had written is scored."
        ),
        "cancelled by the team": _("Cancelled by the team."),
        "cancelled by an organiser": _("Cancelled by an organizer."),
        "withdrawn by the team": _("Withdrawn by the team."),
        "withdrawn by an organiser": _("Withdrawn by an organizer."),
        "the team ended the upload": _("The team ended the upload."),
        "the upload was not complete in time": _("The upload was not complete in time."),
        "cancelled: nobody is left in the team": _("Cancelled, because nobody is left in the team."),
    }


def _sentence(words: str) -> str:
    begun = words[:1].upper() + words[1:]
    return begun if begun.endswith((".", "…", "!", "?")) else f"{begun}."


def queue_words(place: int | None, *, from_minutes: int | None, to_minutes: int | None) -> tuple[str, ...]:
    """Where it stands in the queue and when it will probably start, in sentences."""
    where = "" if place is None else _place(place)
    if from_minutes is None or to_minutes is None:
        when = _(
            "Nobody can say yet when it will start: too little is known of runs like this one, or no machine is free to be told."
        )
    else:
        when = start_words(from_minutes, to_minutes)
    return tuple(part for part in (where, when) if part)


def _place(place: int) -> str:
    if place == 1:
        return _("It is next.")
    ahead = ngettext("{count} submission is ahead of it.", "{count} submissions are ahead of it.", place - 1)
    return ahead.format(count=f"{place - 1:,}")


def start_words(from_minutes: int, to_minutes: int) -> str:
    """When it will probably start."""
    if to_minutes <= 1:
        return _("It will probably start within a minute.")
    if from_minutes == 0:
        return _("It will probably start within {high}.").format(high=minutes_words(to_minutes))
    if from_minutes == to_minutes:
        return _("It will probably start in about {high}.").format(high=minutes_words(to_minutes))
    span = {"low": minutes_words(from_minutes), "high": minutes_words(to_minutes)}
    return _("It will probably start in {low} to {high}.").format(**span)


def usual_words(from_minutes: int, to_minutes: int) -> str:
    """How long runs like it took."""
    if to_minutes <= 1:
        return _("Runs of this phase took less than a minute lately.")
    if from_minutes in {0, to_minutes}:
        return _("Runs of this phase took up to {high} lately.").format(high=minutes_words(to_minutes))
    span = {"low": minutes_words(from_minutes), "high": minutes_words(to_minutes)}
    return _("Runs of this phase took {low} to {high} lately.").format(**span)


def minutes_words(minutes: int) -> str:
    """`45 min`, `2 h`, `1 h 30 min`."""
    return figures.duration(minutes * 60)


def progress_words(phase: str) -> str:
    """What a run is doing, from the word of the machine that runs it."""
    on_samples = phase.endswith(" on public samples") or phase == "fetch public samples"
    step = phase.removesuffix(" on public samples").split()[0] if phase else ""
    if phase in {"fetch inputs", "fetch public samples"}:
        doing = _("The machine is fetching the images to run on.")
    elif step in {"claimed", "prepare"}:
        doing = _("A machine has taken it and is getting ready.")
    elif step in {"fetch", "load"}:
        doing = _("The machine is fetching and loading your image.")
    elif step in {"stage", "create"}:
        doing = _("The machine is preparing the container.")
    elif step == "run":
        doing = _("The container is running.")
    elif step in {"collect", "remove", "hand"}:
        doing = _("The container has ended; its results are being collected.")
    else:
        doing = _("The machine is at work.")
    return f"{doing} " + _("These are the public samples, before any hidden image.") if on_samples else doing


def elapsed(since: datetime, now: datetime) -> timedelta:
    return max(now - since, timedelta(0))
