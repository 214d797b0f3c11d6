"""Signed-in browsers, kept on the server: a random cookie, of which only the SHA-256 is here, and a secret for its forms.

A session ends when nothing was asked for a while, at the latest after some days, at sign-out, and with every change of the
password. Signing in always makes a new one, so that no cookie from before is worth anything.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import delete, update
from starlette.requests import Request
from starlette.responses import Response

from sonobench_platform.accounts import repository
from sonobench_platform.accounts.identity import Identity
from sonobench_platform.accounts.service import USE_NOTED_EVERY, identity_of_person
from sonobench_platform.config import Settings
from sonobench_platform.core import Core
from sonobench_platform.db.models import PersonRow, SessionRow
from sonobench_platform.db.session import Work

_COOKIE = "sonobench_session"


class NewSession(NamedTuple):
    """A browser that is signed in now: what its cookie holds (seen only here), and what its forms must carry."""

    cookie: str
    csrf: str
    expires_at: datetime


def start(core: Core, work: Work, person: PersonRow, *, agent: str, instead_of: str | None = None) -> NewSession:
    """Sign a browser in as `person`; the session of its old cookie, `instead_of`, ends."""
    now = core.clock.now()
    made = NewSession(secrets.token_urlsafe(32), secrets.token_urlsafe(32), now + timedelta(seconds=core.settings.session_max_s))
    row = SessionRow(sha256=digest(made.cookie), person_id=person.id, csrf=made.csrf, created_at=now, seen_at=now)
    row.expires_at, row.agent = made.expires_at, _printable(agent)[:200]
    work.session.add(row)
    if instead_of is not None:
        end(work, instead_of)
    return made


def end(work: Work, cookie: str) -> None:
    """Sign one browser out. Twice is harmless."""
    work.session.execute(delete(SessionRow).where(SessionRow.sha256 == digest(cookie)))


def recognise(core: Core, cookie: str) -> Identity | None:
    """Who is signed in with this cookie, or None: nobody, its time is over, or the person was disabled."""
    now, sha256 = core.clock.now(), digest(cookie)
    with core.database.read() as session:
        found = repository.find_session(session, sha256)
        if found is None or not hmac.compare_digest(found.session.sha256, sha256) or not repository.is_live(found.person):
            return None
        if repository.is_over(found.session, now, idle_s=core.settings.session_idle_s):
            return None
        identity = identity_of_person(session, found.person, csrf=found.session.csrf)
    _note_use(core, found.session, now)
    return identity


def drop_expired(core: Core) -> None:
    """Forget sessions whose time is over: what is not kept cannot leak."""
    now = core.clock.now()
    idle_since = now - timedelta(seconds=core.settings.session_idle_s)
    with core.database.write() as work:
        work.session.execute(delete(SessionRow).where((SessionRow.expires_at <= now) | (SessionRow.seen_at <= idle_since)))


def digest(cookie: str) -> str:
    """SHA-256 as hexadecimal digits. The cookie is random, so it needs neither salt nor a slow hash."""
    return hashlib.sha256(cookie.encode()).hexdigest()


def cookie_of(request: Request, settings: Settings) -> str | None:
    """What the browser sent as its session, if anything."""
    return request.cookies.get(cookie_name(settings)) or None


def cookie_name(settings: Settings) -> str:
    """Behind TLS the name begins with `__Host-`: no other host of the domain can then plant one."""
    return f"__Host-{_COOKIE}" if _is_https(settings) else _COOKIE


def set_cookie(response: Response, settings: Settings, made: NewSession) -> None:
    """Have the browser keep the session's cookie: out of reach of scripts, and not sent with other sites' forms."""
    response.set_cookie(
        cookie_name(settings),
        made.cookie,
        max_age=int(settings.session_max_s),
        path="/",
        secure=_is_https(settings),
        httponly=True,
        samesite="lax",
    )


def clear_cookie(response: Response, settings: Settings) -> None:
    response.delete_cookie(cookie_name(settings), path="/", secure=_is_https(settings), httponly=True, samesite="lax")


def _is_https(settings: Settings) -> bool:
    return settings.public_url.startswith("https://")


def _note_use(core: Core, row: SessionRow, now: datetime) -> None:
    if now - row.seen_at >= USE_NOTED_EVERY:
        with core.database.write() as work:
            work.session.execute(update(SessionRow).where(SessionRow.sha256 == row.sha256).values(seen_at=now))


def _printable(text: str) -> str:
    return "".join(character for character in text if character.isprintable())
