"""The pages' texts in the reader's language: English as written in the code, others where `locale` has a catalogue.

Templates and builders of contexts wrap every text for people in `_`; `infra.texts` collects them into `locale/sonobench.pot`.
A text with figures in it is a pattern with names: `_("{teams} teams").format(teams=3)`.
"""

from __future__ import annotations

import gettext
from contextvars import ContextVar
from functools import cache
from pathlib import Path

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

LOCALE = Path(__file__).parent / "locale"
DOMAIN = "sonobench"
ENGLISH = "en"

_language: ContextVar[str] = ContextVar("language", default=ENGLISH)


def _(text: str) -> str:
    """The text in the reader's language."""
    return _catalogue(_language.get()).gettext(text)


def ngettext(one: str, many: str, count: int) -> str:
    """The text for one or for many, in the reader's language."""
    return _catalogue(_language.get()).ngettext(one, many, count)


def language() -> str:
    """The reader's language as an HTML page names it (BCP 47)."""
    return _language.get()


@cache
def languages() -> frozenset[str]:
    """Those that there is a catalogue of, and English."""
    return frozenset({ENGLISH, *(path.parent.parent.name for path in LOCALE.glob(f"*/LC_MESSAGES/{DOMAIN}.mo"))})


@cache
def _catalogue(of: str) -> gettext.NullTranslations:
    return gettext.translation(DOMAIN, LOCALE, [of], fallback=True)


class ReadersLanguage:
    """Settles for each request which language its reader likes best, of those that there are (RFC 9110, 12.5.4)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            _language.set(liked_best(Headers(scope=scope).get("accept-language", "")))
        await self._app(scope, receive, send)


def liked_best(accepted: str) -> str:
    """The language of ours that an `Accept-Language` header likes best; English where it names none."""
    wishes = sorted((_wish(each) for each in accepted[:500].split(",")), key=lambda wish: -wish[1])
    for name, liking in wishes:
        for known in (name, name.split("-")[0]):
            if liking > 0 and known in languages():
                return known
    return ENGLISH


def _wish(part: str) -> tuple[str, float]:
    name, _sep, liking = part.partition(";")
    try:
        value = float(liking.strip().removeprefix("q=") or 1.0)
    except ValueError:
        value = 0.0
    return name.strip(), value
