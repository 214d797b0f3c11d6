"""What waits for an organizer or an administrator, in sentences with where to go."""

from __future__ import annotations

from sonobench_platform.desk.health import Part
from sonobench_platform.desk.waiting import InTrouble, Turn, Waiting
from sonobench_platform.web.contexts_desk_people import WaitingLine
from sonobench_platform.web.texts import _, ngettext
from sonobench_platform.web.wording import date_words

_GB = 1e9
_NEARLY = 2
"""Free space below this many times what uploads must leave is nearly too little."""


def lines_of(root: str, waiting: Waiting) -> tuple[WaitingLine, ...]:
    """What waits in a challenge, what is broken or holds up others first."""
    lines = [
        _counted(waiting.undetermined, _undetermined(waiting.undetermined), f"{root}/failures", is_urgent=True),
        _counted(waiting.troubled, _troubled(waiting.troubled), f"{root}/failures#trouble", is_urgent=True),
        _counted(len(waiting.unsound), _unsound(waiting), f"{root}/data", is_urgent=True),
        _counted(waiting.teams, _teams(waiting.teams), f"{root}/teams", is_urgent=False),
        _counted(waiting.failed, _failed(waiting.failed), f"{root}/failures", is_urgent=False),
        _counted(waiting.rescorings, _rescorings(waiting.rescorings), f"{root}/publish", is_urgent=False),
        *(_turn(root, each) for each in waiting.turns),
    ]
    return tuple(each for each in lines if each is not None)


def service_lines(
    parts: tuple[Part, ...], nodes: InTrouble, *, undelivered: int, undrawn: int, free_bytes: int | None, needed_bytes: int
) -> tuple[WaitingLine, ...]:
    """What an administrator should look at.

    Args:
        undelivered: mails and messages that were given up.
        undrawn: boards on show whose charts have not been made.
        free_bytes: of the store's disk; None where it cannot be asked.
        needed_bytes: what uploads must leave of it.
    """
    lines = [
        *(_ill(part) for part in parts if not part.is_well),
        _disk(free_bytes, needed_bytes),
        _counted(int(not nodes.known), _("No node has ever been heard of: nothing is run."), "/desk/nodes", is_urgent=True),
        _counted(nodes.silent, _silent(nodes.silent), "/desk/nodes", is_urgent=True),
        _counted(nodes.unsafe, _unsafe(nodes.unsafe), "/desk/nodes", is_urgent=True),
        _counted(undelivered, _undelivered(undelivered), "", is_urgent=False),
        _counted(undrawn, _undrawn(undrawn), "", is_urgent=False),
    ]
    return tuple(each for each in lines if each is not None)


def _counted(number: int, sentence: str, href: str, *, is_urgent: bool) -> WaitingLine | None:
    return WaitingLine(sentence, href, is_urgent) if number else None


def _undetermined(number: int) -> str:
    return ngettext(
        "{number} failure waits for your decision: whose fault it was, no program can tell.",
        "{number} failures wait for your decision: whose fault they were, no program can tell.",
        number,
    ).format(number=number)


def _troubled(number: int) -> str:
    return ngettext(
        "{number} submission under way meets trouble that does not end by itself.",
        "{number} submissions under way meet trouble that does not end by itself.",
        number,
    ).format(number=number)


def _unsound(waiting: Waiting) -> str:
    names = ", ".join(each.name for each in waiting.unsound)
    return _("The data of {phases} was found unsound; it does not open before that is mended.").format(phases=names)


def _teams(number: int) -> str:
    return ngettext("{number} team waits for your approval.", "{number} teams wait for your approval.", number).format(
        number=number
    )


def _failed(number: int) -> str:
    return ngettext(
        "{number} submission failed by no fault of its team; it can be run again.",
        "{number} submissions failed by no fault of their teams; they can be run again.",
        number,
    ).format(number=number)


def _rescorings(number: int) -> str:
    return ngettext(
        "{number} rescoring is ready to be looked at and published.",
        "{number} rescorings are ready to be looked at and published.",
        number,
    ).format(number=number)


def _turn(root: str, turn: Turn) -> WaitingLine:
    said = _("{phase} opens on {when}.") if turn.opens else _("{phase} closes on {when}.")
    return WaitingLine(said.format(phase=turn.phase.name, when=date_words(turn.at)), root, False)


def _ill(part: Part) -> WaitingLine:
    said = _("The {part} {found}").format(part=part.name, found=part.found)
    return WaitingLine(said if said.endswith("?") else f"{said}.", "", True)


def _disk(free_bytes: int | None, needed_bytes: int) -> WaitingLine | None:
    if free_bytes is None or free_bytes >= _NEARLY * needed_bytes:
        return None
    said = _("The store's disk is nearly full: {free} GB are free, and uploads must leave {needed} GB.")
    return WaitingLine(said.format(free=f"{free_bytes / _GB:,.1f}", needed=f"{needed_bytes / _GB:,.1f}"), "", True)


def _silent(number: int) -> str:
    return ngettext(
        "{number} node was not heard of for five minutes.", "{number} nodes were not heard of for five minutes.", number
    ).format(number=number)


def _unsafe(number: int) -> str:
    return ngettext(
        "{number} node says that it is not safe for hidden data.",
        "{number} nodes say so of themselves: not safe for hidden data.",
        number,
    ).format(number=number)


def _undelivered(number: int) -> str:
    return ngettext(
        "{number} mail or message of the last two weeks could not be delivered (`sonobench admin notices`).",
        "{number} mails or messages of the last two weeks could not be delivered (`sonobench admin notices`).",
        number,
    ).format(number=number)


def _undrawn(number: int) -> str:
    return ngettext(
        "The charts of {number} board have not been made; is a score worker up?",
        "The charts of {number} boards have not been made; is a score worker up?",
        number,
    ).format(number=number)
