"""`docker login`, `docker push`, and handing in what was pushed."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, status

from sonobench_platform.accounts.access import ALLOWED, LimitsDep, Participant
from sonobench_platform.accounts.identity import Identity, Role
from sonobench_platform.accounts.service import identify
from sonobench_platform.core import Core, CoreDep
from sonobench_platform.domain.errors import Forbidden, NotFound, Unauthorised
from sonobench_platform.problems import refusals
from sonobench_platform.registry.found import url_of
from sonobench_platform.registry.handing_in import find_pushed, hand_in
from sonobench_platform.registry.schemas import PushedImage, PushHere, RegistryToken
from sonobench_platform.registry.scopes import WRITE, granted
from sonobench_platform.registry.tokens import SERVICE, VALID_FOR, mint
from sonobench_platform.storage.full import no_space
from sonobench_platform.submissions.schemas import Submission
from sonobench_platform.submissions.view import view_one

router = APIRouter(tags=["registry"])


def docker_client(request: Request, core: CoreDep, limits: LimitsDep) -> Identity:
    """Who asks for a token: `docker login` sends the API token as a password, under any name."""
    limits.count_visit(request)
    identity = identify(core, _password(request.headers.get("authorization", "")))
    if identity is None:
        detail = "Sign in with `docker login`: any name, and a team's or a personal API token as the password."
        raise Unauthorised("token-needed", detail, headers={"WWW-Authenticate": 'Basic realm="sonobench"'})
    if Role.PARTICIPANT not in identity.roles:
        raise Forbidden("not-your-role", f"Images are pushed by teams, and you ask as {identity.name}.")
    return identity


ALLOWED[docker_client] = frozenset({Role.PARTICIPANT})
DockerClient = Annotated[Identity, Depends(docker_client)]


def _password(header: str) -> str:
    scheme, _, rest = header.partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(rest.strip(), validate=True).decode().partition(":")[2]
    except (binascii.Error, ValueError):
        return ""


@router.get("/registry/token", responses=refusals(401, 403, 404, 507), summary="A token for the registry")
def get_token(
    core: CoreDep,
    caller: DockerClient,
    service: Annotated[str, Query(max_length=100, description="The registry's name for itself.")] = SERVICE,
    scope: Annotated[list[str] | None, Query(max_length=20, description="`repository:NAME:ACTIONS`.")] = None,
) -> RegistryToken:
    """What Docker clients call by themselves. What is not the caller's is left out, and the registry then refuses it."""
    url_of(core)
    if service != SERVICE:
        raise NotFound("no-such-service", "There is no registry of that name here.")
    grants = granted(scope or (), team_ids=caller.team_ids, may_write=Role.PARTICIPANT in caller.changing_roles)
    if any(WRITE in grant.actions for grant in grants):
        _see_room(core)
    token = mint(core, grants, subject=caller.name)
    return RegistryToken(
        token=token,
        access_token=token,
        expires_in=int(VALID_FOR.total_seconds()),
        issued_at=core.clock.now().isoformat(timespec="seconds"),
    )


def _see_room(core: Core) -> None:
    """A full disk stops pushes before it stops everything else; whether the registry shares ours, it alone knows."""
    if core.store.free_bytes() < 2 * core.settings.min_free_bytes:
        raise no_space()


@router.get("/api/v1/registry", responses=refusals(401, 403, 404), summary="Where to push images to")
def get_registry(core: CoreDep, caller: Participant) -> PushHere:
    """`docker login HOST`, then `docker push HOST/team-.../NAME`. Layers that are there already are not sent again."""
    url_of(core)
    return PushHere(host=core.settings.registry_host, repositories=[f"{team.id}/" for team in caller.teams])


@router.post(
    "/api/v1/challenges/{name}/submissions/pushed",
    status_code=status.HTTP_201_CREATED,
    responses=refusals(401, 403, 404, 409, 413, 429, 507),
    tags=["submissions"],
    summary="Hand in an image that was pushed",
)
def post_pushed(core: CoreDep, caller: Participant, name: str, body: PushedImage) -> Submission:
    """Takes the image by the digest that its name stands for now; what is pushed under that name later changes nothing."""
    found = find_pushed(core, caller, body.image)
    with core.database.write() as work:
        made = hand_in(core, work, caller, found, challenge_name=name, wanted=body)
        return view_one(work.session, caller, made.id, now=core.clock.now())
