"""An image sent so that it can go on: tus 1.0, over the client's connection. Broken connections are waited out.

The server's offset is the truth: after whatever went wrong it is asked for, and the file is sent from there.
"""

from __future__ import annotations

import base64
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from sonobench_eval.cli import unfinished
from sonobench_eval.cli.client import CHUNK_BYTES, Client, Json, refusal
from sonobench_eval.cli.exits import CommandError, ExitCode
from sonobench_eval.cli.unfinished import Unfinished

if TYPE_CHECKING:
    from sonobench_eval.cli.console import Progress

VERSION = "1.0.0"
_UPLOADS = "/api/v1/uploads"
_SLICE_BYTES = 256 << 20
"""One request's body: large enough to cost nothing, small enough for what stands between and counts the time of a request."""
_PATIENCE_S = 600.0
_FIRST_PATIENCE_S = 5.0
"""With a server that has not answered yet: its address may be wrong."""
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 30.0
_GO_ON = frozenset({408, 423, 429, 500, 502, 503, 504})
_OFFSET_MOVED = frozenset({"wrong-offset", "upload-moved"})
_OVER = frozenset({404, 410})


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A file on its way to a challenge."""

    file: Path
    sha256: bytes
    challenge: str
    phase: str | None = None
    note: str | None = None
    size_bytes: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "size_bytes", self.file.stat().st_size)

    @property
    def metadata(self) -> str:
        said = {"challenge": self.challenge, "phase": self.phase, "note": self.note, "sha256": self.sha256.hex()}
        return ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in said.items() if value)


def is_spoken_by(client: Client) -> bool:
    """Whether the server takes resumable uploads."""
    patience = _Patience(_FIRST_PATIENCE_S)
    answer = patience.through(lambda: client.exchange("OPTIONS", _UPLOADS))
    return VERSION in answer.headers.get("tus-version", "") and "creation" in answer.headers.get("tus-extension", "")


def begin(client: Client, outgoing: Outgoing) -> Unfinished:
    """The upload to go on with: the one that this machine remembers of this file, or a new one."""
    key = _key(client, outgoing)
    known = unfinished.recall(key)
    patience = _Patience()
    if known is not None:
        answer = patience.through(lambda: client.exchange("HEAD", f"{_UPLOADS}/{known.upload_id}", headers=_TUS))
        if answer.is_success:
            return known
        unfinished.forget(key)
        if answer.status_code not in _OVER:
            raise refusal(answer)
    headers = {**_TUS, "Upload-Length": str(outgoing.size_bytes), "Upload-Metadata": outgoing.metadata}
    return _begun(key, patience.through(lambda: client.exchange("POST", _UPLOADS, headers=headers)))


def begin_for(client: Client, outgoing: Outgoing, submission_id: str) -> Unfinished:
    """The upload of a submission that is there already."""
    from urllib.parse import quote

    path = f"/api/v1/submissions/{quote(submission_id, safe='')}/upload"
    headers = {"Upload-Metadata": outgoing.metadata}
    answer = _Patience().through(lambda: client.exchange("POST", path, headers=headers))
    return _begun(_key(client, outgoing), answer)


def complete(client: Client, outgoing: Outgoing, upload: Unfinished, progress: Progress) -> None:
    """Send what is missing, however often the connection breaks, as long as it goes on.

    Raises:
        CommandError: the server refuses, or nothing went on for ten minutes.
    """
    path, patience = f"{_UPLOADS}/{upload.upload_id}", _Patience()
    while True:
        offset = _offset(patience.through(lambda: client.exchange("HEAD", path, headers=_TUS)))
        patience.has_come_to(offset)
        progress(offset, outgoing.size_bytes)
        if offset >= outgoing.size_bytes:
            break
        try:
            answer = _send_slice(client, outgoing, path, offset, progress)
        except CommandError as broken:
            patience.wait(broken)
            continue
        if not answer.is_success:
            _wait_or_refuse(patience, answer)
    unfinished.forget(_key(client, outgoing))


def submission_of(client: Client, upload: Unfinished) -> Json:
    """The upload's submission as it stands now."""
    answer = _Patience().through(lambda: client.exchange("GET", f"/api/v1/submissions/{upload.submission_id}"))
    if not answer.is_success:
        raise refusal(answer)
    return client.document(answer)


def _send_slice(client: Client, outgoing: Outgoing, path: str, offset: int, progress: Progress) -> httpx.Response:
    count = min(_SLICE_BYTES, outgoing.size_bytes - offset)
    headers = {
        **_TUS,
        "Upload-Offset": str(offset),
        "Content-Type": "application/offset+octet-stream",
        "Content-Length": str(count),
    }
    return client.exchange("PATCH", path, headers=headers, content=_read(outgoing, offset, count, progress))


def _read(outgoing: Outgoing, offset: int, count: int, progress: Progress) -> Iterator[bytes]:
    with outgoing.file.open("rb") as content:
        content.seek(offset)
        end = offset + count
        while offset < end:
            chunk = content.read(min(CHUNK_BYTES, end - offset))
            if not chunk:
                raise CommandError(f"{outgoing.file} became shorter while it was sent. Leave it alone, and send it again.")
            yield chunk
            offset += len(chunk)
            progress(offset, outgoing.size_bytes)


_TUS = {"Tus-Resumable": VERSION}


def _key(client: Client, outgoing: Outgoing) -> str:
    return unfinished.upload_key(
        client.server,
        challenge=outgoing.challenge,
        phase=outgoing.phase,
        size_bytes=outgoing.size_bytes,
        sha256=outgoing.sha256,
    )


def _begun(key: str, answer: httpx.Response) -> Unfinished:
    if not answer.is_success:
        raise refusal(answer)
    upload_id = answer.headers.get("location", "").rstrip("/").rpartition("/")[2]
    submission_id = answer.headers.get("sonobench-submission", "")
    if not upload_id or not submission_id:
        raise CommandError(f"{answer.request.url.host} opened an upload and did not say where.")
    begun = Unfinished(upload_id, submission_id, time.time())
    unfinished.remember(key, begun)
    return begun


def _offset(answer: httpx.Response) -> int:
    if not answer.is_success:
        raise refusal(answer)
    try:
        return int(answer.headers["upload-offset"])
    except (KeyError, ValueError):
        raise CommandError(f"{answer.request.url.host} does not say how much of the upload it has.") from None


def _wait_or_refuse(patience: _Patience, answer: httpx.Response) -> None:
    if answer.status_code in _GO_ON or (answer.status_code == 409 and _code(answer) in _OFFSET_MOVED):
        patience.wait(refusal(answer), at_least_s=_retry_after_s(answer))
        return
    raise refusal(answer)


def _code(answer: httpx.Response) -> str:
    try:
        return str(answer.json().get("code"))
    except (ValueError, AttributeError):
        return ""


def _retry_after_s(answer: httpx.Response) -> float:
    said = answer.headers.get("retry-after", "")
    return min(float(said), 60.0) if said.isdigit() else 0.0


class _Patience:
    """Waits longer each time, and gives up once nothing has gone on for ten minutes (SONOBENCH_PATIENCE_S)."""

    def __init__(self, patience_s: float = _PATIENCE_S) -> None:
        told = os.environ.get("SONOBENCH_PATIENCE_S")
        self._patience_s = min(patience_s, float(told)) if told else patience_s
        self._offset = -1
        self._since, self._pause_s = time.monotonic(), _FIRST_PAUSE_S

    def has_come_to(self, offset: int) -> None:
        if offset > self._offset:
            self._offset, self._since, self._pause_s = offset, time.monotonic(), _FIRST_PAUSE_S

    def through(self, ask: Callable[[], httpx.Response]) -> httpx.Response:
        """Ask until there is an answer that is not worth waiting out."""
        while True:
            try:
                answer = ask()
            except CommandError as broken:
                self.wait(broken)
                continue
            if answer.status_code not in _GO_ON:
                return answer
            # What may be asked again only later (a quota) is for the person to hear.
            if answer.status_code == 429 and _code(answer) != "too-often":
                return answer
            self.wait(refusal(answer), at_least_s=_retry_after_s(answer))

    def wait(self, why: CommandError, *, at_least_s: float = 0.0) -> None:
        """Pause, or give up.

        Raises:
            CommandError: it has lasted too long, or is nothing that passes.
        """
        if why.code not in {ExitCode.RETRY, ExitCode.REFUSED, ExitCode.ERROR}:
            raise why
        if time.monotonic() - self._since > self._patience_s:
            raise CommandError(f"{why} Run the same command again: it goes on where it stopped.", ExitCode.RETRY) from why
        time.sleep(max(self._pause_s, at_least_s))
        self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)
