"""Refusals: what the platform will not do, with a status, a stable code and one clear sentence.

One base and one handler (`problems.py`). A sentence says what happened, to what, and what to do about it.
"""

from __future__ import annotations

from collections.abc import Mapping


class Refusal(Exception):
    """Base. `code` is stable and machine-readable; `detail` is for people and holds nothing hidden."""

    status = 500

    def __init__(self, code: str, detail: str, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.headers = dict(headers or {})


class BadRequest(Refusal):
    status = 400


class Unauthorised(Refusal):
    status = 401


class Forbidden(Refusal):
    status = 403


class NotFound(Refusal):
    """There is no such thing, or the caller may not know of it: the same answer."""

    status = 404


class TimedOut(Refusal):
    status = 408


class Conflict(Refusal):
    status = 409


class LengthRequired(Refusal):
    status = 411


class PreconditionFailed(Refusal):
    status = 412


class TooLarge(Refusal):
    status = 413


class Unprocessable(Refusal):
    status = 422


class TooMany(Refusal):
    status = 429


class Unavailable(Refusal):
    status = 503


class NoSpace(Refusal):
    status = 507


class DefinitionRefused(Unprocessable):
    """A challenge cannot be registered as it stands: an organiser's error."""


def lease_lost(run_id: str, attempt: int) -> Conflict:
    """The one answer to a worker that writes for an attempt it no longer owns."""
    return Conflict("lease-lost", f"Attempt {attempt} of run {run_id} is over; stop its container and drop its results.")
