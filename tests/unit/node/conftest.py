"""A small challenge, an internal API that answers from memory, and a sandbox that runs nothing."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from PIL import Image

from sonobench_eval.challenge.model import Challenge
from sonobench_eval.doctor.report import Check, NodeReport
from sonobench_eval.sandbox.port import ImageIdentity, Measurement, RunOutcome, RunSpec
from sonobench_platform.node.client import NodeClient
from sonobench_platform.node.safety import Safety
from sonobench_platform.node.speed import Speed

DIGEST = "sha256:" + "1" * 64
LAYER = "sha256:" + "2" * 64
INPUTS = "sha256:" + "3" * 64
SAMPLES = "sha256:" + hashlib.sha256(b"samples").hexdigest()
NODE = "node-a"
WITHIN_S = 60.0
"""What another thread does is given up after so long: only where it never comes, however busy the machine is."""


@dataclass
class FakeApi:
    """The internal API in memory. `respond` may answer a request instead, for the troubles of a test."""

    assignments: list[dict[str, Any]] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    phases: list[str] = field(default_factory=list)
    log_tails: list[str | None] = field(default_factory=list)
    results: dict[tuple[str, str], bytes] = field(default_factory=dict)
    reports: list[dict[str, Any]] = field(default_factory=list)
    released: list[tuple[str, int, str]] = field(default_factory=list)
    live: list[list[Any]] = field(default_factory=list)
    nodes: dict[str, dict[str, Any]] = field(default_factory=dict)
    references: list[tuple[str, float]] = field(default_factory=list)
    canaries: list[dict[str, Any]] = field(default_factory=list)
    stop: bool = False
    lease_lost: bool = False
    proceed: bool = True
    respond: Callable[[httpx.Request], httpx.Response | None] = lambda request: None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        self.requests.append(f"{request.method} {path}")
        assert request.headers["Authorization"] == "Bearer sbn_test"
        if (answer := self.respond(request)) is not None:
            return answer
        if self.lease_lost and "/runs/" in path:
            return problem(409, "lease-lost")
        return self._route(request, path)

    def _route(self, request: httpx.Request, path: str) -> httpx.Response:
        body = request.read()
        if path == "/internal/v1/claims":
            return httpx.Response(200, json=self.assignments.pop(0)) if self.assignments else httpx.Response(204)
        if path in self.files:
            return httpx.Response(200, content=self.files[path])
        if path == "/internal/v1/runs/live":
            return httpx.Response(200, json={"live": self.live})
        run_id, verb = path.split("/")[-2:]
        if path.startswith("/internal/v1/nodes/") and verb == "reference":
            self.references.append((run_id, json.loads(body)["seconds"]))
            return httpx.Response(204)
        if path.startswith("/internal/v1/nodes/") and verb == "report":
            self.nodes[run_id] = json.loads(body)
            return httpx.Response(204)
        if verb == "results":
            self.results[run_id, request.url.params["attempt"]] = body
            return httpx.Response(204)
        said = json.loads(body)
        if verb == "heartbeat":
            self.phases.append(said["phase"])
            self.log_tails.append(said.get("log_tail"))
            return httpx.Response(200, json={"stop": self.stop})
        if verb == "canary":
            self.canaries.append(said["report"])
            return httpx.Response(200, json={"proceed": self.proceed})
        if verb == "finish":
            self.reports.append(said["report"])
        else:
            self.released.append((run_id, said["attempt"], said["reason"]))
        return httpx.Response(200, json={})


def problem(status: int, code: str) -> httpx.Response:
    return httpx.Response(status, json={"status": status, "code": code, "title": code, "detail": f"the detail of {code}"})


@dataclass
class RecordingSandbox:
    """A sandbox whose one container does what `behave` says; waits for `should_stop` where `behave` is None."""

    behave: Callable[[Path], RunOutcome | None] = lambda results: None
    specs: list[RunSpec] = field(default_factory=list)
    swept: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    loaded: list[bytes] = field(default_factory=list)
    held: list[str] = field(default_factory=list)

    def forget(self, identity: ImageIdentity) -> bool:
        self.held.remove(identity.config_digest)
        return True

    def load(self, image_tar: Path, identity: ImageIdentity) -> ImageIdentity:
        self.loaded.append(image_tar.read_bytes())
        self.held.append(identity.config_digest)
        return ImageIdentity(identity.config_digest, identity.diff_ids, identity.config_digest)

    def run(
        self,
        spec: RunSpec,
        results: Path,
        *,
        should_stop: Callable[[], bool] = lambda: False,
        progress: Callable[[str], None] = lambda phase: None,
    ) -> RunOutcome:
        self.specs.append(spec)
        progress("run")
        outcome = self.behave(results)
        if outcome is not None:
            return outcome
        deadline = time.monotonic() + WITHIN_S
        while not should_stop():
            assert time.monotonic() < deadline, "nobody stopped the run"
            time.sleep(0.01)
        return an_outcome(None, cancelled=True)

    def sweep(self, node: str, is_alive: Callable[[str, int], bool]) -> list[str]:
        self.swept.append(node)
        removed, self.left = self.left, []
        return removed


def an_outcome(results: Path | None, *, exit_code: int = 0, cancelled: bool = False) -> RunOutcome:
    moment = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    return RunOutcome(
        exit_code=exit_code,
        oom_killed=False,
        timed_out=False,
        cancelled=cancelled,
        output_full=False,
        output_too_many_files=False,
        log_truncated=False,
        started_at=moment,
        finished_at=moment,
        measurement=Measurement(wall_time_s=1.5),
        results=results,
    )


def ends_well(results: Path) -> RunOutcome:
    results.write_bytes(b"the results")
    return an_outcome(results)


@pytest.fixture
def challenge() -> Challenge:
    return Challenge.model_validate(
        {
            "sonobench": 1,
            "name": "small",
            "title": "Small",
            "truth": None,
            "centers": [{"id": "a", "role": "internal"}],
            "tasks": [
                {
                    "id": "head",
                    "kind": "segmentation",
                    "dataset_name": "Heads",
                    "organ": "Head",
                    "labels": {"foreground": "nonzero"},
                    "metrics": [{"name": "dsc"}],
                }
            ],
            "cases": [{"id": f"heads/img{n}.png", "task": "head", "center": "a"} for n in (1, 2)],
        }
    )


@pytest.fixture
def inputs_tar(challenge: Challenge) -> bytes:
    return a_tar({case.id: an_image(number) for number, case in enumerate(challenge.cases)})


def an_image(grey: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (2, 2), grey).save(buffer, "PNG")
    return buffer.getvalue()


def a_tar(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


@pytest.fixture
def an_assignment(challenge: Challenge) -> Callable[..., dict[str, Any]]:
    def make(run_id: str = "run-1", *, attempt: int = 1, heartbeat_s: float = 0.05) -> dict[str, Any]:
        return {
            "run_id": run_id,
            "attempt": attempt,
            "submission_id": "sub-1",
            "lease_s": 1.0,
            "heartbeat_s": heartbeat_s,
            "challenge_hash": "sha256:" + hashlib.sha256(b"c").hexdigest(),
            "challenge": challenge.model_dump(mode="json"),
            "image": {"config_digest": DIGEST, "diff_ids": [LAYER], "size_bytes": len(b"an image")},
            "image_url": f"/internal/v1/images/{DIGEST}",
            "inputs": {"hash": INPUTS, "url": f"/internal/v1/inputs/{INPUTS}"},
            "pseudonym_key": "5e" * 32,
        }

    return make


@pytest.fixture
def with_canary(an_assignment: Callable[..., dict[str, Any]], challenge: Challenge, api: FakeApi) -> dict[str, Any]:
    """An assignment whose image has to run on one public sample first."""
    public = challenge.model_copy(update={"cases": (challenge.cases[0].model_copy(update={"id": "heads/public.png"}),)})
    url = f"/internal/v1/inputs/{SAMPLES}"
    api.files[url] = a_tar({"heads/public.png": an_image(9)})
    return an_assignment() | {"canary": {"challenge": public.model_dump(mode="json"), "inputs": {"hash": SAMPLES, "url": url}}}


@pytest.fixture
def api(inputs_tar: bytes) -> FakeApi:
    return FakeApi(files={f"/internal/v1/images/{DIGEST}": b"an image", f"/internal/v1/inputs/{INPUTS}": inputs_tar})


@pytest.fixture
def client(api: FakeApi) -> Iterator[NodeClient]:
    client = NodeClient("http://platform", token="sbn_test", node=NODE, transport=httpx.MockTransport(api))
    yield client
    client.close()


@dataclass
class FakeDoctor:
    """Finds what it is told to find. `mark` is the fingerprint of the node as it is now."""

    checks: tuple[Check, ...] = (Check("Memory and swap", "ok", "bites", kind="limit"),)
    mark: str = "as it is"
    now: datetime = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    examined: int = 0

    def fingerprint(self) -> str:
        return self.mark

    def examine(self) -> NodeReport:
        self.examined += 1
        return NodeReport(self.checks, "Docker Engine 1", "runc", self.now, self.mark)


@pytest.fixture
def doctor() -> FakeDoctor:
    return FakeDoctor()


@pytest.fixture
def safety(doctor: FakeDoctor, client: NodeClient, tmp_path: Path) -> Safety:
    return Safety(doctor, client, kept=tmp_path / "doctor-0.json", now=lambda: doctor.now)


@pytest.fixture
def speed(client: NodeClient, tmp_path: Path) -> Speed:
    """One that is never due; tests of it make their own."""
    return Speed(client, work=tmp_path / "work")


@pytest.fixture
def sandbox() -> RecordingSandbox:
    return RecordingSandbox()


@pytest.fixture
def wait_until() -> Callable[[Callable[[], object]], None]:
    """Wait until a condition holds."""

    def wait(condition: Callable[[], object]) -> None:
        deadline = time.monotonic() + WITHIN_S
        while not condition():
            assert time.monotonic() < deadline, f"did not happen within {WITHIN_S:g} s"
            time.sleep(0.01)

    return wait


@pytest.fixture
def in_thread() -> Iterator[Callable[[Callable[[], object]], threading.Thread]]:
    started: list[threading.Thread] = []

    def start(work: Callable[[], object]) -> threading.Thread:
        thread = threading.Thread(target=work, daemon=True)
        started.append(thread)
        thread.start()
        return thread

    yield start
    for thread in started:
        thread.join(timeout=WITHIN_S)
        assert not thread.is_alive()


@pytest.fixture
def given() -> SimpleNamespace:
    """The makers above, for tests."""
    return SimpleNamespace(
        a_tar=a_tar, an_image=an_image, an_outcome=an_outcome, ends_well=ends_well, problem=problem, INPUTS=INPUTS, NODE=NODE
    )
