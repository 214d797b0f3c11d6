"""What can be done to many submissions at once: who is kept from it, what it costs, and doing it one by one.

Each submission is settled in a transaction of its own by the service that settles a single one: one that is refused, or breaks,
keeps no other one from what was asked for it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import groupby
from typing import NamedTuple

from sonobench_eval.sandbox.failure import Blame
from sonobench_platform.accounts.identity import Identity
from sonobench_platform.core import Core
from sonobench_platform.db.session import Work
from sonobench_platform.domain.errors import Refusal
from sonobench_platform.domain.states import COUNTING, State
from sonobench_platform.runs import rerun, rescoring
from sonobench_platform.runs.decide import Decision, decide
from sonobench_platform.runs.report import Report
from sonobench_platform.submissions import disqualify
from sonobench_platform.submissions.giving_back import give_back_by_hand
from sonobench_platform.submissions.searching import Found
from sonobench_platform.web.texts import _

log = logging.getLogger(__name__)

MOST = 100
"""How many at once: each is looked at before, and settled while a browser waits."""
_MOST_BOARDS = 25
"""How many at once of what makes a board anew each time."""
MANY = 10
"""More than these, and the challenge's name is asked for."""


class Act(StrEnum):
    RERUN = "rerun"
    RESCORE = "rescore"
    DISQUALIFY = "disqualify"
    REINSTATE = "reinstate"
    GIVE_BACK = "give-back"
    FAULT_OF_TEAM = "fault-of-team"
    FAULT_OF_PLATFORM = "fault-of-platform"


class Outcome(NamedTuple):
    """What came of it for one submission."""

    submission_id: str
    is_done: bool
    said: str


class Costs(NamedTuple):
    """What running them again will take by what their runs took before: `unknown` of them never ran to an end."""

    gpu_s: float
    node_s: float
    unknown: int


def most_of(act: Act) -> int:
    """How many submissions it is done to at once, at most."""
    return _MOST_BOARDS if act in {Act.DISQUALIFY, Act.REINSTATE} else MOST


def is_dangerous(act: Act, number: int) -> bool:
    """Whether the challenge's name must be typed in before it is done to so many."""
    return act is Act.DISQUALIFY or number > MANY


def obstacle(core: Core, act: Act, found: Found, given_back: frozenset[str] = frozenset()) -> str:
    """Why nothing would be done to this submission as it is; empty: it would."""
    row = found.submission
    match act:
        case Act.RERUN:
            return _detail(rerun.why_not(core, row))
        case Act.RESCORE:
            return "" if found.has_score and row.state in COUNTING else _("It has no score that could be made again.")
        case Act.DISQUALIFY:
            return _("It is disqualified already.") if found.disqualified else _detail(disqualify.why_not(row))
        case Act.REINSTATE:
            return "" if found.disqualified else _("It is not disqualified.")
        case Act.GIVE_BACK:
            return _not_to_give_back(found, given_back)
        case _:
            is_open = row.state == State.FAILED and row.failure_blame == Blame.UNDETERMINED
            return "" if is_open else _("It has no failure whose fault is open.")


def costs_of(found: Sequence[Found]) -> Costs:
    """What running these again will take; by their last runs' own times, in seconds."""
    times = [(each, wall_time_s(each)) for each in found]
    known = [(each, time_s) for each, time_s in times if time_s is not None]
    gpu_s = sum(time_s * each.phase.gpus for each, time_s in known)
    return Costs(gpu_s, sum(time_s for _each, time_s in known), len(times) - len(known))


def wall_time_s(found: Found) -> float | None:
    """What the run that counts took by the engine's clock; None where it did not end or was not measured."""
    if found.run is None or found.run.outcome is None:
        return None
    return Report.model_validate_json(found.run.outcome).measurement.wall_time_s


def perform(core: Core, caller: Identity, act: Act, found: Sequence[Found], *, reason: str) -> list[Outcome]:
    """Do it to each, and say what came of it; one that is refused or breaks stops no other."""
    if act is Act.RESCORE:
        return list(_rescored(core, caller, found, reason))
    return [outcome for each in found for outcome in _settled(core, caller, act, each, reason=reason)]


def _settled(core: Core, caller: Identity, act: Act, found: Found, *, reason: str) -> list[Outcome]:
    return _tried([found], lambda work: _one(core, work, caller, act, found=found, reason=reason), core)


def _one(core: Core, work: Work, caller: Identity, act: Act, *, found: Found, reason: str) -> str:
    """Do it to one, and say what was done."""
    name = found.submission.id
    match act:
        case Act.RERUN:
            run = rerun.rerun(core, work, caller, name, reason=reason)
            return _("Waits for its run number {number}.").format(number=run.number)
        case Act.DISQUALIFY:
            disqualify.disqualify(core, work, name, caller=caller, reason=reason)
            return _("Disqualified; its team is told why.")
        case Act.REINSTATE:
            disqualify.reinstate(core, work, name, caller=caller, reason=reason)
            return _("Ranked again; its team is told.")
        case Act.GIVE_BACK:
            give_back_by_hand(core, work, name, caller=caller, reason=reason)
            return _("Its attempt is given back.")
        case _:
            decision = Decision.TEAM if act is Act.FAULT_OF_TEAM else Decision.PLATFORM
            decide(core, work, caller, name, decision=decision, reason=reason)
            return _decided(decision)


def _decided(decision: Decision) -> str:
    if decision is Decision.TEAM:
        return _("Found to be the image's own fault.")
    return _("Found not to be the image's fault; its attempt is given back.")


def _rescored(core: Core, caller: Identity, found: Sequence[Found], reason: str) -> Iterator[Outcome]:
    """Of each phase one rescoring, in a transaction of its own."""
    by_phase = sorted(found, key=lambda each: each.phase.position)
    for _key, group in groupby(by_phase, key=lambda each: each.phase.id):
        of_phase = list(group)
        names = [each.submission.id for each in of_phase]

        def ask(work: Work, names: list[str] = names, first: Found = of_phase[0]) -> str:
            row = rescoring.ask(core, work, caller, first.phase, reason=reason, submissions=names)
            return _("Part of rescoring {name}; nothing counts before that is published.").format(name=row.id)

        yield from _tried(of_phase, ask, core)


def _tried(found: Sequence[Found], do: Callable[[Work], str], core: Core) -> list[Outcome]:
    """What came of it for each of these, which are settled together."""
    try:
        with core.database.write() as work:
            said, is_done = do(work), True
    except Refusal as refusal:
        said, is_done = refusal.detail, False
    except Exception:
        log.exception("an action on %s broke", ", ".join(each.submission.id for each in found))
        said, is_done = _("The server made a mistake with this one; it is in its log. Nothing was changed."), False
    return [Outcome(each.submission.id, is_done, said) for each in found]


def _not_to_give_back(found: Found, given_back: frozenset[str]) -> str:
    if found.submission.id in given_back:
        return _("Its attempt was given back already.")
    return _("It is still under way; cancel it first.") if State(found.submission.state).is_open else ""


def _detail(refusal: Refusal | None) -> str:
    return "" if refusal is None else refusal.detail


def titles() -> Mapping[Act, str]:
    """What each is called where it is chosen."""
    return {
        Act.RERUN: _("Run again"),
        Act.RESCORE: _("Score again"),
        Act.DISQUALIFY: _("Disqualify"),
        Act.REINSTATE: _("Rank again after a disqualification"),
        Act.GIVE_BACK: _("Give the attempt back"),
        Act.FAULT_OF_TEAM: _("Decide: the image was at fault"),
        Act.FAULT_OF_PLATFORM: _("Decide: the platform was at fault"),
    }
