"""What is happening with a submission now, in sentences: for each state what follows from it, and what it costs."""

from __future__ import annotations

from datetime import datetime

from sonobench_eval.report import figures
from sonobench_eval.sandbox.failure import Blame
from sonobench_platform.domain.states import State
from sonobench_platform.submissions.schemas import FailureView
from sonobench_platform.submissions.timeline import Stay
from sonobench_platform.web.contexts_submission import Elapsed, NowPart
from sonobench_platform.web.submission_mending import of_end
from sonobench_platform.web.submission_scores import place_words
from sonobench_platform.web.submission_source import SubmissionFacts
from sonobench_platform.web.submission_words import length_words, progress_words, queue_words, state_title, usual_words
from sonobench_platform.web.texts import _
from sonobench_platform.web.wording import date_words, shown_name


def now_part(facts: SubmissionFacts, stays: tuple[Stay, ...]) -> NowPart:
    shown, last = facts.shown, stays[-1]
    is_end = not shown.state.is_open
    return NowPart(
        key=str(len(stays)),
        heading=_("Disqualified") if shown.disqualified is not None else state_title(shown.state),
        sentences=tuple(each for each in (*_disqualified(facts), *_sentences(facts), _trouble(facts)) if each),
        elapsed=None if is_end else elapsed_of(last, facts.now),
        is_end=is_end,
    )


def _disqualified(facts: SubmissionFacts) -> tuple[str, ...]:
    out = facts.shown.disqualified
    if out is None:
        return ()
    said = _("Organizers took it out of the ranking on {date}, whatever its score. Their reason: {reason}")
    return (said.format(date=date_words(out.at), reason=shown_name(out.reason)),)


def _sentences(facts: SubmissionFacts) -> tuple[str, ...]:
    shown = facts.shown
    match shown.state:
        case State.UPLOADING:
            return (_("The image has not arrived yet. If it does not within a day, the submission is cancelled at no cost."),)
        case State.CHECKING:
            return (_("The platform takes the image apart and compares every layer with its digest."),)
        case State.QUEUED:
            start = shown.expected_start
            low, high = (None, None) if start is None else (start.from_minutes, start.to_minutes)
            return queue_words(shown.queue_position, from_minutes=low, to_minutes=high)
        case State.RUNNING:
            return _running(facts)
        case State.SCORING:
            return (_("The run has ended, and its results are compared with the references. That takes seconds to minutes."),)
        case State.SCORED:
            return _scored(facts)
        case State.REJECTED | State.FAILED:
            return _ended(facts)
        case State.CANCELLED:
            return _cost(facts)
        case State.WITHDRAWN:
            return (_("It is on no board any more. Its attempt stays used."),)


def _running(facts: SubmissionFacts) -> tuple[str, ...]:
    progress, usual = facts.shown.progress, facts.usual
    limit = _("A run may take {limit} for all cases together.").format(limit=figures.duration(facts.challenge.limits.time_s))
    return (
        progress_words(progress.phase) if progress is not None else "",
        "" if usual is None else usual_words(usual.from_min, usual.to_min),
        limit,
        _("It runs on {node}.").format(node=facts.shown.node) if facts.shown.node else "",
    )


def _scored(facts: SubmissionFacts) -> tuple[str, ...]:
    failure = facts.shown.failure
    partly = failure.sentence if failure is not None else ""
    return (partly, place_words(facts))


def _ended(facts: SubmissionFacts) -> tuple[str, ...]:
    failure = facts.shown.failure
    mending = None if failure is None or is_the_teams(failure) or facts.organises else of_end(failure.category)
    return (
        shown_name(failure.sentence) if failure is not None else "",
        *_cost(facts),
        "" if mending is None else mending.advice,
    )


def is_the_teams(failure: FailureView) -> bool:
    """Whether there is something for the team to mend."""
    return failure.blame == Blame.PARTICIPANT


def _cost(facts: SubmissionFacts) -> tuple[str, ...]:
    free = _("It costs the team nothing: the attempt was given back.")
    return (_("It counts as an attempt.") if facts.shown.costs_attempt else free,)


def _trouble(facts: SubmissionFacts) -> str:
    return shown_name(facts.shown.trouble) if facts.shown.trouble else ""


def elapsed_of(stay: Stay, now: datetime) -> Elapsed:
    words = length_words(stay.lasted(now), is_coarse=stay.is_coarse)
    return Elapsed(stay.since.isoformat(), words, 60 if stay.is_coarse else 1)
