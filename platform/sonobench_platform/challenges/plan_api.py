"""Changing a challenge over HTTP: its organisers send the definition; its data stays where it is registered on the server."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool

from sonobench_eval.challenge.load import ChallengeError, LoadedChallenge
from sonobench_platform.accounts.access import OrganiserCaller
from sonobench_platform.accounts.identity import Identity
from sonobench_platform.challenges.applying import apply
from sonobench_platform.challenges.plan_schemas import PlanView, shown
from sonobench_platform.challenges.planning import make_plan, registered
from sonobench_platform.challenges.preparing import prepare, read_sent
from sonobench_platform.core import Core, CoreDep
from sonobench_platform.domain.errors import DefinitionRefused
from sonobench_platform.problems import refusals
from sonobench_platform.teams.visible import organised

router = APIRouter(prefix="/api/v1/challenges/{name}", tags=["challenges"])

YAML: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"application/yaml": {"schema": {"type": "string"}}}},
}
Reason = Annotated[str | None, Query(max_length=2000, description="Why a frozen challenge is changed; everyone reads it.")]


@router.post("/plan", responses=refusals(401, 403, 404, 413, 422), openapi_extra=YAML, summary="What a definition would change")
async def plan_challenge(request: Request, core: CoreDep, caller: OrganiserCaller, name: str) -> PlanView:
    """Compares the challenge file in the body with what is registered, and changes nothing.

    The data is hashed, which may take minutes.
    """
    text = _text(await request.body())
    return await run_in_threadpool(_plan, core, caller, name, text)


@router.post(
    "/apply", responses=refusals(401, 403, 404, 409, 413, 422), openapi_extra=YAML, summary="Make a definition the registered one"
)
async def apply_challenge(request: Request, core: CoreDep, caller: OrganiserCaller, name: str, reason: Reason = None) -> PlanView:
    """Does what the plan says. The data must lie on the server already, where it is registered. Twice is harmless."""
    text = _text(await request.body())
    return await run_in_threadpool(_apply, core, caller, name, text, reason)


def _plan(core: Core, caller: Identity, name: str, text: str) -> PlanView:
    try:
        return shown(make_plan(core, prepare(_sent(core, caller, name, text))))
    except ChallengeError as error:
        raise _refused(error) from error


def _apply(core: Core, caller: Identity, name: str, text: str, reason: str | None) -> PlanView:
    try:
        return shown(apply(core, caller, _sent(core, caller, name, text), reason=reason).plan)
    except ChallengeError as error:
        raise _refused(error) from error


def _sent(core: Core, caller: Identity, name: str, text: str) -> LoadedChallenge:
    with core.database.read() as session:
        known = organised(session, caller, name)
    return read_sent(text, known, registered(core.store, known))


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DefinitionRefused("not-utf-8", "The body is not UTF-8; send the challenge file as UTF-8.") from error


def _refused(error: ChallengeError) -> DefinitionRefused:
    return DefinitionRefused("bad-definition", str(error))
