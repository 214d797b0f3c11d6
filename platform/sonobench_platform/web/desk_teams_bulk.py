"""Deciding on several teams at once: each in a transaction of its own, done once however often the form is sent, reported."""

from __future__ import annotations

import logging

from fastapi import APIRouter, Response

from sonobench_platform.accounts.access import OrganiserCaller
from sonobench_platform.accounts.identity import Identity
from sonobench_platform.core import Core, CoreDep
from sonobench_platform.db.models import TeamRow
from sonobench_platform.domain.errors import Conflict, Refusal, Unprocessable
from sonobench_platform.domain.ids import is_id
from sonobench_platform.teams import deciding
from sonobench_platform.web.account_pages import see_other
from sonobench_platform.web.desk_frame import DeskForm, DeskFormDep, desk_challenge, reason_of, root_of
from sonobench_platform.web.desk_reports import Line, Report, done_once
from sonobench_platform.web.desk_teams_build import MOST_REFUSED
from sonobench_platform.web.desk_words import teams_words
from sonobench_platform.web.texts import _

log = logging.getLogger(__name__)

router = APIRouter(prefix="/desk/challenges/{name}", include_in_schema=False)

_MOST = 100
APPROVE, REFUSE = "approve", "refuse"


@router.post("/teams/decide")
def decide(core: CoreDep, caller: OrganiserCaller, name: str, form: DeskFormDep) -> Response:
    """Approve or refuse the teams that are checked.

    Raises:
        Unprocessable: none is checked, or too many; there is no reason to refuse them.
    """
    with core.database.read() as session:
        desk_challenge(session, caller, name)
    ticket = form.text("ticket")
    named, decision = _meant(form), form.text("decision")
    reason = reason_of(form, shortest=1) if decision == REFUSE else ""
    try:
        done_once(core, caller, name, ticket, lambda: _report(core, caller, name, named, decision=decision, reason=reason))
    except Conflict as refused:
        if refused.code != "in-flight":
            raise
    return see_other(f"{root_of(name)}/done/{ticket}")


def _meant(form: DeskForm) -> tuple[str, ...]:
    named, decision = form.texts("team"), form.text("decision")
    if decision not in {APPROVE, REFUSE}:
        raise Unprocessable("no-act", _("Nothing was done. Choose what is to be done."))
    if not named:
        raise Unprocessable("none-named", _("Nothing was done. Check the teams that you mean."))
    most = MOST_REFUSED if decision == REFUSE else _MOST
    if len(named) > most:
        raise Unprocessable("too-many", _("Nothing was done: at most {most} teams at once.").format(most=most))
    return named


def _report(core: Core, caller: Identity, name: str, named: tuple[str, ...], *, decision: str, reason: str) -> Report:
    heading = _("Approve: {teams}") if decision == APPROVE else _("Refuse: {teams}")
    lines = tuple(_settled(core, caller, name, each, decision=decision, reason=reason) for each in named)
    return Report(heading.format(teams=teams_words(len(lines))), "teams", lines)


def _settled(core: Core, caller: Identity, name: str, team_id: str, *, decision: str, reason: str) -> Line:
    """One team, in a transaction of its own."""
    team, is_done = "", True
    try:
        with core.database.write() as work:
            challenge = desk_challenge(work.session, caller, name)
            row = work.session.get(TeamRow, team_id) if is_id(team_id) else None
            if decision == APPROVE:
                deciding.approve(core, work, caller, challenge=challenge, team_id=team_id)
                said = _("Approved, and told so by mail.")
            else:
                deciding.refuse(core, work, caller, challenge=challenge, team_id=team_id, reason=reason)
                said = _("Refused, and told why by mail.")
            team = "" if row is None else row.name
    except Refusal as refusal:
        said, is_done = refusal.detail, False
    except Exception:
        log.exception("deciding on a team of %s broke", name)
        said, is_done = _("The server made a mistake with this one; it is in its log. Nothing was changed."), False
    known = is_id(team_id)
    return Line(team or team_id[:40], f"{root_of(name)}/teams/{team_id}" if known else "", is_done, said)
