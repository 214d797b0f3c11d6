"""/desk/challenges/{name}/exports: the tables that organizers may take away."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from sonobench_platform.accounts.access import OrganiserCaller
from sonobench_platform.challenges.phases import get_phase, of_challenge
from sonobench_platform.core import CoreDep
from sonobench_platform.web.desk_exports_build import exports_context
from sonobench_platform.web.desk_frame import desk_challenge, frame_of
from sonobench_platform.web.rendering import private_response

router = APIRouter(include_in_schema=False)


@router.get("/desk/challenges/{name}/exports")
def exports_page(
    core: CoreDep, caller: OrganiserCaller, name: str, phase: Annotated[str | None, Query(max_length=64)] = None
) -> Response:
    with core.database.read() as session:
        challenge = desk_challenge(session, caller, name)
        chosen = None if phase is None else get_phase(session, challenge, phase)
        phases = of_challenge(session, challenge.id)
        context = exports_context(challenge, frame_of(challenge, caller, "exports"), phases, chosen=chosen)
    return private_response(context, reader=caller)
