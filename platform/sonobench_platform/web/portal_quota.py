"""Quota in words, before it is spent: what a phase leaves a team, when more is free, what costs nothing, which one counts."""

from __future__ import annotations

from collections.abc import Sequence

from sonobench_platform.domain.quota import Left
from sonobench_platform.web.contexts_portal import Moment, PhaseChoice, QuotaLine
from sonobench_platform.web.phases import phase_title
from sonobench_platform.web.portal_records import PhaseStand
from sonobench_platform.web.portal_words import moment
from sonobench_platform.web.texts import _, ngettext
from sonobench_platform.web.wording import joined, shown_name


def quota_lines(phases: Sequence[PhaseStand]) -> tuple[QuotaLine, ...]:
    return tuple(_line(phase) for phase in phases)


def quota_notes(phases: Sequence[PhaseStand]) -> tuple[str, ...]:
    """What holds for every phase."""
    zones = sorted({each.rules.quota.time_zone for each in phases if each.rules.quota.daily is not None})
    days = [_("A day begins at midnight in {zones}.").format(zones=joined(zones))] if zones else []
    return (
        _("An attempt is taken when an upload begins, and given back when it is canceled before it runs."),
        _(
            "Nothing is spent where the platform failed, where the image was not taken, where it crashed on the public samples, "
            "or where an upload was not complete within a day."
        ),
        *days,
    )


def phase_choices(phases: Sequence[PhaseStand]) -> tuple[PhaseChoice, ...]:
    """The phases that take images now, those first that something can be handed in to."""
    taking = [each for each in phases if each.is_open]
    first = next((each for each in taking if is_free(each)), None)
    return tuple(PhaseChoice(each.name, phase_title(each.rules), _now(each), is_free(each), each is first) for each in taking)


def is_free(phase: PhaseStand) -> bool:
    """Whether the team could hand something in to the phase at this moment."""
    return phase.is_open and not phase.lacking and phase.left.now != 0


def _line(phase: PhaseStand) -> QuotaLine:
    rules = phase.rules.quota
    next_free, next_at = _next_free(phase)
    return QuotaLine(
        phase=phase_title(phase.rules),
        is_open=phase.is_open,
        now=_now(phase),
        today=_of(phase.left.today, rules.daily),
        total=_of(phase.left.total, rules.total),
        at_once=_of(phase.left.at_once, rules.concurrent),
        next_free=next_free,
        next_at=next_at,
        counts=_counts(phase),
    )


def _now(phase: PhaseStand) -> str:
    """What could be handed in at this moment."""
    if not phase.is_open:
        return _("takes no images now")
    if phase.lacking:
        return _("asks for a scored submission in {phases} first").format(phases=joined([shown_name(p) for p in phase.lacking]))
    left = phase.left.now
    if left is None:
        return _("no limit")
    return ngettext("{left} submission left", "{left} submissions left", left).format(left=f"{left:,}")


def _of(left: int | None, limit: int | None) -> str:
    if left is None or limit is None:
        return _("no limit")
    return _("{left} of {limit}").format(left=f"{left:,}", limit=f"{limit:,}")


def _next_free(phase: PhaseStand) -> tuple[str, Moment]:
    """When the next attempt is free, as words and a moment; where one is free now, or none ever will be, no moment."""
    left = phase.left
    if not phase.is_open or phase.lacking or left.now != 0:
        return "", moment(None)
    if left.total == 0:
        return _("None will be: all of this phase are used."), moment(None)
    return _soon(left), moment(phase.next_day if left.today == 0 else None)


def _soon(left: Left) -> str:
    if left.today == 0:
        return _("The next one is free when the day ends:")
    return _("The next one is free when one that is under way has ended.")


def _counts(phase: PhaseStand) -> str:
    return {
        "best": _("Your best scored submission counts."),
        "last": _("Your scored submission that was handed in last counts, even where an earlier one is better."),
        "chosen": _("The scored submission that you choose counts; until you do, the last one."),
    }[phase.rules.counts]
