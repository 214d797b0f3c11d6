"""What the engine says of itself. The only file of this room that talks to one beside the sandbox's own verbs."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker

from sonobench_eval.sandbox.docker_engine.calls import DEFAULT_SOCKET, engine_call, open_client
from sonobench_eval.sandbox.docker_engine.streams import log_lines

_ASKED_WITHIN_S = 20.0
_ENOUGH_LOG_BYTES = 256 * 2**20


@dataclass(frozen=True, slots=True)
class EngineFacts:
    """An engine, as its `info` and `version` have it. `address` is where it was asked."""

    address: str
    id: str
    version: str
    api_version: str
    containerd: str
    runc: str
    runtimes: tuple[str, ...]
    default_runtime: str
    storage_driver: str
    cgroup_version: str
    cgroup_driver: str
    kernel: str
    data_root: str
    security: tuple[str, ...]
    has_memory_limit: bool
    has_swap_limit: bool
    has_cpu_quota: bool
    has_pids_limit: bool
    live_restore: bool
    experimental: bool
    authorization_plugins: tuple[str, ...]
    warnings: tuple[str, ...]
    started: str
    """Changes when the engine is started anew, as far as that can be seen; empty where it cannot."""
    options: str
    """What else it was told that could change how containers run: its runtimes with their arguments."""

    @property
    def is_local(self) -> bool:
        return self.address.startswith("unix://")


def describe_engine() -> EngineFacts:
    """Ask the engine that DOCKER_HOST names, else the local one.

    Raises:
        EngineMissing: nobody answers.
        SandboxTrouble: it fails.
    """
    with _client() as api, engine_call("describe itself"):
        info, version = api.info(), api.version()
    return engine_facts(info, version, address=os.environ.get("DOCKER_HOST") or DEFAULT_SOCKET)


def engine_facts(info: Mapping[str, Any], version: Mapping[str, Any], *, address: str) -> EngineFacts:
    """The facts in the engine's own documents, those of old engines included."""
    components = {str(each.get("Name")): each for each in version.get("Components") or ()}
    runtimes = info.get("Runtimes") or {}
    return EngineFacts(
        address=address,
        id=str(info.get("ID") or ""),
        version=str(version.get("Version") or info.get("ServerVersion") or ""),
        api_version=str(version.get("ApiVersion") or ""),
        containerd=_component(components.get("containerd"), info.get("ContainerdCommit")),
        runc=_component(components.get("runc"), info.get("RuncCommit")),
        runtimes=tuple(sorted(runtimes)),
        default_runtime=str(info.get("DefaultRuntime") or ""),
        storage_driver=str(info.get("Driver") or ""),
        cgroup_version=str(info.get("CgroupVersion") or "1"),
        cgroup_driver=str(info.get("CgroupDriver") or ""),
        kernel=str(info.get("KernelVersion") or ""),
        data_root=str(info.get("DockerRootDir") or ""),
        security=tuple(str(option) for option in info.get("SecurityOptions") or ()),
        has_memory_limit=bool(info.get("MemoryLimit")),
        has_swap_limit=bool(info.get("SwapLimit")),
        has_cpu_quota=bool(info.get("CpuCfsQuota")),
        has_pids_limit=bool(info.get("PidsLimit")),
        live_restore=bool(info.get("LiveRestoreEnabled")),
        experimental=bool(info.get("ExperimentalBuild")),
        authorization_plugins=tuple((info.get("Plugins") or {}).get("Authorization") or ()),
        warnings=tuple(str(warning) for warning in info.get("Warnings") or ()),
        started=_started(address),
        options=repr(sorted((name, sorted(map(str, runtime.items()))) for name, runtime in runtimes.items())),
    )


def _component(component: Mapping[str, Any] | None, commit: Mapping[str, Any] | None) -> str:
    """The longer of the names a version has: a distribution's own number stands where others put a commit."""
    version = str((component or {}).get("Version") or "")
    build = str(((component or {}).get("Details") or {}).get("GitCommit") or (commit or {}).get("ID") or "")
    return build if version and build.startswith(version) else version or build


def _started(address: str) -> str:
    """The engine's socket and its process's number: one of them changes with a restart, however it is started."""
    if not address.startswith("unix://"):
        return ""
    marks = []
    for path in (Path(address.removeprefix("unix://")), Path("/var/run/docker.pid"), Path("/run/docker.pid")):
        try:
            stat = path.stat()
        except OSError:
            continue
        marks.append(f"{path}:{stat.st_ino}:{stat.st_ctime_ns}")
    return " ".join(marks)


def kept_log_bytes(name: str) -> int:
    """How much the engine keeps of a container's log; no more than 256 MiB are counted.

    Raises:
        SandboxTrouble: the engine failed.
    """
    kept = 0
    with _client() as api, engine_call("read a container's log"):
        for line in log_lines(api, name):
            kept += len(line)
            if kept >= _ENOUGH_LOG_BYTES:
                break
    return kept


@contextmanager
def _client() -> Iterator[docker.APIClient]:
    api = open_client(timeout_s=_ASKED_WITHIN_S)
    try:
        yield api
    finally:
        api.close()
