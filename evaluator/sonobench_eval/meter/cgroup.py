"""Reads a container's control group, version 1 or 2, as the kernel keeps it under `/sys/fs/cgroup`."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import NamedTuple

PROC = Path("/proc")
CGROUP_ROOT = Path("/sys/fs/cgroup")


class NoCgroup(Exception):
    """The container's cgroup is not to be seen from here: another PID or cgroup namespace, or it is gone."""


@dataclass(frozen=True, slots=True)
class HostSample:
    """One look. `anon_shmem_bytes` is what cannot be dropped: anonymous memory and files in memory, no page cache."""

    anon_shmem_bytes: int
    cpu_time_s: float | None = None
    peak_cgroup_bytes: int | None = None
    oom_kills: int | None = None


@dataclass(frozen=True, slots=True)
class Cgroup:
    """Where the kernel keeps a container's figures. `memory` and `cpu` are the same folder in version 2."""

    version: int
    memory: Path
    cpu: Path | None

    def sample(self) -> HostSample:
        """Read every figure once.

        Raises:
            OSError: the container has ended and its cgroup is gone.
        """
        with Looks(self) as looks:
            return looks.sample()


class Looks:
    """Repeated looks at one cgroup, dozens a second: its files stay open, which costs a quarter of opening them anew."""

    def __init__(self, cgroup: Cgroup) -> None:
        """Open the files.

        Raises:
            OSError: the container has ended and its cgroup is gone.
        """
        self._version = cgroup.version
        names = _V2 if cgroup.version == 2 else _V1
        self._stat = (cgroup.memory / "memory.stat").open("rb", buffering=0)
        self._cpu = _opened(cgroup.cpu / names.cpu) if cgroup.cpu else None
        self._peak = _opened(cgroup.memory / names.peak)
        self._events = _opened(cgroup.memory / names.events)

    def __enter__(self) -> Looks:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        for file in (self._stat, self._cpu, self._peak, self._events):
            if file is not None:
                file.close()

    def sample(self) -> HostSample:
        """Read every figure once.

        Raises:
            OSError: the container has ended and its cgroup is gone.
            KeyError, ValueError: the kernel says something else than it did, or the files were closed.
        """
        stat, peak, events = _table(_text(self._stat)), _text(self._peak).strip(), _table(_text(self._events))
        return HostSample(
            anon_shmem_bytes=stat["anon"] + stat["shmem"] if self._version == 2 else anon_shmem_v1(stat),
            cpu_time_s=self._cpu_time_s(_text(self._cpu)),
            peak_cgroup_bytes=int(peak) if peak.isdigit() else None,
            oom_kills=events.get("oom_kill"),
        )

    def _cpu_time_s(self, text: str) -> float | None:
        if self._version == 1:
            return int(text) / 1e9 if text else None
        usage_us = _table(text).get("usage_usec")
        return None if usage_us is None else usage_us / 1e6


class _Names(NamedTuple):
    cpu: str
    peak: str
    events: str


_V1 = _Names("cpuacct.usage", "memory.max_usage_in_bytes", "memory.oom_control")
_V2 = _Names("cpu.stat", "memory.peak", "memory.events")
"""The peak is there since Linux 5.19."""
_LINE = re.compile(r"^(\S+) (\d+)$", re.MULTILINE)
_MOST_BYTES = 1 << 16


def _opened(path: Path) -> FileIO | None:
    try:
        return path.open("rb", buffering=0)
    except FileNotFoundError:
        return None


def _text(file: FileIO | None) -> str:
    return "" if file is None else os.pread(file.fileno(), _MOST_BYTES, 0).decode()


def _table(text: str) -> dict[str, int]:
    return {name: int(value) for name, value in _LINE.findall(text)}


def anon_shmem_v1(stat: Mapping[str, int]) -> int:
    """Anonymous memory and files in memory from a version 1 `memory.stat`, subgroups included.

    Old kernels and the engine's own statistics have no `total_shmem`: files in memory count as cache there but
    stand on no list of file pages, so they are the cache less those lists.
    """
    if "total_shmem" in stat:
        return stat["total_rss"] + stat["total_shmem"]
    on_disk = stat.get("total_active_file", 0) + stat.get("total_inactive_file", 0)
    return stat["total_rss"] + max(0, stat.get("total_cache", 0) - on_disk)


def find_cgroup(container_id: str, pid: int, *, proc: Path = PROC, root: Path = CGROUP_ROOT) -> Cgroup:
    """The cgroup of a container whose first process is `pid` in the host's PID namespace.

    The container's id must stand in the path, so that a reused or foreign pid is never measured in its place.

    Raises:
        NoCgroup: it cannot be found from here.
    """
    try:
        lines = (proc / str(pid) / "cgroup").read_text().splitlines()
    except OSError as error:
        raise NoCgroup(f"process {pid} is not to be seen from here") from error
    paths = {controller: path for line in lines for controller, path in _controllers(line)}
    memory = _existing(paths, "memory", container_id, root / "memory")
    if memory is not None:
        cpu = _existing(paths, "cpuacct", container_id, root / "cpuacct") or _existing(
            paths, "cpuacct", container_id, root / "cpu,cpuacct"
        )
        return Cgroup(1, memory, cpu)
    unified = _existing(paths, "", container_id, root)
    if unified is not None and (unified / "memory.stat").exists():
        return Cgroup(2, unified, unified)
    raise NoCgroup("the container's cgroup is not to be seen from here")


def _controllers(line: str) -> list[tuple[str, str]]:
    # `4:memory:/docker/<id>` in version 1, `0::/system.slice/docker-<id>.scope` in version 2
    _, names, path = line.split(":", 2)
    return [(name, path) for name in names.split(",")]


def _existing(paths: Mapping[str, str], controller: str, container_id: str, root: Path) -> Path | None:
    path = paths.get(controller, "")
    if container_id not in path or ".." in Path(path).parts:
        return None
    folder = root / path.lstrip("/")
    return folder if folder.is_dir() else None


def table_in(path: Path) -> dict[str, int]:
    """A file of `name value` lines; lines that are none are left out.

    Raises:
        OSError: it is not there.
    """
    return _table(path.read_text())


def number_in(path: Path) -> int | None:
    """A file of one number; None where this kernel has no such file, or says `max`."""
    try:
        return int(path.read_text())
    except (FileNotFoundError, ValueError):
        return None
