"""What came of an action on many things: kept under a ticket that its form carries, so that a form sent twice is done once.

A report is kept for a day, sealed for the browser that asked (`desk/answers.py`).
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass

from sonobench_platform.accounts.identity import Identity
from sonobench_platform.core import Core
from sonobench_platform.desk import answers
from sonobench_platform.desk.answers import Answer, Question
from sonobench_platform.domain.errors import Unprocessable
from sonobench_platform.web.texts import _

_TICKET = re.compile(r"[A-Za-z0-9_-]{22}")


@dataclass(frozen=True, slots=True)
class Line:
    """One thing: its name, the address of its page (empty: it has none), what was done or why nothing was."""

    name: str
    href: str
    is_done: bool
    said: str


@dataclass(frozen=True, slots=True)
class Report:
    """What was asked for, on which page of the desk, and what came of it."""

    heading: str
    tab: str
    lines: tuple[Line, ...]


def new_ticket() -> str:
    return secrets.token_urlsafe(16)


def done_once(core: Core, caller: Identity, challenge: str, ticket: str, do: Callable[[], Report]) -> None:
    """Do what a form asks for and keep the report; with a ticket that was used nothing is done again.

    Raises:
        Unprocessable: the form has no ticket. Conflict: the same form is being done at this moment.
    """
    question = _question(caller, challenge, ticket)
    begun = answers.begin(core, question)
    if isinstance(begun, Answer):
        return
    answers.keep(core, question, begun, Answer(200, (), json.dumps(asdict(do())).encode()))


def report_of(core: Core, caller: Identity, challenge: str, ticket: str) -> Report | None:
    """The report of a ticket of the caller's; None where there is none, or not yet.

    Raises:
        Conflict: it was asked for in another browser, or before the caller signed in anew.
    """
    try:
        answer = answers.known(core, _question(caller, challenge, ticket))
    except Unprocessable:
        return None
    if answer is None:
        return None
    found = json.loads(answer.body)
    return Report(found["heading"], found["tab"], tuple(Line(**each) for each in found["lines"]))


def _question(caller: Identity, challenge: str, ticket: str) -> Question:
    if _TICKET.fullmatch(ticket) is None:
        raise Unprocessable("no-ticket", _("Nothing was done. Open the page again, and send its form from there."))
    who = f"{caller.kind} {caller.person_id or caller.name}"[:100]
    asked = hashlib.sha256(f"{challenge}\n{ticket}".encode()).hexdigest()
    return Question(who, f"desk {ticket}", asked, (caller.csrf or caller.name).encode())
