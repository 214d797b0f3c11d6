"""The organizer desk's front page and a challenge's overview, with the hands on its phases and on who knows of it."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Response
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from sonobench_platform.accounts.access import OrganiserCaller
from sonobench_platform.accounts.identity import Identity, Role
from sonobench_platform.challenges import repository
from sonobench_platform.challenges.hiding import set_hidden
from sonobench_platform.challenges.opening import set_open
from sonobench_platform.challenges.phases import of_challenge
from sonobench_platform.core import Core, CoreDep
from sonobench_platform.db.models import ChallengeRow, EntryRow, SubmissionRow
from sonobench_platform.desk.health import examine
from sonobench_platform.desk.waiting import nodes_in_trouble, states_in, undelivered, waiting_in
from sonobench_platform.domain.errors import Conflict, Refusal, Unprocessable
from sonobench_platform.leaderboards.study_due import due_studies
from sonobench_platform.web import desk_overview_build as build
from sonobench_platform.web.account_pages import see_other
from sonobench_platform.web.contexts_desk_people import WaitingLine
from sonobench_platform.web.desk_frame import (
    DESK,
    DeskFormDep,
    NoteQuery,
    confirmed,
    desk_challenge,
    frame_of,
    noted,
    root_of,
)
from sonobench_platform.web.desk_overview_build import Overview
from sonobench_platform.web.desk_waiting_words import service_lines
from sonobench_platform.web.rendering import private_response
from sonobench_platform.web.texts import _

router = APIRouter(include_in_schema=False)

_CHALLENGE = "/desk/challenges/{name}"


@router.get(DESK)
def desk_page(core: CoreDep, caller: OrganiserCaller) -> Response:
    """The challenges that the reader organizes, and what waits in each; how the server does, for administrators."""
    now, is_administrator = core.clock.now(), Role.ADMINISTRATOR in caller.roles
    with core.database.read() as session:
        organized = [row for row in repository.everything(session) if caller.may_organise(row.id)]
        found = [(row, _overview(session, row, now)) for row in organized]
    service = _service(core, now) if is_administrator else ()
    context = build.desk_context(found, service, is_administrator=is_administrator)
    return private_response(context, reader=caller)


@router.get(_CHALLENGE)
def overview_page(core: CoreDep, caller: OrganiserCaller, name: str, note: NoteQuery = "") -> Response:
    """A challenge in numbers, and what to do now."""
    return _show(core, caller, name, note=noted(_notes(), note))


@router.post(f"{_CHALLENGE}/phases")
def settle_phase(core: CoreDep, caller: OrganiserCaller, name: str, form: DeskFormDep) -> Response:
    """Open or close a phase by hand; closing asks for the challenge's name."""
    act, phase = form.text("act"), form.text("phase")[:64]
    try:
        with core.database.write() as work:
            challenge = desk_challenge(work.session, caller, name)
            if act not in {"open", "close"} or not phase:
                raise Unprocessable("no-act", _("Nothing was done. Choose what is to be done."))
            if act == "close":
                confirmed(form, challenge.name)
            work.take_turns(f"changes of {challenge.id}")
            set_open(core, work, challenge.name, is_open=act == "open", caller=caller, phase=phase)
    except (Conflict, Unprocessable) as refused:
        return _show(core, caller, name, refused=refused)
    return see_other(f"{root_of(name)}?note={'opened' if act == 'open' else 'closed'}")


@router.post(f"{_CHALLENGE}/visibility")
def settle_visibility(core: CoreDep, caller: OrganiserCaller, name: str, form: DeskFormDep) -> Response:
    """Hide the challenge or show it; hiding asks for its name."""
    act = form.text("act")
    try:
        with core.database.write() as work:
            challenge = desk_challenge(work.session, caller, name)
            if act not in {"hide", "show"}:
                raise Unprocessable("no-act", _("Nothing was done. Choose what is to be done."))
            if act == "hide":
                confirmed(form, challenge.name)
            work.take_turns(f"changes of {challenge.id}")
            set_hidden(core, work, caller, challenge, is_hidden=act == "hide")
    except (Conflict, Unprocessable) as refused:
        return _show(core, caller, name, refused=refused)
    return see_other(f"{root_of(name)}?note={'hidden' if act == 'hide' else 'shown'}")


def _show(core: Core, caller: Identity, name: str, *, note: str = "", refused: Refusal | None = None) -> Response:
    now = core.clock.now()
    with core.database.read() as session:
        challenge = desk_challenge(session, caller, name)
        phases, overview = of_challenge(session, challenge.id), _overview(session, challenge, now)
    frame = frame_of(challenge, caller, "overview", note=note, refused=refused)
    context = build.overview_context(challenge, frame, phases, overview, now=now)
    return private_response(context, reader=caller, status=200 if refused is None else refused.status)


def _overview(session: Session, challenge: ChallengeRow, now: datetime) -> Overview:
    by_phase = select(SubmissionRow.phase_id, func.count()).where(SubmissionRow.challenge_id == challenge.id)
    teams = select(func.count()).where(EntryRow.challenge_id == challenge.id, EntryRow.status.in_(("pending", "approved")))
    return Overview(
        waiting=waiting_in(session, challenge, now),
        states=states_in(session, challenge.id),
        teams=session.scalar(teams) or 0,
        by_phase=dict(session.execute(by_phase.group_by(SubmissionRow.phase_id)).all()),
    )


def _service(core: Core, now: datetime) -> tuple[WaitingLine, ...]:
    with core.database.read() as session:
        nodes, lost = nodes_in_trouble(session, now), undelivered(session, now)
    return service_lines(
        examine(core),
        nodes,
        undelivered=lost,
        undrawn=len(due_studies(core)),
        free_bytes=_free_bytes(core),
        needed_bytes=core.settings.min_free_bytes,
    )


def _free_bytes(core: Core) -> int | None:
    try:
        return core.store.free_bytes()
    except OSError:
        return None


def _notes() -> dict[str, str]:
    return {
        "opened": _("The phase takes images again within its dates."),
        "closed": _("The phase is closed: it takes no more images, and its board shows exact times and memory."),
        "hidden": _("The challenge is hidden: only its organizers know of it."),
        "shown": _("Everyone may know of the challenge."),
    }
