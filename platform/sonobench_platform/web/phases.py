"""A challenge's phases, and what was changed of it, in words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlencode

from sonobench_eval.challenge.phase import Phase, Quota
from sonobench_platform.web.challenge_data import cases_by_phase
from sonobench_platform.web.contexts import Crumb
from sonobench_platform.web.contexts_challenge import ChangeNote, Deadline, PhaseLine
from sonobench_platform.web.countdown import closes_at, opens_at
from sonobench_platform.web.source import PublicChallenge, PublicChange, PublicPhase
from sonobench_platform.web.texts import _, ngettext
from sonobench_platform.web.wording import date_words, joined, shown_name


def main_phase(challenge: PublicChallenge) -> PublicPhase | None:
    """The phase whose board is the challenge's."""
    phases = challenge.phases
    return next((each for each in phases if each.rules.kind == "test"), phases[-1] if phases else None)


def main_phase_hidden(challenge: PublicChallenge) -> bool:
    """Whether the challenge's own board is not for whoever looks."""
    main = main_phase(challenge)
    return main is not None and bool(main.why_hidden)


def phase_named(challenge: PublicChallenge, name: str | None) -> PublicPhase | None:
    """The phase of this name, the main one where none is named."""
    if name is None:
        return main_phase(challenge)
    return next((each for each in challenge.phases if each.rules.id == name), None)


def phase_query(name: str | None) -> str:
    """What the addresses of a phase's pages end with, `?phase=...`; empty for the main phase, None."""
    return "" if name is None else f"?{urlencode({'phase': name})}"


def phase_lines(challenge: PublicChallenge, now: datetime) -> tuple[PhaseLine, ...]:
    """Of a challenge that declares none there is nothing to say."""
    if not challenge.definition.phases:
        return ()
    cases = cases_by_phase(challenge.definition)
    return tuple(_line(challenge.definition.name, each, cases[each.rules.id], now) for each in challenge.phases)


def next_deadline(challenge: PublicChallenge, now: datetime) -> Deadline | None:
    """What happens next: the first closing of a phase that takes images, else the next opening; None where no date says so."""
    closing = [each.rules.closes for each in challenge.phases if each.is_open and each.rules.closes is not None]
    if closing:
        return closes_at(min(closing), now)
    opening = [each.rules.opens for each in challenge.phases if each.rules.opens is not None and each.rules.opens > now]
    return opens_at(min(opening), now) if opening and not challenge.is_open else None


def board_links(challenge: PublicChallenge, shown: PublicPhase | None) -> tuple[Crumb, ...]:
    """The boards of the other phases that the reader may see."""
    others = [each for each in challenge.phases if each is not shown and not each.why_hidden]
    return tuple(Crumb(phase_title(each.rules), _board_href(challenge.definition.name, each.rules)) for each in others)


def change_notes(changes: Sequence[PublicChange]) -> tuple[ChangeNote, ...]:
    return tuple(_note(each) for each in changes)


def _note(change: PublicChange) -> ChangeNote:
    reason, lines = shown_name(" ".join(change.reason.split())), tuple(shown_name(line) for line in change.lines)
    return ChangeNote(change.at.isoformat(), date_words(change.at), reason, lines)


def waiting_note(phase: PublicPhase | None) -> str | None:
    """What a board says that is of an earlier definition; None where it is of the present one."""
    if phase is None or not phase.waiting:
        return None
    return ngettext(
        "The challenge was changed after this board was made, and one submission waits to be scored again. The board is the one "
        "that was made by the earlier definition; it will change once all are scored by the new one.",
        "The challenge was changed after this board was made, and {count} submissions wait to be scored again. The board is the "
        "one that was made by the earlier definition; it will change once all are scored by the new one.",
        phase.waiting,
    ).format(count=f"{phase.waiting:,}")


def names_notes(phase: PublicPhase) -> tuple[str, ...]:
    """What a board says that shows no names."""
    if phase.rules.names == "teams":
        return ()
    return (_("Teams are shown under aliases in this phase; a team finds its own on its pages."),)


def phase_title(rules: Phase) -> str:
    return shown_name(rules.title or rules.id)


def _line(challenge: str, phase: PublicPhase, cases: int, now: datetime) -> PhaseLine:
    rules = phase.rules
    required = joined([shown_name(each) for each in rules.requires])
    return PhaseLine(
        title=phase_title(rules),
        kind={"sample": _("public samples"), "validation": _("validation"), "test": _("test")}[rules.kind],
        state=_state(phase, now),
        is_open=phase.is_open,
        opens=opens_at(rules.opens, now),
        closes=closes_at(rules.closes, now),
        cases=f"{cases:,}",
        quota=_quota(rules.quota),
        counts=_counts(rules),
        asks=_("a scored submission in {phases} first").format(phases=required) if required else "",
        scores=_scores(rules),
        hidden=phase.why_hidden,
        board_href="" if phase.why_hidden else _board_href(challenge, rules),
    )


def _counts(rules: Phase) -> str:
    return {
        "best": _("a team's best submission counts"),
        "last": _("a team's last submission counts"),
        "chosen": _("the submission that a team chose counts"),
    }[rules.counts]


def _scores(rules: Phase) -> str:
    """Who sees scores and the board."""
    if rules.sealed_until is not None:
        return _("organizers until {date}, then everyone").format(date=date_words(rules.sealed_until))
    return {"all": _("everyone"), "own": _("each team its own"), "organisers": _("organizers")}.get(rules.scores, "")


def _state(phase: PublicPhase, now: datetime) -> str:
    if phase.is_open:
        return _("open")
    if phase.rules.opens is not None and now < phase.rules.opens:
        return _("not open yet")
    if phase.rules.is_open(now):
        return _("closed by its organizers")
    return _("closed")


def _board_href(challenge: str, rules: Phase) -> str:
    return f"/challenges/{challenge}/leaderboard?phase={rules.id}"


def _quota(quota: Quota) -> str:
    """`2 a day (of UTC), 20 in all and 1 at a time`."""
    limits = [
        _("{count} a day (of {zone})").format(count=f"{quota.daily:,}", zone=quota.time_zone) if quota.daily is not None else "",
        _("{count} in all").format(count=f"{quota.total:,}") if quota.total is not None else "",
        _("{count} at a time").format(count=f"{quota.concurrent:,}") if quota.concurrent is not None else "",
    ]
    return joined([limit for limit in limits if limit]) or _("no limit")
