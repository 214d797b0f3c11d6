"""One whole platform on this machine, as processes that can be killed: its home, its workers, and an organiser's way in.

For end-to-end tests, `make soak` and benchmarks of the platform itself. Unless told otherwise leases are seconds long, so that
losing a worker can be watched. On a machine that stands still for as long a worker that lives loses its run too: whoever counts
attempts takes `PATIENT`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import docker
import httpx
from docker.errors import APIError

from infra.real_services import spare_port
from infra.small_challenge import GO_ON
from sonobench_eval.sandbox.port import NODE_LABEL
from sonobench_platform.config import Settings
from sonobench_platform.queue.embedded import socket_path
from sonobench_platform.wiring import Platform

ENDS = {"scored", "rejected", "failed", "cancelled", "withdrawn"}
PACE = {"SONOBENCH_LEASE_S": "4", "SONOBENCH_HEARTBEAT_S": "0.5", "SONOBENCH_SWEEP_S": "1"}
PATIENT = {**PACE, "SONOBENCH_LEASE_S": "60"}
"""A lease that outlasts every pause of a busy machine: who lives keeps its run."""
WITHIN_S = 120.0
"""How long something is waited for before it counts as never coming: no figure of the platform's, so it is generous."""
_SLOTS = 2
_LOOK_EVERY_S = 0.1


class HouseTrouble(AssertionError):
    """The platform did not do what was waited for. The message holds the ends of its logs."""


class House:
    """One platform on this machine: its home, its processes, and an organiser's way in."""

    def __init__(
        self,
        home: Path,
        engine: docker.DockerClient,
        *,
        examined: str,
        redis: bool = True,
        settings: Mapping[str, str] | None = None,
        pace: Mapping[str, str] = PACE,
    ) -> None:
        """`examined` is what a run worker found out about this machine; `settings` go into every process's environment.

        `pace` is how fast leases run out; empty for the platform's own.
        """
        self.home = home
        (home / "node").mkdir(parents=True, mode=0o700)
        for slot in range(_SLOTS):
            (home / "node" / f"doctor-{slot}.json").write_text(examined)
        self.engine = engine
        self.port = spare_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.node = f"e2e-{os.getpid()}-{self.port}"
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._environment = {
            **os.environ,
            **pace,
            **(settings or {}),
            "SONOBENCH_HOME": str(home),
            "SONOBENCH_NODE_NAME": self.node,
        }
        self.within_s = WITHIN_S
        # One for all calls: making one costs more than a call. Connections are not kept: a server that is killed breaks them.
        self._http = httpx.Client(
            base_url=self.url, timeout=30, trust_env=False, limits=httpx.Limits(max_keepalive_connections=0)
        )
        if not redis:
            # Nothing is found there, so redis-server is "not installed".
            self._environment["PATH"] = str(home)

    # --- processes ---

    def start(self, *names: str) -> None:
        """Start `serve`, `score`, `run`, a second run worker `run-1`; or `all`, which is one server with its workers."""
        for name in names:
            command = {
                "all": ["serve", "--port", str(self.port), "--with-workers", "--drain-grace", "0"],
                "serve": ["serve", "--port", str(self.port)],
                "run": ["worker", "run", "--api-url", self.url, "--poll", "0.5", "--drain-grace", "0"],
                "run-1": ["worker", "run", "--api-url", self.url, "--poll", "0.5", "--drain-grace", "0", "--slot", "1"],
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

    def kill_broker(self) -> None:
        """SIGKILL for the private broker of this home, once there is one; whoever serves starts it again."""
        self.wait_for(self._kill_broker_that_is_there, "a broker to kill")

    def _kill_broker_that_is_there(self) -> bool:
        address = str(socket_path(self.home)).encode()
        for process in Path("/proc").iterdir():
            with suppress(OSError):  # processes come and go
                words = (process / "cmdline").read_bytes().split(b"\0") if process.name.isdigit() else [b""]
                if b"redis-server" in words[0] and address in b" ".join(words):
                    os.kill(int(process.name), signal.SIGKILL)
                    return True
        return False

    def stop(self, name: str) -> int:
        """SIGTERM; the exit status."""
        process = self.processes.pop(name)
        process.send_signal(signal.SIGTERM)
        return process.wait(timeout=self.within_s)

    def run_command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "sonobench_platform.commands", *arguments],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=self.within_s,
            check=False,
        )

    def add_challenge(self, path: Path) -> None:
        """As `sonobench admin challenge add` does, in this process: to start a command takes seconds.

        Raises:
            ChallengeError, DefinitionRefused: it is not one.
        """
        with closing(Platform(Settings(home=self.home, database_url=self.database_url))) as platform:
            platform.prepare()
            platform.register_challenge(path)

    @property
    def database_url(self) -> str:
        return self._environment.get("SONOBENCH_DATABASE_URL") or f"sqlite:///{self.home / 'sonobench.sqlite'}"

    def log(self, name: str) -> str:
        return (self.home.parent / f"{name}.log").read_text()

    # --- the API ---

    def call(self, method: str, path: str, *, token: str | None = None, **request: Any) -> Any:
        token = token or (self.home / "organiser-token").read_text().strip()
        headers = {"Authorization": f"Bearer {token}"} | request.pop("headers", {})
        response = self._http.request(method, path, headers=headers, **request)
        if not response.is_success:
            raise HouseTrouble(f"{method} {path}: {response.status_code} {response.text}")
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
        self.call("PUT", opened["upload_url"], token=token, content=content, headers=headers, timeout=300)
        return str(opened["submission"]["id"])

    def submission(self, submission_id: str) -> dict[str, Any]:
        return dict(self.call("GET", f"/api/v1/submissions/{submission_id}"))

    def wait_for_end(self, submission_id: str) -> dict[str, Any]:
        self.wait_for(lambda: self._has_ended(submission_id), f"{submission_id} to end", submission_id)
        return self.submission(submission_id)

    def let_end(self, submission_id: str) -> dict[str, Any]:
        """Have its container go on, which waits for that word (`small_image(waits=True)`), in every attempt; wait for its end."""

        def has_ended() -> bool:
            self._tell_containers_to_go_on()
            return self._has_ended(submission_id)

        self.wait_for(has_ended, f"{submission_id} to end", submission_id)
        return self.submission(submission_id)

    def _has_ended(self, submission_id: str) -> bool:
        return self.submission(submission_id)["state"] in ENDS

    def _tell_containers_to_go_on(self) -> None:
        """Any that runs, however often: who does not wait for it takes no notice."""
        for name in self.containers(status="running"):
            try:
                self.engine.api.kill(name, signal=GO_ON)
            except APIError as error:
                if error.status_code not in {404, 409}:  # it has just ended
                    raise

    def wait_for_phase(self, submission_id: str, phase: str) -> int:
        """The attempt that it is then: not always the first, as a claim's answer is lost on a machine that stands still."""

        def reached() -> bool:
            progress = self.submission(submission_id)["progress"]
            return progress is not None and progress["phase"] == phase

        self.wait_for(reached, f"{submission_id} to be in phase {phase}", submission_id)
        return int(self.submission(submission_id)["attempt"])

    def wait_for(self, condition: Callable[[], object], what: str, submission_id: str | None = None) -> None:
        deadline = time.monotonic() + self.within_s
        while not condition():
            if time.monotonic() > deadline:
                raise HouseTrouble(f"waited {self.within_s:g} s for {what}\n{self._told_of(submission_id)}\n{self._logs()}")
            time.sleep(_LOOK_EVERY_S)

    def steps(self, submission_id: str) -> list[str]:
        """The states it went through."""
        return [step["to"] for step in self.submission(submission_id)["history"]]

    def leaderboard(self, challenge: str = "small") -> dict[str, Any]:
        return dict(self.call("GET", f"/api/v1/challenges/{challenge}/leaderboard"))

    # --- what is left ---

    @property
    def nodes(self) -> list[str]:
        """The names of its run workers' nodes."""
        return [self.node, *(f"{self.node}-{slot}" for slot in range(1, _SLOTS))]

    def containers(self, **filtered: str) -> list[str]:
        filters = [{"label": f"{NODE_LABEL}={node}", **filtered} for node in self.nodes]
        found = [each for wanted in filters for each in self.engine.api.containers(all=True, filters=wanted)]
        return [container["Names"][0].removeprefix("/") for container in found]

    def volumes(self) -> list[str]:
        filters = [{"label": f"{NODE_LABEL}={node}"} for node in self.nodes]
        found = [each for wanted in filters for each in self.engine.api.volumes(filters=wanted).get("Volumes") or []]
        return [volume["Name"] for volume in found]

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
        """End what still runs: the workers together, then the server they answer to. In peace, as a worker that is cut off leaves
        containers."""
        workers = [self.processes.pop(name) for name in ("run", "run-1", "score") if name in self.processes]
        for group in (workers, list(self.processes.values())):
            for process in group:
                process.terminate()
            for process in group:
                try:
                    process.wait(timeout=self.within_s)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
        self._http.close()

    def _is_healthy(self) -> bool:
        server = self.processes.get("serve") or self.processes["all"]
        if server.poll() is not None:
            raise HouseTrouble(f"serve ended\n{self._logs()}")
        with suppress(httpx.HTTPError):
            return self._http.get("/healthz", timeout=5).is_success
        return False

    def _told_of(self, submission_id: str | None) -> str:
        """The submission for people, where one is meant and the API answers."""
        with suppress(httpx.HTTPError, HouseTrouble):
            return "" if submission_id is None else json.dumps(self.submission(submission_id), indent=1)
        return f"{submission_id} cannot be asked for"

    def _logs(self) -> str:
        return "\n".join(f"--- {log.name}\n{log.read_text()[-4000:]}" for log in sorted(self.home.parent.rglob("*.log")))
