"""Signed links in mails. Each is for one purpose and one person, ends by itself, and is bound to what it changes: used once,
it no longer fits. Nothing of a link is kept.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from itsdangerous import BadData, URLSafeSerializer

from sonobench_platform.accounts.secret_files import keep_private
from sonobench_platform.accounts.service import TokenFileError
from sonobench_platform.core import Core
from sonobench_platform.db.models import PersonRow
from sonobench_platform.domain.errors import Unprocessable

_SECRET_BYTES = 32


class Purpose(StrEnum):
    CONFIRM = "confirm"
    RESET = "reset"


class Link(NamedTuple):
    """What a genuine link says; whether it still fits its person is for `still_fits`."""

    purpose: Purpose
    person_id: str
    bound_to: str


class LinkSecretError(TokenFileError):
    """The file with the secret of links cannot be used; the message says what to do."""


def ensure_link_secret(path: Path) -> None:
    """At the first start: make the secret, for its owner alone (0600).

    Raises:
        LinkSecretError: the file is there and holds something else.
    """
    if not path.exists():
        keep_private(path, secrets.token_hex(_SECRET_BYTES))
    if len(path.read_text().strip()) < 2 * _SECRET_BYTES:
        raise LinkSecretError(f"{path} does not hold the secret of signed links; remove it, and the next start makes a new one.")


def token_of(core: Core, purpose: Purpose, person: PersonRow, *, until: datetime) -> str:
    """The secret part of a link to a person, good until `until` or until what it is bound to changes."""
    said = {"p": person.id, "b": _bound(purpose, person), "u": int(until.timestamp())}
    return str(_serializer(core, purpose).dumps(said))


def address_of(core: Core, purpose: Purpose, token: str) -> str:
    """The address to put into a mail."""
    return f"{core.settings.public_url.rstrip('/')}/account/{purpose.value}?token={token}"


def read(core: Core, purpose: Purpose, token: str) -> Link:
    """What a link says.

    Raises:
        Unprocessable: it was not made here, was made for something else, or its time is over.
    """
    try:
        said = _serializer(core, purpose).loads(token)
        link, until = Link(purpose, str(said["p"]), str(said["b"])), int(said["u"])
    except (BadData, KeyError, TypeError, ValueError):
        raise spent() from None
    if core.clock.now().timestamp() >= until:
        raise spent()
    return link


def still_fits(link: Link, person: PersonRow) -> bool:
    """Whether nothing changed since it was made: it was not used, and no newer one took its place."""
    return hmac.compare_digest(link.bound_to, _bound(link.purpose, person))


def spent() -> Unprocessable:
    """The one answer for a link that does not do, whatever the reason."""
    return Unprocessable("link-spent", "This link was used already, or its time is over, or it is not whole; ask for a new one.")


def _bound(purpose: Purpose, person: PersonRow) -> str:
    """A digest of what using the link changes."""
    state = [purpose.value, person.id, person.email_key, person.password_hash or "", str(person.confirmed_at or "")]
    return hashlib.sha256("\n".join(state).encode()).hexdigest()[:32]


def _serializer(core: Core, purpose: Purpose) -> URLSafeSerializer:
    path = core.settings.link_secret_file or core.settings.home / "link-secret"
    return URLSafeSerializer(
        _secret(path),
        salt=f"sonobench.{purpose.value}",
        signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"},
    )


@lru_cache(maxsize=8)
def _secret(path: Path) -> str:
    return path.read_text().strip()
