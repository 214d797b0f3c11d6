"""Errors as RFC 9457 problem documents, for every route, unknown ones too. `code` is stable; `detail` is for people."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from sonobench_platform.domain.errors import Refusal, Unavailable

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"


class FieldError(BaseModel):
    """One thing wrong with a request: where, and what."""

    location: Annotated[str, Field(description="Where: `body.size_bytes`, `query.limit`...")]
    message: str


class Problem(BaseModel):
    """What went wrong, to what, and what to do (RFC 9457)."""

    type: Annotated[str, Field(description="`urn:sonobench:problem:` and the code.")]
    title: Annotated[str, Field(description="The status in words.")]
    status: int
    detail: Annotated[str, Field(description="One sentence for people.")]
    instance: Annotated[str, Field(description="The path that was asked for.")]
    code: Annotated[str, Field(description="Stable and machine-readable.")]
    errors: Annotated[list[FieldError] | None, Field(description="Only with status 422 for a malformed request.")] = None


_SAY = {
    400: "The request cannot be understood.",
    401: "A valid token or a signed-in browser is needed.",
    403: "This caller may not do that.",
    404: "There is no such thing, or it is not yours to see.",
    408: "The upload stalled.",
    409: "The thing is not in a state that allows this.",
    410: "It was here, and is gone for good.",
    411: "Content-Length is missing.",
    412: "A condition in the headers is not met.",
    413: "The body is larger than allowed.",
    415: "The body is of another kind than this address takes.",
    422: "The request is malformed.",
    423: "Another request is writing to this upload.",
    429: "Too many at a time.",
    460: "What came is not what its checksum says.",
    507: "The server has no disk space for this.",
}


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """A route's documented refusals, for `responses=`; `openapi.py` gives them their schema."""
    return {status: {"description": _SAY[status], "model": Problem} for status in statuses}


def problem_response(
    request: Request,
    status: int,
    *,
    code: str,
    detail: str,
    errors: list[FieldError] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The problem document. Pages may hang a renderer for people on `app.state.error_page`."""
    problem = Problem(
        type=f"urn:sonobench:problem:{code}",
        title=_phrase(status),
        status=status,
        detail=detail,
        instance=request.url.path,
        code=code,
        errors=errors,
    )
    page = getattr(request.app.state, "error_page", None)
    if page is not None and (response := page(request, problem)) is not None:
        response.headers.update(headers or {})
        return response  # type: ignore[no-any-return]
    return JSONResponse(problem.model_dump(exclude_none=True), status, headers=headers, media_type=MEDIA_TYPE)


def _phrase(status: int) -> str:
    """The status in words; 460 is the upload protocol's own."""
    return "Checksum Mismatch" if status == 460 else HTTPStatus(status).phrase


def install(app: FastAPI) -> None:
    """Have every error of `app` answered by a problem document."""
    app.add_exception_handler(Refusal, _refusal)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(ClientDisconnect, _disconnect)
    app.add_exception_handler(OperationalError, _database)
    app.add_exception_handler(PoolTimeout, _database)
    app.add_exception_handler(Exception, _unexpected)


def _refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)  # noqa: S101 - what the handler is registered for
    return problem_response(request, error.status, code=error.code, detail=error.detail, headers=error.headers)


_HTTP_CODES = {
    404: ("not-found", "There is nothing at this address."),
    405: ("method-not-allowed", "This address does not take that method; the Allow header names those it takes."),
}


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    code, detail = _HTTP_CODES.get(error.status_code, ("bad-request", "The body is not valid JSON, or the request is broken."))
    return problem_response(request, error.status_code, code=code, detail=detail, headers=error.headers)


def _validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    # Only place and message: what was sent is not echoed.
    errors = [FieldError(location=".".join(str(part) for part in e["loc"]), message=str(e["msg"])) for e in error.errors()[:20]]
    first = f"{errors[0].location}: {errors[0].message}" if errors else "see errors"
    return problem_response(request, 422, code="invalid-request", detail=f"The request is malformed ({first}).", errors=errors)


def _disconnect(request: Request, _error: Exception) -> Response:
    return problem_response(request, 400, code="disconnected", detail="The connection broke before the whole body came.")


def _database(request: Request, error: Exception) -> Response:
    # Named, since no exception is being handled here any more: a full disk must not read as nothing in the log.
    log.error("the database did not answer", exc_info=error)
    trouble = Unavailable("database-busy", "The server is busy for a moment; ask again in a few seconds.")
    return problem_response(request, trouble.status, code=trouble.code, detail=trouble.detail, headers={"Retry-After": "5"})


def _unexpected(request: Request, _error: Exception) -> Response:
    detail = "The server made a mistake; it is in its log. Try again, or tell the organisers."
    return problem_response(request, 500, code="internal", detail=detail)
