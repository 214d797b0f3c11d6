"""What tus 1.0.0 says in headers: read strictly, each mistake answered in a sentence. Nothing here knows of uploads.

Protocol: https://tus.io/protocols/resumable-upload (core, creation, checksum, expiration, termination).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sonobench_platform.domain.errors import BadRequest, Refusal

if TYPE_CHECKING:
    from hashlib import _Hash

VERSION = "1.0.0"
EXTENSIONS = "creation,checksum,expiration,termination"
BODY_TYPE = "application/offset+octet-stream"

# MD5 and SHA-1 find broken lines, which is all a checksum is asked for here; the whole is identified by SHA-256.
ALGORITHMS: dict[str, Callable[[], _Hash]] = {
    "sha256": hashlib.sha256,
    "sha1": lambda: hashlib.sha1(usedforsecurity=False),
    "md5": lambda: hashlib.md5(usedforsecurity=False),
}

_METADATA_CHARACTERS = 8192
_KEY = re.compile(r"[!-+\--~]+")
_SHA256 = re.compile(r"[0-9a-f]{64}")


class WrongVersion(Refusal):
    status = 412


class WrongBodyType(Refusal):
    status = 415


class ChecksumMismatch(Refusal):
    """The protocol's own status: what came is not what was announced."""

    status = 460


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a client said of its upload: `header` as it came, `values` decoded by key."""

    header: str = ""
    values: Mapping[str, str] = field(default_factory=dict)

    @property
    def sha256(self) -> str | None:
        """The SHA-256 of the whole that the client announced, as hexadecimal digits."""
        return self.values.get("sha256")


@dataclass(frozen=True, slots=True)
class Checksum:
    """What a PATCH's body must amount to."""

    algorithm: str
    digest: bytes

    def start(self) -> _Hash:
        return ALGORITHMS[self.algorithm]()


def check_version(header: str | None) -> None:
    """Refuse every version but ours.

    Raises:
        WrongVersion: with the header that says which version this server speaks.
    """
    if header != VERSION:
        detail = f"This address speaks tus {VERSION}; send the header Tus-Resumable: {VERSION}."
        raise WrongVersion("tus-version", detail, headers={"Tus-Version": VERSION})


def check_body_type(header: str | None) -> None:
    if (header or "").partition(";")[0].strip().lower() != BODY_TYPE:
        raise WrongBodyType("wrong-body-type", f"A PATCH of an upload needs the header Content-Type: {BODY_TYPE}.")


def parse_bytes(name: str, header: str | None) -> int:
    """A number of bytes, at least 0.

    Raises:
        BadRequest: the header is missing, or no such number.
    """
    if header is None or re.fullmatch(r"[0-9]{1,18}", header.strip()) is None:
        raise BadRequest("bad-header", f"The header {name} must be there and hold a whole number of bytes.")
    return int(header)


def parse_metadata(header: str | None) -> Metadata:
    """Upload-Metadata: `key BASE64, key BASE64, key`.

    Raises:
        BadRequest: it cannot be read so, a key comes twice, a value is no UTF-8 text, or `sha256` is none.
    """
    header = (header or "").strip()
    if len(header) > _METADATA_CHARACTERS or not header.isascii():
        raise _bad_metadata(f"is longer than {_METADATA_CHARACTERS:,} characters, or not plain ASCII")
    values: dict[str, str] = {}
    for pair in header.split(",") if header else []:
        key, _, encoded = pair.strip().partition(" ")
        if not _KEY.fullmatch(key) or key in values:
            raise _bad_metadata(f"has no key, a key twice, or a key with odd characters ({key[:40]!r})")
        values[key] = _text(key, encoded.strip())
    if "sha256" in values:
        values["sha256"] = values["sha256"].lower()
        if not _SHA256.fullmatch(values["sha256"]):
            raise _bad_metadata("has a sha256 that is not 64 hexadecimal digits")
    return Metadata(header, values)


def _text(key: str, encoded: str) -> str:
    try:
        text = base64.b64decode(encoded, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        raise _bad_metadata(f"has a value that is not base64 of UTF-8 text ({key[:40]!r})") from None
    if "\0" in text:
        raise _bad_metadata(f"has a value with a NUL character ({key[:40]!r})")
    return text


def _bad_metadata(what: str) -> BadRequest:
    return BadRequest("bad-metadata", f"Upload-Metadata {what}; write `key BASE64, key BASE64`.")


def parse_checksum(header: str | None) -> Checksum | None:
    """Upload-Checksum: `sha256 BASE64`; None where there is none.

    Raises:
        BadRequest: the algorithm is not known here, or the value is not one of its digests.
    """
    if header is None:
        return None
    algorithm, _, encoded = header.strip().partition(" ")
    if algorithm not in ALGORITHMS:
        raise BadRequest("bad-checksum", f"Upload-Checksum may use {', '.join(ALGORITHMS)}, and not {algorithm[:20]!r}.")
    try:
        digest = base64.b64decode(encoded.strip(), validate=True)
    except binascii.Error:
        digest = b""
    if len(digest) != ALGORITHMS[algorithm]().digest_size:
        raise BadRequest("bad-checksum", f"Upload-Checksum must read `{algorithm} BASE64` with the digest of this body.")
    return Checksum(algorithm, digest)


def repr_digest(sha256: str) -> str:
    """Repr-Digest (RFC 9530) of `sha256:` and hexadecimal digits."""
    encoded = base64.b64encode(bytes.fromhex(sha256.removeprefix("sha256:"))).decode()
    return f"sha-256=:{encoded}:"
