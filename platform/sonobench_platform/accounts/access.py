"""Who may call what. Every route names its callers with `anyone`, or with one of the callers below; a test walks the routes.

Nobody: 401. Someone else: 403, for what the documentation shows anyway. A thing of another team: 404, in the services.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, Request

from sonobench_platform.accounts.identity import Identity, Role
from sonobench_platform.accounts.service import identify
from sonobench_platform.core import CoreDep
from sonobench_platform.domain.errors import Forbidden, Unauthorised

ALLOWED: dict[Callable[..., Any], frozenset[Role]] = {}
"""What each dependency lets through: the API's document and its test read it. Empty: no token needed."""


def anyone() -> None:
    """No token needed: nothing hidden is behind such a route."""


ALLOWED[anyone] = frozenset()


def _allow(*roles: Role) -> Callable[..., Identity]:
    def caller(request: Request, core: CoreDep) -> Identity:
        identity = identify(core, _bearer(request))
        if identity is None:
            raise Unauthorised("unknown-token", "This token is not known here, or was revoked; check it.", headers=_CHALLENGE)
        if not identity.roles & frozenset(roles):
            needed = " or ".join(f"{'an' if role[0] in 'ao' else 'a'} {role}" for role in roles)
            raise Forbidden("not-your-role", f"This is for {needed}, and you ask as {identity.name}.")
        return identity

    ALLOWED[caller] = frozenset(roles)
    return caller


_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="sonobench"'}


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        detail = "A token is needed: send the header `Authorization: Bearer sb..._...`."
        raise Unauthorised("token-needed", detail, headers=_CHALLENGE)
    return token.strip()


def perhaps(request: Request, core: CoreDep) -> Identity | None:
    """No token needed; whoever sends a good one is known, because they may see more. A token that is none is nobody's."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return identify(core, token.strip()) if scheme.lower() == "bearer" else None


ALLOWED[perhaps] = frozenset()

Everyone = Depends(anyone)
Perhaps = Annotated[Identity | None, Depends(perhaps)]
Participant = Annotated[Identity, Depends(_allow(Role.PARTICIPANT))]
OrganiserCaller = Annotated[Identity, Depends(_allow(Role.ORGANISER))]
AdministratorCaller = Annotated[Identity, Depends(_allow(Role.ADMINISTRATOR))]
ParticipantOrOrganiser = Annotated[Identity, Depends(_allow(Role.PARTICIPANT, Role.ORGANISER))]
PersonCaller = Annotated[Identity, Depends(_allow(Role.PERSON))]
NodeCaller = Annotated[Identity, Depends(_allow(Role.NODE))]
AnyCaller = Annotated[Identity, Depends(_allow(*Role))]
