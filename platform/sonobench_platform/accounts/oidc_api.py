"""Signing in with an identity provider, where the settings name one."""

from __future__ import annotations

from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends, Query, Request, status
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field

from sonobench_platform.accounts import oidc, sessions
from sonobench_platform.accounts.access import Everyone
from sonobench_platform.accounts.door import DoorDep
from sonobench_platform.accounts.oidc_provider import OidcProvider
from sonobench_platform.accounts.rate_limits import PROVIDER_ADDRESS
from sonobench_platform.domain.errors import Forbidden, NotFound, Unprocessable
from sonobench_platform.problems import refusals

router = APIRouter(prefix="/api/v1/account/oidc", tags=["accounts"])

_COOKIE = "sonobench_oidc"
_Text = Annotated[str | None, Field(max_length=4000)]


class Answer(BaseModel):
    """What the provider sends the browser back with."""

    state: _Text = None
    code: _Text = None
    error: _Text = None
    iss: _Text = None


def provider_of(request: Request) -> OidcProvider:
    """The identity provider. Raises NotFound where there is none."""
    found = cast(Any, request.app.state).oidc_provider
    if found is None:
        raise NotFound("no-provider", "Nobody else signs people in here; sign in with your password.")
    return found  # type: ignore[no-any-return]


ProviderDep = Annotated[OidcProvider, Depends(provider_of)]
_LEAVES = {307: {"description": "Go to the identity provider."}, **refusals(404, 429)}
_ARRIVES = {303: {"description": "Signed in; go on to the page asked for."}, **refusals(403, 404, 422, 429)}


@router.get("/start", status_code=307, response_class=RedirectResponse, dependencies=[Everyone], responses=_LEAVES)
def start_oidc(
    door: DoorDep,
    provider: ProviderDep,
    return_to: Annotated[str, Query(max_length=500, description="A path here to come back to.")] = "/",
) -> RedirectResponse:
    """Sends the browser to the identity provider."""
    door.take(PROVIDER_ADDRESS)
    journey = oidc.begin(door.core, provider, return_to=return_to)
    response = RedirectResponse(journey.address, status.HTTP_307_TEMPORARY_REDIRECT)
    response.set_cookie(
        _COOKIE,
        journey.cookie,
        max_age=int(oidc.WITHIN.total_seconds()),
        path=router.prefix,
        secure=door.core.settings.public_url.startswith("https://"),
        httponly=True,
        samesite="lax",
    )
    return response


@router.get("/callback", status_code=303, response_class=RedirectResponse, dependencies=[Everyone], responses=_ARRIVES)
def finish_oidc(door: DoorDep, provider: ProviderDep, request: Request, said: Annotated[Answer, Query()]) -> RedirectResponse:
    """Where the identity provider sends the browser back to; signs it in."""
    door.take(PROVIDER_ADDRESS)
    if said.error is not None:
        raise Forbidden("oidc-denied", "The identity provider did not sign you in; start again from the sign-in page.")
    if not said.state or not said.code or said.iss not in {None, provider.issuer}:
        raise Unprocessable("oidc-journey", "This is not how the identity provider sends people back; start again.")
    cookie = request.cookies.get(_COOKIE, "")
    arrival = oidc.finish(door.core, provider, state=said.state, code=said.code, cookie=cookie, browser=door.browser)
    response = RedirectResponse(arrival.return_to, status.HTTP_303_SEE_OTHER)
    sessions.set_cookie(response, door.core.settings, arrival.session)
    response.delete_cookie(_COOKIE, path=router.prefix)
    return response
