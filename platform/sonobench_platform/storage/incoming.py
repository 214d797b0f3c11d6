"""Bytes that arrive over a connection: written beside their final place, counted, hashed, and kept whole or not at all."""

from __future__ import annotations

import base64
import binascii
import fcntl
import hashlib
import os
import time
from pathlib import Path
from types import TracebackType

from sonobench_platform.domain.errors import BadRequest, TooLarge, Unprocessable
from sonobench_platform.storage.full import room_needed
from sonobench_platform.storage.store import TEMPORARY, settle


class Incoming:
    """One file on its way in. A `with` block; unless `keep` was called, nothing stays.

    Args:
        target: where the file will lie.
        expected_bytes: exactly how many bytes it has.
    """

    def __init__(self, target: Path, *, expected_bytes: int) -> None:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.target = target
        self.expected_bytes = expected_bytes
        self.received_bytes = 0
        self._hash = hashlib.sha256()
        self._temporary = target.with_name(f"{TEMPORARY}{os.getpid()}-{time.monotonic_ns()}-{target.name}")
        with room_needed():
            self._file = self._temporary.open("xb", buffering=0)
        # Whoever finds the file unlocked knows that its writer is dead, on whichever host's process it was.
        fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def write(self, block: bytes) -> None:
        """Add a block.

        Raises:
            TooLarge: more came than was announced.
            NoSpace: the disk is full.
        """
        self.received_bytes += len(block)
        if self.received_bytes > self.expected_bytes:
            raise TooLarge("too-many-bytes", f"More than the announced {self.expected_bytes:,} bytes came; nothing was kept.")
        self._hash.update(block)
        with room_needed():
            view = memoryview(block)
            while view:
                view = view[self._file.write(view) :]

    def check(self, sha256: bytes | None) -> str:
        """Compare length and, where given, digest; returns the SHA-256 as hexadecimal digits.

        Raises:
            Unprocessable: they differ.
        """
        if self.received_bytes != self.expected_bytes:
            raise Unprocessable(
                "short-body", f"{self.received_bytes:,} of {self.expected_bytes:,} bytes came; nothing was kept, send it again."
            )
        if sha256 is not None and sha256 != self._hash.digest():
            raise Unprocessable(
                "digest-mismatch", "The body's SHA-256 is not the one in Content-Digest; nothing was kept, send it again."
            )
        return self._hash.hexdigest()

    def keep(self) -> None:
        """Give the file its final name, flushed to disk."""
        with room_needed():
            settle(self._temporary, self.target)

    @property
    def is_closed(self) -> bool:
        return self._file.closed

    def close(self) -> None:
        self._file.close()
        self._temporary.unlink(missing_ok=True)

    def __enter__(self) -> Incoming:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def parse_content_digest(header: str | None) -> bytes | None:
    """The SHA-256 of a `Content-Digest` header (RFC 9530), or None where there is none of that kind.

    Raises:
        BadRequest: it names sha-256 but its value is not 32 bytes in base64 between colons.
    """
    for member in (header or "").split(","):
        algorithm, _, value = member.strip().partition("=")
        if algorithm.strip().lower() != "sha-256":
            continue
        try:
            digest = base64.b64decode(value.strip().removeprefix(":").removesuffix(":"), validate=True)
        except (binascii.Error, ValueError):
            digest = b""
        if len(digest) != 32 or not (value.strip().startswith(":") and value.strip().endswith(":")):
            raise BadRequest("bad-content-digest", "Content-Digest must read sha-256=:BASE64: with the 32 bytes of a SHA-256.")
        return digest
    return None
