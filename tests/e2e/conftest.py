"""The real thing in small: processes, a Docker Engine, a database and a broker, with an image of a few hundred kilobytes.

A challenge of four cases; images are a static busybox with their answers inside, so a run takes a second.
Leases are seconds long, so that losing a worker can be watched.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import docker
import httpx
import pytest
import yaml
from docker.errors import DockerException
from PIL import Image

from sonobench_eval.doctor.examine import Setting, examine_node
from sonobench_eval.sandbox.port import NODE_LABEL

BUSYBOX = Path("/bin/busybox")
HEADS = ("heads/img1.png", "heads/img2.png")
BREASTS = ("breasts/img1.png", "breasts/img2.png")
ENDS = {"scored", "rejected", "failed", "cancelled", "withdrawn"}
PACE = {"SONOBENCH_LEASE_S": "4", "SONOBENCH_HEARTBEAT_S": "0.5", "SONOBENCH_SWEEP_S": "1"}
WITHIN_S = 60.0


def missing(why: str) -> None:
    """Without what a test needs it fails on CI and is skipped elsewhere."""
    pytest.fail(why) if os.environ.get("CI") == "true" else pytest.skip(why)


@pytest.fixture(scope="session")
def engine(docker_client: docker.DockerClient) -> docker.DockerClient:
    if not BUSYBOX.exists():
        missing("these tests need /bin/busybox; install the package busybox-static")
    return docker_client


def png(size: tuple[int, int], *, box: tuple[int, int, int, int] | None = None) -> bytes:
    """A black 8-bit image, with a white box where one is asked for."""
    image = Image.new("L", size, 0)
    if box is not None:
        image.paste(255, box)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


MASK = png((32, 24), box=(8, 6, 24, 18))


@pytest.fixture
def challenge_yaml(tmp_path: Path) -> Path:
    """Two segmentations and two classifications, one case of each in an external center."""
    folder = tmp_path / "challenge"
    cases: list[dict[str, Any]] = []
    for number, (head, breast) in enumerate(zip(HEADS, BREASTS, strict=True)):
        center = ("inside", "outside")[number]
        mask = head.replace("img", "mask")
        cases.append({"id": head, "task": "head", "center": center, "mask": mask})
        cases.append({"id": breast, "task": "breast", "center": center, "label": number})
        for path, content in ((folder / "images" / head, png((32, 24))), (folder / "images" / breast, png((16, 16)))):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        (folder / "truth" / mask).parent.mkdir(parents=True, exist_ok=True)
        (folder / "truth" / mask).write_bytes(MASK)
    (folder / "challenge.yaml").write_text(yaml.safe_dump(_definition(cases), sort_keys=False))
    return folder / "challenge.yaml"


def _definition(cases: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "sonobench": 1,
        "name": "small",
        "title": "Small",
        "limits": {
            "memory_bytes": "128M",
            "scratch_bytes": "16M",
            "output_bytes": "16M",
            "cpus": 1,
            "time_s": "60s",
            "shm_bytes": "8M",
        },
        "bootstrap": {"resamples": 50},
        # The images here bring their answers along under the cases' names, which pseudonyms are there to defeat.
        "pseudonyms": False,
        "centers": [{"id": "inside", "role": "internal"}, {"id": "outside", "role": "external"}],
        "tasks": [
            {
                "id": "head",
                "kind": "segmentation",
                "dataset_name": "Heads",
                "organ": "Head",
                "labels": {"head": "nonzero"},
                "metrics": [{"name": "dsc"}, {"name": "nsd", "convention": "pixel", "tolerance": 2, "unit": "px"}],
            },
            {
                "id": "breast",
                "kind": "binary",
                "dataset_name": "Breast",
                "organ": "Breast",
                "classes": ["benign", "malignant"],
                "metrics": [{"name": "auc"}, {"name": "acc"}],
            },
        ],
        "cases": cases,
    }


def answers(*, certainty: float = 0.9) -> dict[str, bytes]:
    """What /output should hold: right masks, and right classes with this probability."""
    classes = {
        breast: {"probability": [1 - p, p], "prediction": int(p > 0.5)}
        for breast, p in zip(BREASTS, (1 - certainty, certainty), strict=True)
    }
    masks = {head.replace("img", "mask"): MASK for head in HEADS}
    return {**masks, "classification.json": json.dumps(classes).encode()}


@pytest.fixture
def make_image(engine: docker.DockerClient, tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Make `docker save` tars whose container waits `seconds`, writes its answers and ends with `status`."""
    made: list[str] = []

    def make(name: str = "good", *, seconds: float = 0, certainty: float = 0.9, status: int = 0) -> Path:
        script = f"sleep {seconds}; cp -r /answers/. /output/; exit {status}"
        digest, content = _image_tar(script, answers(certainty=certainty), label=name)
        made.append(digest)
        path = tmp_path / f"{name}.tar"
        path.write_bytes(content)
        return path

    yield make
    for digest in made:
        with suppress(DockerException):
            engine.images.remove(digest, force=True)


def _image_tar(script: str, files: dict[str, bytes], *, label: str) -> tuple[str, bytes]:
    tools = {f"bin/{tool}": "busybox" for tool in ("sh", "sleep", "cp")}
    layer = _tar({"bin/busybox": BUSYBOX.read_bytes(), **{f"answers/{k}": v for k, v in files.items()}}, links=tools)
    config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "created": "2026-01-01T00:00:00Z",
            "config": {
                "Entrypoint": ["/bin/sh", "-c"],
                "Cmd": [script],
                "Env": [f"LABEL={label}-{os.getpid()}-{time.time_ns()}"],
            },
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
        }
    ).encode()
    digest = hashlib.sha256(config).hexdigest()
    manifest = json.dumps([{"Config": f"{digest}.json", "RepoTags": ["team/image:latest"], "Layers": ["layer.tar"]}]).encode()
    return f"sha256:{digest}", _tar({"manifest.json": manifest, f"{digest}.json": config, "layer.tar": layer})


def _tar(files: dict[str, bytes], *, links: dict[str, str] | None = None) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o755
            archive.addfile(member, io.BytesIO(content))
        for name, target in (links or {}).items():
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, target
            archive.addfile(member)
    return buffer.getvalue()


class House:
    """One platform on this machine: its home, its processes, and an organiser's way in."""

    def __init__(self, home: Path, engine: docker.DockerClient, *, redis: bool, examined: str) -> None:
        self.home = home
        (home / "node").mkdir(parents=True, mode=0o700)
        (home / "node" / "doctor-0.json").write_text(examined)
        self.engine = engine
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.node = f"e2e-{os.getpid()}-{self.port}"
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._environment = {**os.environ, **PACE, "SONOBENCH_HOME": str(home), "SONOBENCH_NODE_NAME": self.node}
        if not redis:
            # Nothing is found there, so redis-server is "not installed".
            self._environment["PATH"] = str(home)

    # --- processes ---

    def start(self, *names: str) -> None:
        """Start `serve`, `run` or `score`; or `all`, which is one server with its workers."""
        for name in names:
            command = {
                "all": ["serve", "--port", str(self.port), "--with-workers", "--drain-grace", "0"],
                "serve": ["serve", "--port", str(self.port)],
                "run": ["worker", "run", "--api-url", self.url, "--poll", "0.5", "--drain-grace", "0"],
                "score": ["worker", "score", "--poll", "0.5"],
            }[name]
            with (self.home.parent / f"{name}.log").open("ab") as log:
                self.processes[name] = subprocess.Popen(
                    [sys.executable, "-m", "sonobench_platform.commands", *command],
                    env=self._environment,
                    stdout=log,
                    stderr=log,
                    stdin=subprocess.DEVNULL,
                )
            if name in {"serve", "all"}:
                self.wait_for(self._is_healthy, "the API to answer")

    def kill(self, name: str) -> None:
        """SIGKILL: no handler, no `finally`."""
        process = self.processes.pop(name)
        process.kill()
        process.wait()

    def stop(self, name: str) -> int:
        """SIGTERM; the exit status."""
        process = self.processes.pop(name)
        process.send_signal(signal.SIGTERM)
        return process.wait(timeout=30)

    def run_command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "sonobench_platform.commands", *arguments],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def log(self, name: str) -> str:
        return (self.home.parent / f"{name}.log").read_text()

    # --- the API ---

    def call(self, method: str, path: str, *, token: str | None = None, **request: Any) -> Any:
        token = token or (self.home / "organiser-token").read_text().strip()
        headers = {"Authorization": f"Bearer {token}"} | request.pop("headers", {})
        response = httpx.request(method, self.url + path, headers=headers, timeout=30, **request)
        assert response.is_success, response.text
        return response.json() if response.content else None

    def add_team(self, name: str) -> str:
        return str(self.call("POST", "/api/v1/teams", json={"name": name})["token"])

    def submit(self, team: str, image: Path, *, token: str | None = None, challenge: str = "small") -> str:
        """Add the team where no token is given, upload the image; the submission's id."""
        token, content = token or self.add_team(team), image.read_bytes()
        body = {"size_bytes": len(content)}
        opened = self.call("POST", f"/api/v1/challenges/{challenge}/submissions", token=token, json=body)
        digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
        headers = {"Content-Digest": f"sha-256=:{digest}:"}
        self.call("PUT", opened["upload_url"], token=token, content=content, headers=headers)
        return str(opened["submission"]["id"])

    def submission(self, submission_id: str) -> dict[str, Any]:
        return dict(self.call("GET", f"/api/v1/submissions/{submission_id}"))

    def wait_for_end(self, submission_id: str) -> dict[str, Any]:
        self.wait_for(lambda: self.submission(submission_id)["state"] in ENDS, f"{submission_id} to end", submission_id)
        return self.submission(submission_id)

    def wait_for_phase(self, submission_id: str, phase: str) -> None:
        def reached() -> bool:
            progress = self.submission(submission_id)["progress"]
            return progress is not None and progress["phase"] == phase

        self.wait_for(reached, f"{submission_id} to be in phase {phase}", submission_id)

    def wait_for(self, condition: Callable[[], object], what: str, submission_id: str | None = None) -> None:
        deadline = time.monotonic() + WITHIN_S
        while not condition():
            if time.monotonic() > deadline:
                state = "" if submission_id is None else json.dumps(self.submission(submission_id), indent=1)
                pytest.fail(f"waited {WITHIN_S:g} s for {what}\n{state}\n{self._logs()}")
            time.sleep(0.1)

    def steps(self, submission_id: str) -> list[str]:
        """The states it went through."""
        return [step["to"] for step in self.submission(submission_id)["history"]]

    def leaderboard(self, challenge: str = "small") -> dict[str, Any]:
        return dict(self.call("GET", f"/api/v1/challenges/{challenge}/leaderboard"))

    # --- what is left ---

    def containers(self) -> list[str]:
        found = self.engine.api.containers(all=True, filters={"label": f"{NODE_LABEL}={self.node}"})
        return [container["Names"][0] for container in found]

    def volumes(self) -> list[str]:
        found = self.engine.api.volumes(filters={"label": f"{NODE_LABEL}={self.node}"})
        return [volume["Name"] for volume in found.get("Volumes") or []]

    def groups(self) -> list[str]:
        """Control groups of this node's runs; under systemd the dashes of its name are escaped."""
        trees = [Path("/sys/fs/cgroup"), *Path("/sys/fs/cgroup").glob("*/")]
        families = [tree / family for tree in trees for family in ("sonobench", "sonobench.slice") if (tree / family).is_dir()]
        nodes = {self.node, self.node.replace("-", r"\x2d")}
        found = (
            run
            for family in families
            for node in family.iterdir()
            if any(name in node.name for name in nodes)
            for run in node.glob("*/")
        )
        return sorted({run.name for run in found})

    def close(self) -> None:
        """End what still runs: the workers together, then the server they answer to."""
        workers = [self.processes.pop(name) for name in ("run", "score") if name in self.processes]
        for group in (workers, list(self.processes.values())):
            for process in group:
                process.terminate()
            for process in group:
                try:
                    process.wait(timeout=30)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()

    def _is_healthy(self) -> bool:
        server = self.processes.get("serve") or self.processes["all"]
        if server.poll() is not None:
            pytest.fail(f"serve ended\n{self._logs()}")
        with suppress(httpx.HTTPError):
            return httpx.get(f"{self.url}/healthz", timeout=1).is_success
        return False

    def _logs(self) -> str:
        return "\n".join(f"--- {log.name}\n{log.read_text()[-4000:]}" for log in sorted(self.home.parent.rglob("*.log")))


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture(scope="session")
def examined(engine: docker.DockerClient) -> str:
    """What a run worker finds out about this machine when it first starts: once for all houses, as it takes seconds."""
    report = examine_node(Setting(home=Path(tempfile.gettempdir())))
    assert report.is_safe, [f"{check.name}: {check.found}" for check in report.open_doors]
    return report.to_json()


@pytest.fixture
def open_house(
    engine: docker.DockerClient, challenge_yaml: Path, tmp_path: Path, examined: str
) -> Iterator[Callable[..., House]]:
    """Start a platform with the small challenge; nothing of it is left afterwards, containers included."""
    houses: list[House] = []

    def open_one(*processes: str, redis: bool = True) -> House:
        house = House(tmp_path / "home", engine, redis=redis, examined=examined)
        houses.append(house)
        added = house.run_command("admin", "challenge", "add", str(challenge_yaml))
        assert added.returncode == 0, added.stderr
        house.start(*(processes or ("serve", "score", "run")))
        return house

    yield open_one
    for house in houses:
        house.close()
        left = house.containers(), house.volumes(), house.groups()
        for name in left[0]:
            engine.api.remove_container(name, force=True, v=True)
        assert left == ([], [], [])
