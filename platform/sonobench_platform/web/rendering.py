"""From a page's context to its response: templates, static files, security headers. No page loads anything from elsewhere."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from fastapi import Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.runtime import Macro
from markupsafe import Markup

from sonobench_eval import __version__
from sonobench_platform.accounts.identity import Identity, Role
from sonobench_platform.web import texts
from sonobench_platform.web.contexts import Crumb, Page, PageContext
from sonobench_platform.web.keeping import Kept
from sonobench_platform.web.wording import shown_name

_HERE = Path(__file__).parent
_STATIC = _HERE / "static"
_MEDIA_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}

PRIVATE_HEADERS = SECURITY_HEADERS | {
    # No address of such a page, which may hold a mailed secret, is told to anybody. (`no-referrer` would have browsers send
    # `Origin: null` with these pages' own forms, which then look like another site's.)
    "Referrer-Policy": "strict-origin",
    "Cache-Control": "no-store",
    "X-Robots-Tag": "noindex",
}
"""For pages with forms, and those that somebody's account or a mailed link is needed for."""


class ReaderLine(NamedTuple):
    """Who is signed in, for the frame around a page. `csrf_token` goes into the forms of the frame."""

    name: str
    organises: bool
    csrf_token: str


class StaticFile(NamedTuple):
    content: bytes
    media_type: str
    version: str


@cache
def environment() -> Environment:
    """Templates escape everything and refuse names that their context does not have."""
    made = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    made.install_gettext_callables(texts._, texts.ngettext, newstyle=True)  # type: ignore[attr-defined]
    made.globals["static"] = static_href
    made.globals["kept"] = _kept
    return made


_WRITTEN = Kept[Markup](64)


def _kept(macro: Macro, value: Hashable) -> Markup:
    """What a macro writes of a record, written once in each language."""
    return _WRITTEN.get((macro.name, value, texts.language()), lambda: Markup(macro(value)))  # noqa: S704 - macros escape


@cache
def static_file(name: str) -> StaticFile | None:
    """One of the static files that there are; any other name is None, so no path is ever built from a request."""
    if name not in {path.name for path in _STATIC.iterdir() if path.suffix in _MEDIA_TYPES}:
        return None
    content = (_STATIC / name).read_bytes()
    return StaticFile(content, _MEDIA_TYPES[Path(name).suffix], hashlib.sha256(content).hexdigest()[:12])


def static_href(name: str) -> str:
    """The address of a static file, which changes with its content.

    Raises:
        LookupError: there is no such file.
    """
    found = static_file(name)
    if found is None:
        raise LookupError(f"there is no static file {name!r}")
    return f"/static/{name}?v={found.version}"


def page_frame(title: str, *crumbs: Crumb) -> Page:
    return Page(title, crumbs, __version__)


def render(context: PageContext, reader: Identity | None = None) -> str:
    """The page's HTML, as `reader` sees it; None: nobody is signed in."""
    values = {name: getattr(context, name) for name in context.__dataclass_fields__}
    known = {"reader": _reader_line(reader), "language": texts.language()}
    return environment().get_template(context.template).render(values | known)


def page_response(context: PageContext, *, reader: Identity | None = None, status: int = 200) -> Response:
    """A public page. One whose frame names a reader lies in no cache between here and there."""
    caching = "no-cache" if reader is None else "private, no-cache"
    headers = SECURITY_HEADERS | {"Cache-Control": caching, "Vary": "Cookie, Accept-Language"}
    return HTMLResponse(render(context, reader), status_code=status, headers=headers)


def private_response(
    context: PageContext, *, reader: Identity | None = None, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """A page with forms, or one that is somebody's own: kept by no cache."""
    return HTMLResponse(render(context, reader), status_code=status, headers={**(headers or {}), **PRIVATE_HEADERS})


def _reader_line(reader: Identity | None) -> ReaderLine | None:
    if reader is None or Role.SIGNED_IN not in reader.roles:
        return None
    return ReaderLine(shown_name(reader.shown_as or reader.name), Role.ORGANISER in reader.roles, reader.csrf or "")


def static_response(name: str) -> Response | None:
    found = static_file(name)
    if found is None:
        return None
    headers = SECURITY_HEADERS | {"Cache-Control": "public, max-age=86400", "ETag": f'"{found.version}"'}
    return Response(found.content, media_type=found.media_type, headers=headers)
