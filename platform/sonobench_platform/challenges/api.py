"""Challenges: anyone may read those that are not hidden; organisers open, close, hide and show them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from sonobench_eval.challenge.public import PublicChallenge, public_part
from sonobench_platform.accounts.access import OrganiserCaller, Visitor
from sonobench_platform.accounts.identity import Identity
from sonobench_platform.challenges import view
from sonobench_platform.challenges.definition import public_challenge
from sonobench_platform.challenges.hiding import set_hidden
from sonobench_platform.challenges.opening import set_open
from sonobench_platform.challenges.phases import get_phase
from sonobench_platform.challenges.schemas import ChallengeDetail, Challenges, ChallengeSummary
from sonobench_platform.core import Core, CoreDep
from sonobench_platform.db.models import ChallengeRow
from sonobench_platform.db.session import Work
from sonobench_platform.desk.etags import CHANGES, UNCHANGED, must_match, with_etag
from sonobench_platform.problems import refusals
from sonobench_platform.teams.visible import organised, visible

router = APIRouter(prefix="/api/v1/challenges", tags=["challenges"])

PhaseQuery = Annotated[str | None, Query(max_length=64, description="Of this phase.")]


@router.get("", summary="All challenges")
def list_challenges(core: CoreDep, caller: Visitor) -> Challenges:
    """Hidden ones are listed for their organisers alone."""
    with core.database.read() as session:
        return Challenges(items=view.all_visible(session, caller, core.clock.now()))


@router.get("/{name}", response_model=ChallengeDetail, responses={**UNCHANGED, **refusals(404)}, summary="One challenge")
def get_challenge(request: Request, core: CoreDep, caller: Visitor, name: str) -> Response:
    """Tasks, centres, metrics, limits, phases, what was changed of it, and how it is ranked.

    References and case names are never shown. The ETag is for `If-Match`, so that of two organisers neither undoes the other.
    """
    with core.database.read() as session:
        shown = view.detail(session, visible(session, caller, name), core.clock.now())
    return with_etag(request, shown)


@router.get("/{name}/public", responses=refusals(404), summary="A challenge without its cases")
def get_public_challenge(core: CoreDep, caller: Visitor, name: str, phase: PhaseQuery = None) -> PublicChallenge:
    """All that `sonobench test --sample` needs to run and score an image on other images, as the platform would."""
    with core.database.read() as session:
        row = visible(session, caller, name)
        of = row if phase is None else get_phase(session, row, phase)
        return public_part(public_challenge(of), of.hash)


@router.post("/{name}/close", responses=refusals(401, 403, 404, 412), openapi_extra=CHANGES, summary="Close a challenge")
def close_challenge(
    request: Request, core: CoreDep, caller: OrganiserCaller, name: str, phase: PhaseQuery = None
) -> ChallengeSummary:
    """It takes no more images, whatever its dates, and its boards are published with exact times and memory.

    With `phase`, that phase alone. Twice is harmless.
    """
    with _changing(request, core, caller, name) as (work, _):
        challenge = set_open(core, work, name, is_open=False, caller=caller, phase=phase)
        return view.summary(work.session, challenge, core.clock.now())


@router.post("/{name}/open", responses=refusals(401, 403, 404, 409, 412), openapi_extra=CHANGES, summary="Open a challenge again")
def open_challenge(
    request: Request, core: CoreDep, caller: OrganiserCaller, name: str, phase: PhaseQuery = None
) -> ChallengeSummary:
    """It takes images again within its dates, and its boards show times to 1 % and memory to 64 MiB while it does.

    With `phase`, that phase alone. Twice is harmless.
    """
    with _changing(request, core, caller, name) as (work, _):
        challenge = set_open(core, work, name, is_open=True, caller=caller, phase=phase)
        return view.summary(work.session, challenge, core.clock.now())


@router.post("/{name}/hide", responses=refusals(401, 403, 404, 412), openapi_extra=CHANGES, summary="Hide a challenge")
def hide_challenge(request: Request, core: CoreDep, caller: OrganiserCaller, name: str) -> ChallengeSummary:
    """Only its organisers know of it then: for all others there is none of that name. Twice is harmless."""
    with _changing(request, core, caller, name) as (work, challenge):
        set_hidden(core, work, caller, challenge, is_hidden=True)
        return view.summary(work.session, challenge, core.clock.now())


@router.post("/{name}/show", responses=refusals(401, 403, 404, 412), openapi_extra=CHANGES, summary="Show a hidden challenge")
def show_challenge(request: Request, core: CoreDep, caller: OrganiserCaller, name: str) -> ChallengeSummary:
    """Everyone may know of it. Twice is harmless."""
    with _changing(request, core, caller, name) as (work, challenge):
        set_hidden(core, work, caller, challenge, is_hidden=False)
        return view.summary(work.session, challenge, core.clock.now())


@contextmanager
def _changing(request: Request, core: Core, caller: Identity, name: str) -> Iterator[tuple[Work, ChallengeRow]]:
    """A transaction in which the caller changes a challenge that is still what they read, where they say what that was."""
    with core.database.write() as work:
        challenge = organised(work.session, caller, name)
        work.take_turns(f"changes of {challenge.id}")
        work.session.refresh(challenge)
        must_match(request, view.detail(work.session, challenge, core.clock.now()))
        yield work, challenge
