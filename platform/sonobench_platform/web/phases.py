"""A challenge's phases, and what was changed of it, in words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlencode

from sonobench_eval.challenge.phase import Phase, Quota
from sonobench_platform.web.contexts import ChangeNote, Crumb, PhaseLine
from sonobench_platform.web.source import PublicChallenge, PublicChange, PublicPhase
from sonobench_platform.web.wording import date_words, joined, shown_name

_KINDS = {"sample": "public samples", "validation": "validation", "test": "test"}
_COUNTS = {"best": "a team's best submission", "last": "a team's last submission", "chosen": "the submission that a team chose"}


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


def phase_lines(challenge: PublicChallenge) -> tuple[PhaseLine, ...]:
    """Of a challenge that declares none there is nothing to say."""
    return tuple(_line(challenge.definition.name, each) for each in challenge.phases) if challenge.definition.phases else ()


def board_links(challenge: PublicChallenge, shown: PublicPhase | None) -> tuple[Crumb, ...]:
    """The boards of the other phases that the reader may see."""
    others = [each for each in challenge.phases if each is not shown and not each.why_hidden]
    return tuple(Crumb(phase_title(each.rules), _board_href(challenge.definition.name, each.rules)) for each in others)


def change_notes(changes: Sequence[PublicChange]) -> tuple[ChangeNote, ...]:
    return tuple(
        ChangeNote(each.at.isoformat(), date_words(each.at), each.reason, tuple(shown_name(line) for line in each.lines))
        for each in changes
    )


def waiting_note(phase: PublicPhase | None) -> str | None:
    """What a board says that is of an earlier definition; None where it is of the present one."""
    if phase is None or not phase.waiting:
        return None
    what = "one submission waits" if phase.waiting == 1 else f"{phase.waiting:,} submissions wait"
    return (
        f"The challenge was changed after this board was made, and {what} to be scored again. "
        "The board is the one that was made by the earlier definition; it will change once all are scored by the new one."
    )


def phase_title(rules: Phase) -> str:
    return shown_name(rules.title or rules.id)


def _line(challenge: str, phase: PublicPhase) -> PhaseLine:
    rules = phase.rules
    return PhaseLine(
        title=phase_title(rules),
        kind=_KINDS[rules.kind],
        when=_when(phase),
        quota=_quota(rules.quota),
        counts=f"{_COUNTS[rules.counts]} counts",
        asks=f"a scored submission in {joined([shown_name(each) for each in rules.requires])} first" if rules.requires else "",
        hidden=phase.why_hidden,
        board_href="" if phase.why_hidden else _board_href(challenge, rules),
    )


def _board_href(challenge: str, rules: Phase) -> str:
    return f"/challenges/{challenge}/leaderboard?phase={rules.id}"


def _when(phase: PublicPhase) -> str:
    opens, closes = phase.rules.opens, phase.rules.closes
    dates = ", ".join(part for part in (_moment("from", opens), _moment("until", closes)) if part)
    state = "open" if phase.is_open else "closed"
    return f"{state}; {dates}" if dates else state


def _moment(word: str, moment: datetime | None) -> str:
    return "" if moment is None else f"{word} {date_words(moment)}"


def _quota(quota: Quota) -> str:
    limits = [
        f"{quota.daily:,} a day" if quota.daily is not None else "",
        f"{quota.total:,} in all" if quota.total is not None else "",
        f"{quota.concurrent:,} at a time" if quota.concurrent is not None else "",
    ]
    return joined([limit for limit in limits if limit]) or "no limit"
