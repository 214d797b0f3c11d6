"""/desk/challenges/{name}/publish: what is on show, what closing or a rescoring would change, and doing it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Path, Response
from sqlalchemy.orm import Session

from sonobench_platform.accounts.access import OrganiserCaller
from sonobench_platform.accounts.identity import Identity
from sonobench_platform.challenges.phases import get_phase, of_challenge
from sonobench_platform.core import Core, CoreDep
from sonobench_platform.db.models import ChallengeRow, PhaseRow, RescoringRow
from sonobench_platform.db.session import Work
from sonobench_platform.domain.errors import NotFound, Refusal
from sonobench_platform.leaderboards.publish import counted, latest
from sonobench_platform.runs import rescoring
from sonobench_platform.runs.organising_view import rescoring_view
from sonobench_platform.runs.rank_changes import changes_when_closed
from sonobench_platform.web.account_pages import see_other
from sonobench_platform.web.desk_frame import (
    DeskFormDep,
    NoteQuery,
    confirmed,
    desk_challenge,
    frame_of,
    noted,
    reason_of,
    root_of,
)
from sonobench_platform.web.desk_publish_build import KnownPhase, publish_context
from sonobench_platform.web.rendering import private_response
from sonobench_platform.web.texts import _

router = APIRouter(include_in_schema=False)

RescoringId = Annotated[str, Path(max_length=32)]
_PAGE = "/desk/challenges/{name}/publish"


@router.get(_PAGE)
def publish_page(core: CoreDep, caller: OrganiserCaller, name: str, note: NoteQuery = "") -> Response:
    return _shown(core, caller, name, note=noted(_notes(), note))


@router.post(f"{_PAGE}/rescore")
def ask_for_rescoring(core: CoreDep, caller: OrganiserCaller, name: str, form: DeskFormDep) -> Response:
    """Nothing that counts changes until it is published."""

    def ask(work: Work, challenge: ChallengeRow) -> None:
        phase = get_phase(work.session, challenge, form.text("phase") or None)
        rescoring.ask(core, work, caller, phase, reason=reason_of(form))

    return _done(core, caller, name, ask, note="asked")


@router.post(f"{_PAGE}/{{rescoring_id}}/publish")
def publish_rescoring(
    core: CoreDep, caller: OrganiserCaller, name: str, rescoring_id: RescoringId, form: DeskFormDep
) -> Response:
    """Its evaluations count from then on: the challenge's name must be typed in."""

    def publish(work: Work, challenge: ChallengeRow) -> None:
        confirmed(form, challenge.name)
        _own(work.session, caller, challenge, rescoring_id)
        rescoring.publish_rescoring(core, work, caller, rescoring_id)

    return _done(core, caller, name, publish, note="published")


@router.post(f"{_PAGE}/{{rescoring_id}}/drop")
def drop_rescoring(core: CoreDep, caller: OrganiserCaller, name: str, rescoring_id: RescoringId) -> Response:
    def drop(work: Work, challenge: ChallengeRow) -> None:
        _own(work.session, caller, challenge, rescoring_id)
        rescoring.drop_rescoring(core, work, caller, rescoring_id)

    return _done(core, caller, name, drop, note="dropped")


def _done(core: Core, caller: Identity, name: str, do: Callable[[Work, ChallengeRow], None], *, note: str) -> Response:
    try:
        with core.database.write() as work:
            do(work, desk_challenge(work.session, caller, name))
    except Refusal as refused:
        return _shown(core, caller, name, refused=refused)
    return see_other(f"{root_of(name)}/publish?note={note}")


def _own(session: Session, caller: Identity, challenge: ChallengeRow, rescoring_id: str) -> None:
    _row, phase = rescoring.get_rescoring(session, caller, rescoring_id)
    if phase.challenge_id != challenge.id:
        raise NotFound("no-such-rescoring", _("There is no rescoring of that name in this challenge."))


def _shown(core: Core, caller: Identity, name: str, *, note: str = "", refused: Refusal | None = None) -> Response:
    with core.database.read() as session:
        challenge = desk_challenge(session, caller, name)
        phases = of_challenge(session, challenge.id)
        rescorings = rescoring.of_phases(session, [phase.id for phase in phases])
        context = publish_context(
            challenge,
            frame_of(challenge, caller, "publish", note=note, refused=refused),
            [_known(core, session, phase, rescorings) for phase in phases],
            [rescoring_view(session, row) for row in rescorings],
        )
    return private_response(context, reader=caller, status=200 if refused is None else refused.status)


def _known(core: Core, session: Session, phase: PhaseRow, rescorings: list[RescoringRow]) -> KnownPhase:
    living = any(row.phase_id == phase.id and row.state in rescoring.LIVING for row in rescorings)
    scored = bool(counted(core, session, phase))
    changes = changes_when_closed(core, session, phase) if phase.is_open and scored else None
    return KnownPhase(phase, latest(session, phase.id), changes, can_rescore=scored and not living)


def _notes() -> dict[str, str]:
    return {
        "asked": _("The stored predictions are being scored again. What would change stands below once that is done."),
        "published": _("The rescoring is published: the board was made anew from its scores."),
        "dropped": _("The rescoring is dropped. Nothing that counts has changed."),
    }
