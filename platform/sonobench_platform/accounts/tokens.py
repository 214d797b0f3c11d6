"""Bearer tokens: prefix, 32 random bytes, checksum. Only their SHA-256 is kept. Pure.

The prefix lets scanners and people recognise a leaked token; the checksum refuses a mistyped one without a look-up.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
import zlib
from enum import StrEnum


class TokenKind(StrEnum):
    TEAM = "team"
    ORGANISER = "organiser"
    NODE = "node"
    PERSON = "person"


_PREFIX = {TokenKind.TEAM: "sbt", TokenKind.ORGANISER: "sbo", TokenKind.NODE: "sbn", TokenKind.PERSON: "sbp"}
_SHAPE = re.compile(r"(sbt|sbo|sbn|sbp)_([a-z2-7]{52})([0-9a-f]{8})")


def mint(kind: TokenKind) -> str:
    """A new token, for example `sbt_...`; show it once and keep `digest(token)`."""
    body = f"{_PREFIX[kind]}_{base64.b32encode(secrets.token_bytes(32)).decode().rstrip('=').lower()}"
    return body + _checksum(body)


def is_well_formed(token: str) -> bool:
    match = _SHAPE.fullmatch(token)
    return match is not None and match[3] == _checksum(f"{match[1]}_{match[2]}")


def kind_of(token: str) -> TokenKind:
    """The kind that a well-formed token's prefix claims; the database has the last word."""
    return next(kind for kind, prefix in _PREFIX.items() if token.startswith(f"{prefix}_"))


def digest(token: str) -> str:
    """SHA-256 as hexadecimal digits. The token is random, so it needs neither salt nor a slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()


def hint(token: str) -> str:
    """The first characters, by which people tell their tokens apart."""
    return token[:8]


def _checksum(body: str) -> str:
    return f"{zlib.crc32(body.encode()):08x}"
