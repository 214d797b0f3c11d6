"""Reading from a registry over HTTP: bounded, with a deadline, and from that one address only.

A registry is asked for what has a digest, and every answer is hashed. Answers that send us elsewhere are not followed:
they would carry the token to a host nobody chose, or make this machine ask its neighbors for a stranger. Nor are the
environment's proxies and passwords used.
"""

from __future__ import annotations

import hashlib
import re
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from sonobench_eval.intake.descriptors import DIGEST, INDEX_TYPES, MANIFEST_TYPES
from sonobench_eval.intake.records import ImageRefused, Refusal
from sonobench_eval.intake.wording import size_text

PUSH_AGAIN = "Push the image again"
_TIMEOUT = httpx.Timeout(30.0, read=60.0)
_REPOSITORY_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_REPOSITORY_PART}(?:/{_REPOSITORY_PART})*")
_REPOSITORY_LIMIT = 255
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")
_ACCEPTED = ", ".join(sorted(MANIFEST_TYPES | INDEX_TYPES))


class RegistryTrouble(Exception):
    """The registry does not answer, not as a registry does, or with other bytes than were asked for. Not the team's fault."""


@dataclass(frozen=True, slots=True)
class Registry:
    """Where a registry is.

    `url` is its address without `/v2`; `token` is a bearer token, sent to that address only; `ca_file` holds the
    certificates to trust where they are not the public ones.

    Raises:
        ValueError: that is no address or no token.
    """

    url: str
    token: str | None = field(default=None, repr=False)
    ca_file: Path | None = None

    def __post_init__(self) -> None:
        try:
            url = httpx.URL(self.url)
        except httpx.InvalidURL as error:
            raise ValueError(f"{self.url!r} is not an address") from error
        if url.scheme not in ("http", "https") or not url.host or url.userinfo or url.query or url.fragment:
            raise ValueError(f"{self.url!r} is not an address such as https://registry.example.org")
        if self.token is not None and not _TOKEN.fullmatch(self.token):
            raise ValueError("The registry's token is not a bearer token")


@dataclass(frozen=True, slots=True)
class RegistryImage:
    """An image by the digest of its manifest, or of an index that leads to one. Tags are not taken: they move.

    Raises:
        ValueError: the repository's name or the digest is none.
    """

    registry: Registry
    repository: str
    digest: str

    def __post_init__(self) -> None:
        if not _REPOSITORY.fullmatch(self.repository) or len(self.repository) > _REPOSITORY_LIMIT:
            raise ValueError(f"{self.repository!r} is not the name of a repository")
        if not DIGEST.fullmatch(self.digest):
            raise ValueError(f"{self.digest!r} is not a SHA-256 digest")


@dataclass(frozen=True, slots=True)
class Document:
    """A manifest or an index: its bytes, whose digest is right, and the type the registry gave it."""

    content: bytes
    media_type: str


class RegistryReader:
    """Reads one repository of one registry. Made by `open_registry`."""

    def __init__(self, http: httpx.Client, repository: str, expired: Callable[[], bool]) -> None:
        self._http, self._repository, self._expired = http, repository, expired

    def document(self, digest: str, *, max_bytes: int) -> Document:
        """A manifest or index of at most `max_bytes`.

        Raises:
            ImageRefused: it is not there, or larger.
            RegistryTrouble: see the class.
        """
        with self._got(f"manifests/{digest}", what="the image's manifest") as response:
            content = b""
            for chunk in self._chunks(response):
                content += chunk
                if len(content) > max_bytes:
                    raise ImageRefused(
                        Refusal.BAD_MANIFEST,
                        f"The image's manifest has more than {size_text(max_bytes)}, of which none needs so many. {PUSH_AGAIN}.",
                    )
        if _digest(hashlib.sha256(content)) != digest:
            raise RegistryTrouble(f"The registry gave another manifest than {digest}, which was asked for.")
        return Document(content, response.headers.get("content-type", "").partition(";")[0].strip())

    def require_size(self, digest: str, *, size_bytes: int, what: str) -> None:
        """Raises as `blob` does where the registry itself says that it has no such blob, or one of another size."""
        with self._got(f"blobs/{digest}", what=what, method="HEAD") as response:
            _refuse_other_length(response, size_bytes, what)

    @contextmanager
    def blob(self, digest: str, *, size_bytes: int, what: str) -> Iterator[Blob]:
        """A blob as a stream, read to its end; `what` names it in sentences ('layer 3').

        Raises (from reading too):
            ImageRefused: it is not there, or has another size than its manifest states.
            RegistryTrouble: see the class.
        """
        with self._got(f"blobs/{digest}", what=what) as response:
            _refuse_other_length(response, size_bytes, what)
            blob = Blob(self._chunks(response), digest, size_bytes=size_bytes, what=what)
            yield blob
            if blob.read(1):
                raise AssertionError(f"{what} was not read to its end")

    @contextmanager
    def _got(self, path: str, *, what: str, method: str = "GET") -> Iterator[httpx.Response]:
        try:
            with self._http.stream(method, f"/v2/{self._repository}/{path}") as response:
                _judge(response, what)
                yield response
        except httpx.HTTPError as error:
            raise RegistryTrouble(f"The registry could not be read: {type(error).__name__}: {error}") from error

    def _chunks(self, response: httpx.Response) -> Iterator[bytes]:
        """The body as it is sent, at most 64 KiB at a time."""
        for chunk in response.iter_raw():
            if self._expired():
                raise RegistryTrouble("The registry took too long to send the image.")
            yield chunk


class Blob:
    """The bytes of a blob, counted and hashed as they come; what is wrong with them as a whole is raised at their end."""

    def __init__(self, chunks: Iterator[bytes], digest: str, *, size_bytes: int, what: str) -> None:
        self._chunks, self._digest, self._size_bytes, self._what = chunks, digest, size_bytes, what
        self._sha256 = hashlib.sha256()
        self._received = 0
        self._unread = memoryview(b"")

    def read(self, size: int) -> bytes:
        """At most `size` bytes; none at the end only."""
        while not self._unread:
            chunk = next(self._chunks, None)
            if chunk is None:
                self._judge_the_whole()
                return b""
            self._take(chunk)
        data, self._unread = self._unread[:size], self._unread[size:]
        return bytes(data)

    def _take(self, chunk: bytes) -> None:
        self._received += len(chunk)
        if self._received > self._size_bytes:
            raise _wrong_size(self._what, self._size_bytes)
        self._sha256.update(chunk)
        self._unread = memoryview(chunk)

    def _judge_the_whole(self) -> None:
        if _digest(self._sha256) != self._digest:
            raise RegistryTrouble(f"The registry gave other bytes than {self._digest}, which were asked for.")
        if self._received != self._size_bytes:
            raise _wrong_size(self._what, self._size_bytes)


@contextmanager
def open_registry(
    registry: Registry, repository: str, *, time_limit_s: float, clock: Callable[[], float] = time.monotonic
) -> Iterator[RegistryReader]:
    """A reader of one repository, for at most `time_limit_s` in all."""
    end = clock() + time_limit_s
    headers = {"Accept": _ACCEPTED, "Accept-Encoding": "identity", "User-Agent": "sonobench"}
    if registry.token is not None:
        headers["Authorization"] = f"Bearer {registry.token}"
    trusted = ssl.create_default_context(cafile=registry.ca_file) if registry.ca_file else True
    with httpx.Client(
        base_url=registry.url, headers=headers, timeout=_TIMEOUT, follow_redirects=False, trust_env=False, verify=trusted
    ) as http:
        yield RegistryReader(http, repository, lambda: clock() > end)


def _judge(response: httpx.Response, what: str) -> None:
    """Raises for every answer but a body as it is stored."""
    status = response.status_code
    if status == httpx.codes.NOT_FOUND:
        raise ImageRefused(Refusal.NOT_IN_REGISTRY, f"The registry does not hold {what}. {PUSH_AGAIN}.")
    if status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        raise RegistryTrouble(f"The registry does not let us read {what} (status {status}). Give it a token that may pull.")
    if response.is_redirect:
        raise RegistryTrouble(
            f"The registry sends us elsewhere for {what}, and that is not followed. "
            "Set `storage: redirect: disable: true` in its configuration."
        )
    if status != httpx.codes.OK:
        raise RegistryTrouble(f"The registry answers with status {status} where {what} was asked for.")
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise RegistryTrouble(f"The registry sends {what} in an encoding that was not asked for.")


def _refuse_other_length(response: httpx.Response, size_bytes: int, what: str) -> None:
    stated = response.headers.get("content-length", "")
    if stated.isdecimal() and int(stated) != size_bytes:
        raise _wrong_size(what, size_bytes)


def _wrong_size(what: str, size_bytes: int) -> ImageRefused:
    return ImageRefused(
        Refusal.BAD_MANIFEST,
        f"The image's manifest says that {what} has {size_bytes:,} bytes, but the registry holds another number. {PUSH_AGAIN}.",
    )


def _digest(sha256: hashlib._Hash) -> str:
    return f"sha256:{sha256.hexdigest()}"
