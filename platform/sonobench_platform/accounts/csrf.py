"""Requests that another site makes a browser send: refused.

A signed-in browser's request that changes something must carry its session's secret, and must not say that it comes from
elsewhere. Requests with a bearer token need nothing: no other site can make a browser send one.
"""

from __future__ import annotations

import hmac
from urllib.parse import urlsplit

from fastapi import Request

from sonobench_platform.accounts.identity import Identity
from sonobench_platform.accounts.sessions import cookie_of
from sonobench_platform.config import Settings
from sonobench_platform.core import CoreDep
from sonobench_platform.domain.errors import Forbidden

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
HEADER, FIELD = "X-CSRF-Token", "csrf_token"
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_LARGEST_FORM_BYTES = 4 << 20


async def form_secret(request: Request, core: CoreDep) -> str | None:
    """The secret that a request carries, from its header or, for a page's form, from its field; None where there is none."""
    if request.method in SAFE_METHODS or cookie_of(request, core.settings) is None:
        return None
    if (header := request.headers.get(HEADER)) is not None:
        return header
    if request.method != "POST" or not _is_small_form(request):
        return None
    said = (await request.form()).get(FIELD)
    return said if isinstance(said, str) else None


def check(request: Request, settings: Settings, identity: Identity, said: str | None) -> None:
    """Raises Forbidden where a signed-in browser's changing request may be another site's."""
    if request.method in SAFE_METHODS:
        return
    refuse_foreign(request, settings)
    if said is None or identity.csrf is None or not hmac.compare_digest(said.encode(), identity.csrf.encode()):
        detail = f"This request must carry your session's secret in the header {HEADER}; reload the page and try again."
        raise Forbidden("csrf", detail)


def refuse_foreign(request: Request, settings: Settings) -> None:
    """Raises Forbidden where a browser says that another site made it send this."""
    site = request.headers.get("sec-fetch-site", "none")
    origin = request.headers.get("origin")
    if site not in {"none", "same-origin"} or (origin is not None and not _is_own(origin, request, settings)):
        raise Forbidden("csrf", "This request comes from a page of another site; open it from the platform's own pages.")


def same_site_only(request: Request, core: CoreDep) -> None:
    """For routes that sign a browser in: another site must not do it with an account of its own."""
    refuse_foreign(request, core.settings)


def _is_own(origin: str, request: Request, settings: Settings) -> bool:
    try:
        said, public = urlsplit(origin), urlsplit(settings.public_url)
    except ValueError:
        return False
    if (said.scheme, said.netloc.lower()) == (public.scheme, public.netloc.lower()):
        return True
    return said.scheme in {"http", "https"} and said.netloc.lower() == request.headers.get("host", "").lower() != ""


def _is_small_form(request: Request) -> bool:
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    length = request.headers.get("content-length", "")
    return kind in _FORMS and length.isascii() and length.isdigit() and int(length) <= _LARGEST_FORM_BYTES
