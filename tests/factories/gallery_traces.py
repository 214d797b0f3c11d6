"""Traces of a run on its host: what the engine did for it, what lay on the disk meanwhile, cgroups afterwards."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import docker
import docker.errors

from sonobench_eval.sandbox.docker_engine.calls import open_client

LOOK_EVERY_S = 0.2
CGROUPS = Path("/sys/fs/cgroup")


class EngineEvents:
    """What the engine told of a node's containers while a `with` block ran."""

    def __init__(self, api: docker.APIClient, node: str) -> None:
        self._api, self._node = api, node
        self._events: list[dict[str, Any]] = []
        self._began = 0

    def __enter__(self) -> Self:
        self._began = int(time.time())
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        # The engine compares whole seconds, and never ends a stream whose end lies in the future.
        until = f"{time.time():.6f}"
        self._events = list(self._api.events(since=self._began, until=until, decode=True))

    def containers(self) -> set[str]:
        """Ids of the containers that were made for this node."""
        label = "org.sonobench.node"
        made = (each for each in self._events if each["Type"] == "container" and each["Action"] == "create")
        return {each["Actor"]["ID"] for each in made if each["Actor"]["Attributes"].get(label) == self._node}

    def strange(self) -> list[str]:
        """Volumes that are not the platform's, networks, commands and health checks in this node's containers."""
        ours, found = self.containers(), []
        for event in self._events:
            action, about = str(event["Action"]), event["Actor"]["Attributes"]
            inside = about.get("container") in ours or event["Actor"]["ID"] in ours
            if not inside:
                continue
            if event["Type"] == "volume" and not str(event["Actor"]["ID"]).startswith("sonobench-"):
                found.append(f"volume {event['Actor']['ID']}: {action}")
            if event["Type"] == "network" and about.get("name") != "none":
                found.append(f"network {about.get('name')}: {action}")
            if action.startswith(("exec_", "health_")):
                found.append(action)
        return found


class DiskWatch:
    """The most bytes that lay in the engine's folder of a container, its log and its own layer, while a `with` block ran.

    Zero where that folder cannot be read: only root may, and only on the engine's own machine.
    """

    def __init__(self, api: docker.APIClient, container: str) -> None:
        self._version, self._container = str(api.api_version), container
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.most_bytes = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._ending.set()
        self._thread.join()

    def _watch(self) -> None:
        client = open_client(timeout_s=60, version=self._version)
        folders: list[Path] = []
        try:
            while not self._ending.wait(LOOK_EVERY_S):
                folders = folders or self._folders(client)
                self.most_bytes = max(self.most_bytes, sum(_size_of(folder) for folder in folders))
        finally:
            client.close()

    def _folders(self, client: docker.APIClient) -> list[Path]:
        try:
            found = client.inspect_container(self._container)
        except docker.errors.APIError:
            return []
        upper = (found.get("GraphDriver", {}).get("Data") or {}).get("UpperDir")
        root = Path(found["ResolvConfPath"]).parent if found.get("ResolvConfPath") else None
        return [Path(each) for each in (upper, root) if each]


def _size_of(folder: Path) -> int:
    total = 0
    for at, _, names in os.walk(folder, onerror=lambda _: None):
        for name in names:
            with contextlib.suppress(OSError):
                total += (Path(at) / name).lstat().st_blocks * 512
    return total


class PeakMemory:
    """By how much this process's memory grew at its largest while a `with` block ran."""

    def __init__(self) -> None:
        self.grown_kib = 0

    def __enter__(self) -> Self:
        Path("/proc/self/clear_refs").write_text("5")  # forgets the peak so far
        self._before_kib = _of_own_status("VmRSS")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.grown_kib = _of_own_status("VmHWM") - self._before_kib


def _of_own_status(field: str) -> int:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field))


def cgroups_naming(*names: str) -> list[str]:
    """Folders below /sys/fs/cgroup with one of these names in theirs."""
    found = [str(Path(at) / each) for at, folders, _ in os.walk(CGROUPS, onerror=lambda _: None) for each in folders]
    return [path for path in found if any(name in path for name in names)]
