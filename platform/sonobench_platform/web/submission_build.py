"""A submission's page from its facts: what happens now, the way there, what to mend, scores, use, log, image."""

from __future__ import annotations

from datetime import datetime

from sonobench_eval.challenge.phase import WHOLE, Phase
from sonobench_eval.report import figures
from sonobench_eval.sandbox.shown_log import shown_log
from sonobench_platform.domain.states import State
from sonobench_platform.submissions.findings import Found
from sonobench_platform.submissions.schemas import RunLog
from sonobench_platform.submissions.timeline import Stay, interruptions, stays_of
from sonobench_platform.web.contexts import Crumb
from sonobench_platform.web.contexts_account import FormError
from sonobench_platform.web.contexts_submission import (
    ActionForm,
    ImageLine,
    LogPart,
    MendLine,
    StayLine,
    SubmissionLive,
    SubmissionPage,
    SubmissionParts,
    WordsForm,
)
from sonobench_platform.web.rendering import page_frame
from sonobench_platform.web.submission_chart import course_part
from sonobench_platform.web.submission_mending import of_end, of_finding
from sonobench_platform.web.submission_now import elapsed_of, is_the_teams, now_part
from sonobench_platform.web.submission_scores import score_part
from sonobench_platform.web.submission_source import SubmissionFacts
from sonobench_platform.web.submission_words import cause_words, length_words, stay_title
from sonobench_platform.web.texts import _, ngettext
from sonobench_platform.web.wording import date_words, shown_name

_SAID_ABOVE = frozenset({State.FAILED, State.REJECTED})


def here_of(submission_id: str) -> str:
    """The page's address."""
    return f"/submissions/{submission_id}"


def submission_context(
    facts: SubmissionFacts,
    parts: SubmissionParts,
    *,
    note: str = "",
    errors: tuple[FormError, ...] = (),
) -> SubmissionPage:
    """The page of a submission for its team, or for organizers."""
    shown, here = facts.shown, here_of(facts.shown.id)
    challenge = Crumb(shown_name(facts.challenge.title), f"/challenges/{facts.challenge.name}")
    title = _("Submission {id}").format(id=shown.id)
    title = f"{_('Error')}: {title}" if errors else title
    return SubmissionPage(
        page=page_frame(f"{title} – Sonobench", challenge, Crumb(shown.id, here)),
        id=shown.id,
        here=here,
        team=shown_name(shown.team.name),
        challenge=challenge,
        phase=_phase_title(facts.rules),
        handed_in_iso=shown.created_at.isoformat(timespec="seconds"),
        handed_in_words=date_words(shown.created_at),
        own_note=shown_name(shown.note) if shown.note else "",
        desk_href=f"/desk/challenges/{facts.challenge.name}/submissions" if facts.organises else "",
        note=note,
        errors=errors,
        events_href=f"{here}/events?seen={facts.stamp}" if shown.state.is_open else "",
        sign_in_href=f"/account/sign-in?next={here}",
        parts=parts,
    )


def _phase_title(rules: Phase) -> str:
    """Empty for the one phase of a challenge that declares none."""
    return shown_name(rules.title or rules.id) if rules.title or rules.id != WHOLE else ""


def live_context(facts: SubmissionFacts, parts: SubmissionParts) -> SubmissionLive:
    here = here_of(facts.shown.id)
    return SubmissionLive(page_frame(facts.shown.id), here, parts)


def parts_of(
    facts: SubmissionFacts, actions: tuple[ActionForm, ...], words: WordsForm | None, *, csrf_token: str
) -> SubmissionParts:
    """All parts of the page that may change while it is open."""
    stays = stays_of(facts.shown.history, exact=facts.exact)
    return SubmissionParts(
        stamp=facts.stamp,
        now=now_part(facts, stays),
        stays=tuple(_stay_line(stay, facts.now, is_last=stay is stays[-1]) for stay in stays),
        remarks=tuple(each for each in (_samples(facts), _interrupted(stays)) if each),
        mending=(*_of_failure(facts), *(_mend(each) for each in facts.findings if not each.is_note)),
        notes=tuple(_mend(each) for each in facts.findings if each.is_note),
        scores=score_part(facts),
        course=course_part(facts.course, facts.challenge.limits, why_not=_why_no_course(facts)),
        log=_log_part(facts),
        image=_image_lines(facts),
        actions=actions,
        words=words,
        csrf_token=csrf_token,
    )


def _stay_line(stay: Stay, now: datetime, *, is_last: bool) -> StayLine:
    goes_on = is_last and not stay.is_end
    is_gone = stay.until is not None and not stay.is_end
    return StayLine(
        title=stay_title(stay),
        at_iso=stay.since.isoformat(timespec="seconds"),
        at_words=date_words(stay.since),
        length=length_words(stay.lasted(now), is_coarse=stay.is_coarse) if is_gone else "",
        note="" if stay.state in _SAID_ABOVE else cause_words(stay),
        running=elapsed_of(stay, now) if goes_on else None,
    )


def _samples(facts: SubmissionFacts) -> str:
    """How it went on the public samples, where this run began with them. What failed there has ended, and says so above."""
    return _("On the public samples it ran well, before any hidden image.") if facts.passed_samples else ""


def _interrupted(stays: tuple[Stay, ...]) -> str:
    count = interruptions(stays)
    if not count:
        return ""
    said = ngettext(
        "The platform had to begin the run again once. That is its own trouble, and costs the team nothing.",
        "The platform had to begin the run again {count} times. That is its own trouble, and costs the team nothing.",
        count,
    )
    return said.format(count=count)


def _of_failure(facts: SubmissionFacts) -> tuple[MendLine, ...]:
    failure = facts.shown.failure
    mending = of_end(failure.category) if failure is not None and is_the_teams(failure) else None
    if mending is None:
        return ()
    return (MendLine("", "", mending.advice, mending.code),)


def _mend(found: Found) -> MendLine:
    mending = of_finding(found.code)
    return MendLine(shown_name(found.sentence), shown_name(found.example) if found.example else "", mending.advice, mending.code)


def _why_no_course(facts: SubmissionFacts) -> str:
    has_run = any(step.to == State.RUNNING for step in facts.shown.history)
    if facts.course.points or not has_run or facts.shown.state.is_open or facts.organises or facts.public_data:
        return ""
    if facts.shown.result is None and facts.exact:
        return ""
    return _(
        "How memory and processors were used over time is not shown while the phase is open: "
        "a program that has seen hidden images chooses that curve, and could write down with it what it saw."
    )


def _log_part(facts: SubmissionFacts) -> LogPart | None:
    live = facts.live_log
    if live is not None:
        told = shown_log(live.text)
        age_s = max(0.0, (facts.now - live.at).total_seconds())
        note = _("The end of what it has printed, as it was {age} ago.").format(age=figures.duration(age_s))
        return LogPart(told.text, note, True, "")
    if facts.log is not None:
        return LogPart(facts.log.text, _log_note(facts, facts.log), False, "")
    has_run = any(step.to == State.RUNNING for step in facts.shown.history)
    return LogPart("", "", False, _log_is_hidden()) if facts.log_hidden and has_run else None


def _log_note(facts: SubmissionFacts, log: RunLog) -> str:
    if not log.text:
        return _("It printed nothing.")
    on_samples = _("What it printed on the public samples.") if facts.shown.state.is_open else ""
    return f"{on_samples} {log.missing}".strip()


def _log_is_hidden() -> str:
    return _(
        "What runs of this phase print goes to the organizers alone, because it can hold what the hidden images show. "
        "Run the image with `sonobench test` to read its messages."
    )


def _image_lines(facts: SubmissionFacts) -> tuple[ImageLine, ...]:
    image = facts.shown.image
    if image is None:
        return ()
    lines = [
        ImageLine(_("Digest"), image.digest),
        ImageLine(_("Size, unpacked"), figures.measured_bytes(image.size_bytes)),
        ImageLine(_("Entry point"), " ".join(image.entrypoint) or "–"),
        ImageLine(_("Command"), " ".join(image.command) or "–"),
        ImageLine(_("Working folder"), image.working_dir or "/"),
    ]
    return tuple(ImageLine(line.what, shown_name(line.value)) for line in lines) + tuple(
        ImageLine(_("Note"), shown_name(warning)) for warning in image.warnings
    )
