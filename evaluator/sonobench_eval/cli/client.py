"""The platform's API as the command line speaks it. Errors of the platform keep their sentence and get an exit code."""

from __future__ import annotations

import base64
import hashlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from sonobench_eval import __version__
from sonobench_eval.cli.exits import CommandError, ExitCode

Json = dict[str, Any]
CHUNK_BYTES = 1 << 20
TIMEOUT = httpx.Timeout(30.0, write=300.0, read=300.0)

_CODES = {
    401: ExitCode.AUTHENTICATION,
    403: ExitCode.AUTHENTICATION,
    404: ExitCode.NOT_FOUND,
    408: ExitCode.RETRY,
    409: ExitCode.REFUSED,
    429: ExitCode.REFUSED,
}
"""Exit codes by status; 5xx is worth retrying, all else an error."""


class Client:
    """One server, one token. Use as a context manager. Redirects are not followed: a token goes nowhere but here."""

    def __init__(self, server: str, token: str | None, *, transport: httpx.BaseTransport | None = None) -> None:
        headers = {"User-Agent": f"sonobench/{__version__}", "Accept": "application/json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        self.server = server
        self._http = httpx.Client(base_url=server, headers=headers, timeout=TIMEOUT, transport=transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._http.close()

    def get(self, path: str) -> Json:
        return self.document(self._send("GET", path))

    def get_text(self, path: str) -> str:
        return self._send("GET", path, headers={"Accept": "text/csv, application/json"}).text

    def post(self, path: str, body: Json) -> Json:
        return self.document(self._send("POST", path, json=body))

    def put_file(self, path: str, file: Path, *, sha256: bytes, progress: Callable[[int, int], None]) -> Json:
        """Send a file as it is, with its digest, so that a broken transfer is noticed at the other end."""
        size_bytes = file.stat().st_size
        headers = {
            "Content-Length": str(size_bytes),
            "Content-Type": "application/x-tar",
            "Content-Digest": f"sha-256=:{base64.b64encode(sha256).decode()}:",
        }
        return self.document(self._send("PUT", path, headers=headers, content=_chunks(file, size_bytes, progress)))

    def exchange(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        """The answer, whatever its status.

        Raises:
            CommandError: none came; worth trying again.
        """
        try:
            return self._http.request(method, path, **arguments)
        except httpx.TimeoutException as error:
            raise CommandError(f"{self.server} did not answer in time. Try again.", ExitCode.RETRY) from error
        except httpx.ConnectError as error:
            raise CommandError(
                f"No Sonobench answers at {self.server}. See that it runs there, or name another with --server.", ExitCode.RETRY
            ) from error
        except httpx.HTTPError as error:
            raise CommandError(
                f"The connection to {self.server} broke ({type(error).__name__}). Try again.", ExitCode.RETRY
            ) from error

    def _send(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        response = self.exchange(method, path, **arguments)
        if response.is_success:
            return response
        raise refusal(response)

    def document(self, response: httpx.Response) -> Json:
        """The answer's JSON object. Raises CommandError where it is none."""
        try:
            document = response.json()
        except ValueError as error:
            raise CommandError(f"{self.server} does not speak Sonobench's API: its answer is not JSON.") from error
        if not isinstance(document, dict):
            raise CommandError(f"{self.server} does not speak Sonobench's API.")
        return document


def refusal(response: httpx.Response) -> CommandError:
    """The platform's own sentence (RFC 9457), or what can be said without one."""
    code = _CODES.get(response.status_code, ExitCode.RETRY if response.status_code >= 500 else ExitCode.ERROR)
    sentence = f"{response.request.url.host} answered with status {response.status_code}."
    try:
        problem = response.json()
        if isinstance(problem, dict) and isinstance(problem.get("detail"), str):
            sentence = problem["detail"]
    except ValueError:
        if 300 <= response.status_code < 400:
            sentence = f"{response.request.url.host} sends elsewhere ({response.headers.get('location', '')}); give that address."
    if code is ExitCode.AUTHENTICATION:
        sentence += " Sign in with `sonobench login`, or set SONOBENCH_TOKEN."
    return CommandError(sentence, code)


def file_sha256(file: Path, progress: Callable[[int, int], None]) -> bytes:
    size_bytes, done, digest = file.stat().st_size, 0, hashlib.sha256()
    with file.open("rb") as content:
        while chunk := content.read(CHUNK_BYTES):
            digest.update(chunk)
            done += len(chunk)
            progress(done, size_bytes)
    return digest.digest()


def _chunks(file: Path, size_bytes: int, progress: Callable[[int, int], None]) -> Iterator[bytes]:
    done = 0
    with file.open("rb") as content:
        while chunk := content.read(CHUNK_BYTES):
            yield chunk
            done += len(chunk)
            progress(done, size_bytes)


def poll_interval_s(started: float) -> float:
    """How long to wait before asking again: a second at first, up to five."""
    fixed = os.environ.get("SONOBENCH_POLL_S")
    return float(fixed) if fixed else min(5.0, 1.0 + (time.monotonic() - started) / 30)
