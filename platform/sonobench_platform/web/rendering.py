"""From a page's context to its response: templates, static files, security headers. No page loads anything from elsewhere."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import NamedTuple

from fastapi import Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from sonobench_eval import __version__
from sonobench_platform.web.contexts import BoardPage, ChallengePage, ChallengesPage, Crumb, MessagePage, Page, PageContext
from sonobench_platform.web.contexts_account import AccountContext, AccountPage, FormPage, InvitationPage

_HERE = Path(__file__).parent
_MEDIA_TYPES = {"style.css": "text/css; charset=utf-8", "icon.svg": "image/svg+xml"}

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}

PRIVATE_HEADERS = SECURITY_HEADERS | {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY.replace("form-action 'none'", "form-action 'self'"),
    # No address of such a page, which may hold a mailed secret, is told to anybody. (`no-referrer` would have browsers send
    # `Origin: null` with these pages' own forms, which then look like another site's.)
    "Referrer-Policy": "strict-origin",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex",
}
"""For pages with forms, and those that somebody's account or a mailed link is needed for."""

_TEMPLATES: dict[type[PageContext | AccountContext], str] = {
    ChallengesPage: "challenges.html",
    ChallengePage: "challenge.html",
    BoardPage: "leaderboard.html",
    MessagePage: "message.html",
    FormPage: "account_form.html",
    AccountPage: "account.html",
    InvitationPage: "invitation.html",
}


class StaticFile(NamedTuple):
    content: bytes
    media_type: str
    version: str


@cache
def environment() -> Environment:
    """Templates escape everything and refuse names that their context does not have."""
    return Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def static_file(name: str) -> StaticFile | None:
    """One of the known static files; any other name is None, so no path is ever built from a request."""
    if name not in _MEDIA_TYPES:
        return None
    content = (_HERE / "static" / name).read_bytes()
    return StaticFile(content, _MEDIA_TYPES[name], hashlib.sha256(content).hexdigest()[:12])


def page_frame(title: str, *crumbs: Crumb) -> Page:
    style = static_file("style.css")
    return Page(title, crumbs, f"/static/style.css?v={style.version if style else ''}", __version__)


def render(context: PageContext | AccountContext) -> str:
    """The page's HTML."""
    values = {field.name: getattr(context, field.name) for field in fields(context)}
    return environment().get_template(_TEMPLATES[type(context)]).render(values)


def page_response(context: PageContext, *, status: int = 200) -> Response:
    headers = SECURITY_HEADERS | {"Cache-Control": "no-cache"}
    return HTMLResponse(render(context), status_code=status, headers=headers)


def private_response(
    context: PageContext | AccountContext, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """A page with forms, or one that is somebody's own: kept by no cache."""
    return HTMLResponse(render(context), status_code=status, headers={**(headers or {}), **PRIVATE_HEADERS})


def static_response(name: str) -> Response | None:
    found = static_file(name)
    if found is None:
        return None
    headers = SECURITY_HEADERS | {"Cache-Control": "public, max-age=86400", "ETag": f'"{found.version}"'}
    return Response(found.content, media_type=found.media_type, headers=headers)
