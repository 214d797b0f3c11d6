"""The API's description: every route says who may call it and answers every error as a problem document."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from sonobench_platform.accounts.access import ALLOWED
from sonobench_platform.accounts.identity import Role
from sonobench_platform.problems import MEDIA_TYPE, FieldError, Problem

_SCHEMES = {
    Role.PARTICIPANT: (
        "participant",
        "A team's token, `sbt_...`, or a person's, `sbp_...` with the scope `submit` (`read` to read).",
    ),
    Role.ORGANISER: (
        "organiser",
        "The organiser token, `sbo_...`, or an organiser's with the scope `organise`.",
    ),
    Role.ADMINISTRATOR: ("administrator", "The organiser token, or an administrator's with the scope `administer`."),
    Role.NODE: ("node", "The run workers' token, `sbn_...`; made at the first start."),
    Role.PERSON: ("person", "The token of a person with an account, `sbp_...`, or a signed-in browser."),
    Role.SIGNED_IN: (
        "signed-in",
        "A signed-in browser: the cookie, and `X-CSRF-Token` with whatever changes something. No token.",
    ),
}
_COOKIE = {"type": "apiKey", "in": "cookie", "name": "sonobench_session"}
_BEARER = {"type": "http", "scheme": "bearer"}

_WITH_BODY = ("put", "post")


class UnstatedAccessError(Exception):
    """A route does not say who may call it."""


def callers_of(route: APIRoute) -> frozenset[Role]:
    """Which roles a route takes; empty for anyone.

    Raises:
        UnstatedAccessError: it does not say.
    """
    stated = [ALLOWED[call] for call in _calls(route.dependant) if call in ALLOWED]
    if len(stated) != 1:
        raise UnstatedAccessError(f"{sorted(route.methods or ())} {route.path} states its callers {len(stated)} times, not once")
    return stated[0]


def install(app: FastAPI, routers: Iterable[APIRouter]) -> None:
    """Replace `app.openapi` by one that knows access and problems; made once, when first asked for."""
    routes = [route for router in routers for route in router.routes if isinstance(route, APIRoute)]
    access = {(method.lower(), route.path): callers_of(route) for route in routes for method in route.methods or ()}

    def openapi() -> dict[str, Any]:
        if not app.openapi_schema:
            app.openapi_schema = _document(app, access)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _document(app: FastAPI, access: dict[tuple[str, str], frozenset[Role]]) -> dict[str, Any]:
    document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    parts = document["components"]
    for name in ("HTTPValidationError", "ValidationError"):
        parts["schemas"].pop(name, None)
    parts["schemas"]["FieldError"] = FieldError.model_json_schema()
    parts["schemas"]["Problem"] = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    parts["schemas"]["Problem"].pop("$defs", None)
    parts["securitySchemes"] = {
        name: {**(_COOKIE if role == Role.SIGNED_IN else _BEARER), "description": description}
        for role, (name, description) in _SCHEMES.items()
    }
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            operation["security"] = [{_SCHEMES[role][0]: []} for role in sorted(access.get((method, path), ()))]
            _say_key(operation, method, path)
            if "{" in path:  # a name with control characters is none, whatever the route
                operation["responses"].setdefault("404", {"description": "There is no such thing."})
            _say_problems(operation, method)
    return document


_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    "description": "A random name for this request: sent again with it within a day, it is done once and answered as before.",
}


def _say_key(operation: dict[str, Any], method: str, path: str) -> None:
    if method == "post" and path.startswith("/api/v1/") and operation["security"]:
        operation.setdefault("parameters", []).append(_KEY)
        operation["responses"].setdefault("409", {"description": "The thing is not in a state that allows this."})


def _say_problems(operation: dict[str, Any], method: str) -> None:
    answers = operation["responses"]
    if method in _WITH_BODY:
        answers.setdefault("400", {"description": "The body is not JSON."})
        answers.setdefault("413", {"description": "The body is too large."})
        answers.setdefault("422", {"description": "The request is malformed."})
    answers.setdefault("429", {"description": "Too often; `Retry-After` says when to ask again."})
    if operation["security"]:
        answers.setdefault("401", {"description": "A valid token or a signed-in browser is needed."})
        answers.setdefault("403", {"description": "This caller may not do that."})
    answers.setdefault("503", {"description": "The server is busy for a moment."})
    for status, answer in answers.items():
        if status.startswith(("4", "5")):
            answer["description"] = answer["description"].replace("Validation Error", "The request is malformed.")
            answer["content"] = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    operation["responses"] = dict(sorted(answers.items()))


def _calls(dependant: Dependant) -> list[Any]:
    return [call for each in dependant.dependencies for call in (each.call, *_calls(each))]
