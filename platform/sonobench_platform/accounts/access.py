"""Who may call what. Every route names its callers with `anyone`, or with one of the callers below; a test walks the routes.

Nobody: 401. Someone else: 403, for what the documentation shows anyway. A thing of another team: 404, in the services.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, Request

from sonobench_platform.accounts.service import Identity, identify
from sonobench_platform.accounts.tokens import TokenKind
from sonobench_platform.core import CoreDep
from sonobench_platform.domain.errors import Forbidden, Unauthorised

ALLOWED: dict[Callable[..., Any], frozenset[TokenKind]] = {}
"""What each dependency lets through: the API's document and its test read it. Empty: no token needed."""


def anyone() -> None:
    """No token needed: nothing hidden is behind such a route."""


ALLOWED[anyone] = frozenset()


def _allow(*kinds: TokenKind) -> Callable[..., Identity]:
    def caller(request: Request, core: CoreDep) -> Identity:
        identity = identify(core, _bearer(request))
        if identity is None:
            raise Unauthorised("unknown-token", "This token is not known here, or was revoked; check it.", headers=_CHALLENGE)
        if identity.kind not in kinds:
            needed = " or ".join(f"{'an' if kind == TokenKind.ORGANISER else 'a'} {kind}" for kind in kinds)
            raise Forbidden("wrong-kind-of-token", f"This needs {needed} token, and yours is of kind {identity.kind}.")
        return identity

    ALLOWED[caller] = frozenset(kinds)
    return caller


_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="sonobench"'}


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        detail = "A token is needed: send the header `Authorization: Bearer sb..._...`."
        raise Unauthorised("token-needed", detail, headers=_CHALLENGE)
    return token.strip()


Everyone = Depends(anyone)
TeamCaller = Annotated[Identity, Depends(_allow(TokenKind.TEAM))]
OrganiserCaller = Annotated[Identity, Depends(_allow(TokenKind.ORGANISER))]
TeamOrOrganiser = Annotated[Identity, Depends(_allow(TokenKind.TEAM, TokenKind.ORGANISER))]
NodeCaller = Annotated[Identity, Depends(_allow(TokenKind.NODE))]
AnyToken = Annotated[Identity, Depends(_allow(TokenKind.TEAM, TokenKind.ORGANISER, TokenKind.NODE))]
