"""Uploads that are not complete yet, as this user's machine remembers them, so that the same command goes on where it stopped.

What is kept is no secret and can be lost: the server recognises the same file by its SHA-256 as well.
"""

from __future__ import annotations

import hashlib
import json
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

_SCHEMA = "sonobench.unfinished-uploads/1"
_KEPT_S = 7 * 86400.0


@dataclass(frozen=True, slots=True)
class Unfinished:
    """An upload at a server, its submission, and when it was begun (seconds since 1970)."""

    upload_id: str
    submission_id: str
    begun_at: float


def upload_key(server: str, *, challenge: str, phase: str | None, size_bytes: int, sha256: bytes) -> str:
    """What makes two commands mean the same upload."""
    said = json.dumps([server, challenge, phase, size_bytes, sha256.hex()])
    return hashlib.sha256(said.encode()).hexdigest()[:32]


def recall(key: str) -> Unfinished | None:
    return _read().get(key)


def remember(key: str, unfinished: Unfinished) -> None:
    _write({**_read(), key: unfinished})


def forget(key: str) -> None:
    known = _read()
    if known.pop(key, None) is not None:
        _write(known)


def state_path() -> Path:
    from platformdirs import user_state_path

    return user_state_path("sonobench") / "uploads.json"


def _read() -> dict[str, Unfinished]:
    """Those that a server may still know. A file that cannot be read remembers nothing."""
    try:
        document: dict[str, Any] = json.loads(state_path().read_text("utf-8"))
        if document["schema"] != _SCHEMA:
            return {}
        known = {key: Unfinished(**value) for key, value in document["uploads"].items()}
        return {key: value for key, value in known.items() if value.begun_at > time.time() - _KEPT_S}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _write(known: dict[str, Unfinished]) -> None:
    from sonobench_eval.cli.console import write_whole

    path = state_path()
    document = {"schema": _SCHEMA, "uploads": {key: asdict(value) for key, value in known.items()}}
    with suppress(OSError):  # a home that cannot be written costs the memory, not the upload
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_whole(path, (json.dumps(document, indent=1) + "\n").encode(), mode=0o600)
