"""Identifiers: short, unguessable, and safe in a path, a URL and a container's name."""

from __future__ import annotations

import base64
import re
import secrets
from typing import Literal

Kind = Literal["team", "tok", "chal", "phas", "sub", "run", "pers", "inv", "upl", "resc", "hook", "note"]

_ID = re.compile(r"[a-z]{2,6}-[a-z2-7]{16}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def new_id(kind: Kind) -> str:
    """A new identifier such as `sub-k3jw5xq2m7ud4n6a` (80 random bits)."""
    return f"{kind}-{base64.b32encode(secrets.token_bytes(10)).decode().lower()}"


def is_id(text: str) -> bool:
    return _ID.fullmatch(text) is not None


def is_digest(text: str) -> bool:
    """True for `sha256:` and 64 lower-case hexadecimal digits."""
    return _DIGEST.fullmatch(text) is not None
