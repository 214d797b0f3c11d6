"""Who may call what. Every route names its callers with `anyone`, or with one of the callers below; a test walks the routes.

Nobody: 401. Someone else: 403, for what the documentation shows anyway. A thing of another team: 404, in the services.
A bearer token is looked at first, then the browser's session, whose changing requests must carry its secret.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, cast

from fastapi import Depends, Request

from sonobench_platform.accounts import csrf, sessions
from sonobench_platform.accounts.identity import Identity, Role
from sonobench_platform.accounts.rate_limits import RateLimits
from sonobench_platform.accounts.service import identify
from sonobench_platform.core import Core, CoreDep
from sonobench_platform.desk import idempotency
from sonobench_platform.domain.errors import Forbidden, Unauthorised

ALLOWED: dict[Callable[..., Any], frozenset[Role]] = {}
"""What each dependency lets through: the API's document and its test read it. Empty: no token needed."""

_NAMES = {
    Role.PARTICIPANT: "a participant",
    Role.ORGANISER: "an organiser",
    Role.ADMINISTRATOR: "an administrator",
    Role.NODE: "a node",
    Role.PERSON: "a person with an account",
    Role.SIGNED_IN: "a person signed in with a browser (no token will do)",
}
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="sonobench"'}


def limits_of(request: Request) -> RateLimits:
    """How often one may ask here."""
    return cast(Any, request.app.state).rate_limits  # type: ignore[no-any-return]


LimitsDep = Annotated[RateLimits, Depends(limits_of)]
CsrfDep = Annotated[str | None, Depends(csrf.form_secret)]


def anyone(request: Request, limits: LimitsDep) -> None:
    """No token needed: nothing hidden is behind such a route."""
    limits.count_visit(request)


def visitor(request: Request, core: CoreDep, limits: LimitsDep, secret: CsrfDep) -> Identity | None:
    """No token needed; whoever is known may see more. A token that is none, or a session that is over, is nobody's."""
    try:
        return _recognised(request, core, limits, secret)
    except Unauthorised:
        return None


ALLOWED[anyone] = ALLOWED[visitor] = frozenset()


def _allow(*roles: Role) -> Callable[..., Identity]:
    wanted = frozenset(roles)

    def caller(request: Request, core: CoreDep, limits: LimitsDep, secret: CsrfDep) -> Identity:
        identity = _recognised(request, core, limits, secret)
        if identity is None:
            raise _nobody(request, core)
        if not identity.roles & wanted:
            needed = " or ".join(_NAMES[role] for role in roles)
            raise Forbidden("not-your-role", f"This is for {needed}, and you ask as {identity.name}.")
        if request.method not in csrf.SAFE_METHODS and not identity.changing_roles & wanted:
            raise Forbidden("scope-missing", "This token may only read here; make one with the scope `submit`.")
        idempotency.admit(request, core, identity)
        return identity

    ALLOWED[caller] = wanted
    return caller


def _recognised(request: Request, core: Core, limits: RateLimits, secret: str | None) -> Identity | None:
    """Who asks, counted; None where a request says nothing of it, or its session is over."""
    if (token := _bearer(request)) is not None:
        identity = identify(core, token)
        if identity is None:
            limits.count_visit(request)
            raise Unauthorised("unknown-token", "This token is not known here, or was revoked; check it.", headers=_CHALLENGE)
    else:
        cookie = sessions.cookie_of(request, core.settings)
        identity = None if cookie is None else sessions.recognise(core, cookie)
        if identity is None:
            limits.count_visit(request)
            return None
        csrf.check(request, core.settings, identity, secret)
    limits.count_request(request, identity)
    return identity


def _nobody(request: Request, core: Core) -> Unauthorised:
    if sessions.cookie_of(request, core.settings) is not None:
        return Unauthorised("session-over", "You are signed out; sign in again.", headers=_CHALLENGE)
    detail = "A token is needed: send the header `Authorization: Bearer sb..._...`."
    return Unauthorised("token-needed", detail, headers=_CHALLENGE)


def _bearer(request: Request) -> str | None:
    """The token that was sent, if any. An empty one is a token that nobody knows."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


Everyone = Depends(anyone)
Visitor = Annotated[Identity | None, Depends(visitor)]
Participant = Annotated[Identity, Depends(_allow(Role.PARTICIPANT))]
OrganiserCaller = Annotated[Identity, Depends(_allow(Role.ORGANISER))]
AdministratorCaller = Annotated[Identity, Depends(_allow(Role.ADMINISTRATOR))]
ParticipantOrOrganiser = Annotated[Identity, Depends(_allow(Role.PARTICIPANT, Role.ORGANISER))]
PersonCaller = Annotated[Identity, Depends(_allow(Role.PERSON))]
SignedInCaller = Annotated[Identity, Depends(_allow(Role.SIGNED_IN))]
NodeCaller = Annotated[Identity, Depends(_allow(Role.NODE))]
AnyCaller = Annotated[Identity, Depends(_allow(*Role))]
