"""The internal API as a run worker sees it. The only file of this room that speaks HTTP.

Three kinds of trouble: `ApiAway` (nobody answers, or the server fails: wait and ask again), `LeaseLost` (the attempt
belongs to someone else now: drop everything) and `ApiRefused` (this worker is wrong: a token, a request).
"""

from __future__ import annotations

import base64
import hashlib
import logging
import os
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import httpx
from pydantic import ValidationError

from sonobench_platform.node.records import Assignment

log = logging.getLogger(__name__)

_CHUNK_BYTES = 1 << 20
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.25, 10.0
# Reading waits for the server to digest a large upload; a heartbeat must not wait that long.
_PATIENT = httpx.Timeout(30.0, connect=5.0, read=300.0)
_HASTY = httpx.Timeout(5.0)

Retrying = Callable[[], bool]
"""Asked after each failed try: shall it be tried again?"""


class NodeApiError(Exception):
    """Something about the internal API; the message is one sentence."""


class ApiAway(NodeApiError):
    """Nobody answers, or the server fails. Nothing is known about the run."""


class LeaseLost(NodeApiError):
    """This attempt no longer owns its run: whatever it made must be dropped."""


class ApiRefused(NodeApiError):
    """The request or the token is wrong, and trying again would not help."""


class NodeClient:
    """Typed verbs of the internal API for the node `node`. Safe to use from several threads."""

    def __init__(self, api_url: str, *, token: str, node: str, transport: httpx.BaseTransport | None = None) -> None:
        self.node = node
        self._http = httpx.Client(
            base_url=api_url, headers={"Authorization": f"Bearer {token}"}, timeout=_PATIENT, transport=transport
        )

    def close(self) -> None:
        self._http.close()

    def claim(self, *, gpus: int) -> Assignment | None:
        """The next queued run, now leased to this node; None where none is due. Tries once.

        Raises:
            ApiAway, ApiRefused
        """
        response = self._send("POST", "/internal/v1/claims", json={"node": self.node, "gpus": gpus}, timeout=_HASTY)
        if response.status_code == httpx.codes.NO_CONTENT:
            return None
        try:
            return Assignment.model_validate_json(response.content)
        except ValidationError as error:
            raise ApiRefused(f"the API sent an assignment that this worker cannot read: {error}") from error

    def heartbeat(self, run_id: str, attempt: int, phase: str, *, log_tail: str | None = None) -> bool:
        """Keep the lease; True where the platform wants the run stopped. Tries once.

        Args:
            log_tail: the end of the container's log, for a platform that asked for it; None: nothing new.

        Raises:
            ApiAway, LeaseLost, ApiRefused
        """
        body: dict[str, Any] = {"node": self.node, "attempt": attempt, "phase": phase}
        if log_tail is not None:
            body["log_tail"] = log_tail
        return bool(self._send("POST", f"/internal/v1/runs/{run_id}/heartbeat", json=body, timeout=_HASTY).json()["stop"])

    def live(self) -> list[tuple[str, int]]:
        """The `(run_id, attempt)` that the platform believes to run on this node. Tries once.

        Raises:
            ApiAway, ApiRefused
        """
        found = self._send("GET", "/internal/v1/runs/live", params={"node": self.node}, timeout=_HASTY).json()
        return [(str(run_id), int(attempt)) for run_id, attempt in found["live"]]

    def report_node(self, *, is_safe: bool, report: dict[str, Any]) -> None:
        """Say what this node's own check found. Tries once.

        Raises:
            ApiAway, ApiRefused
        """
        body = {"is_safe": is_safe, "report": report}
        self._send("PUT", f"/internal/v1/nodes/{self.node}/report", json=body, timeout=_HASTY)

    def report_reference(self, seconds: float) -> None:
        """Say what this node's reference container took. Tries once.

        Raises:
            ApiAway, ApiRefused
        """
        self._send("POST", f"/internal/v1/nodes/{self.node}/reference", json={"seconds": seconds}, timeout=_HASTY)

    def download(self, url: str, target: Path, *, retrying: Retrying) -> None:
        """Stream `url` into the file `target`, replacing it; a declared `Content-Digest` is checked.

        Raises:
            ApiAway, LeaseLost, ApiRefused, OSError
        """
        self._retry(lambda: self._download_once(url, target), retrying)

    def upload_results(self, run_id: str, attempt: int, results: Path, *, retrying: Retrying) -> None:
        """Hand back the tar of results, with its digest.

        Raises:
            ApiAway, LeaseLost, ApiRefused, OSError
        """
        headers = {
            "Content-Digest": f"sha-256=:{_sha256_base64(results)}:",
            "Content-Length": str(results.stat().st_size),
            "Content-Type": "application/x-tar",
        }
        url, params = f"/internal/v1/runs/{run_id}/results", {"attempt": attempt, "node": self.node}
        self._retry(lambda: self._send("PUT", url, params=params, headers=headers, content=_chunks(results)), retrying)

    def finish(self, run_id: str, attempt: int, report: dict[str, Any], *, retrying: Retrying) -> None:
        """Record what the container did. Saying it twice is harmless.

        Raises:
            ApiAway, LeaseLost, ApiRefused
        """
        body = {"node": self.node, "attempt": attempt, "report": report}
        self._retry(lambda: self._send("POST", f"/internal/v1/runs/{run_id}/finish", json=body), retrying)

    def report_canary(self, run_id: str, attempt: int, report: dict[str, Any], *, retrying: Retrying) -> bool:
        """Say how the image ran on the public samples; True where the attempt goes on. Saying it twice is harmless.

        Raises:
            ApiAway, LeaseLost, ApiRefused
        """
        body, answers = {"node": self.node, "attempt": attempt, "report": report}, list[bool]()
        url = f"/internal/v1/runs/{run_id}/canary"
        self._retry(lambda: answers.append(bool(self._send("POST", url, json=body).json()["proceed"])), retrying)
        return answers[-1]

    def release(self, run_id: str, attempt: int, reason: str, *, retrying: Retrying) -> None:
        """Give the run back to the queue; it costs the team nothing.

        Raises:
            ApiAway, LeaseLost, ApiRefused
        """
        body = {"node": self.node, "attempt": attempt, "reason": reason}
        self._retry(lambda: self._send("POST", f"/internal/v1/runs/{run_id}/release", json=body, timeout=_HASTY), retrying)

    def _retry(self, once: Callable[[], object], retrying: Retrying) -> None:
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                once()
                return
            except ApiAway as error:
                if not retrying():
                    raise
                log.warning("%s; trying again in about %.1f s", error, pause_s)
            time.sleep(pause_s * random.uniform(0.5, 1.0))  # noqa: S311 - spreads retries, hides nothing
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def _send(self, method: Literal["GET", "POST", "PUT"], url: str, **request: Any) -> httpx.Response:
        try:
            response = self._http.request(method, url, **request)
        except httpx.TransportError as error:
            raise _away(self._http.base_url, error) from error
        _raise_for(response)
        return response

    def _download_once(self, url: str, target: Path) -> None:
        digest = hashlib.sha256()
        try:
            with self._http.stream("GET", url, headers={"Accept-Encoding": "identity"}) as response:
                if response.is_error:
                    response.read()
                _raise_for(response)
                with target.open("wb") as file:
                    for chunk in response.iter_bytes(_CHUNK_BYTES):
                        digest.update(chunk)
                        file.write(chunk)
        except httpx.TransportError as error:
            raise _away(self._http.base_url, error) from error
        declared = response.headers.get("Content-Digest", "")
        if declared.startswith("sha-256=:") and declared != f"sha-256=:{base64.b64encode(digest.digest()).decode()}:":
            raise ApiAway(f"{url} arrived damaged: it does not have the digest that the API declares")


def _away(address: httpx.URL, error: Exception) -> ApiAway:
    return ApiAway(f"the API at {address} does not answer ({type(error).__name__}: {error})")


def _raise_for(response: httpx.Response) -> None:
    if not response.is_error:
        return
    code, detail = _problem_of(response)
    where = f"{response.request.method} {response.request.url.path}"
    if response.status_code == httpx.codes.CONFLICT and code == "lease-lost":
        raise LeaseLost(detail or "this attempt no longer owns its run")
    if response.status_code >= 500 or response.status_code in {httpx.codes.REQUEST_TIMEOUT, httpx.codes.TOO_MANY_REQUESTS}:
        raise ApiAway(f"the API failed at {where}: {response.status_code} {detail}")
    raise ApiRefused(f"the API refused {where}: {response.status_code} {detail}")


def _problem_of(response: httpx.Response) -> tuple[str, str]:
    """`code` and `detail` of an RFC 9457 problem; empty where the body is something else."""
    try:
        problem = response.json()
    except ValueError:
        return "", ""
    if not isinstance(problem, dict):
        return "", ""
    return str(problem.get("code", "")), str(problem.get("detail") or problem.get("title") or "")


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk


def _sha256_base64(path: Path) -> str:
    with path.open("rb", buffering=0) as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_SEQUENTIAL)
        return base64.b64encode(hashlib.file_digest(file, "sha256").digest()).decode()
