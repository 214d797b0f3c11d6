"""Reads a container's control group, version 1 or 2, as the kernel keeps it under `/sys/fs/cgroup`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

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
        return self._sample_v2() if self.version == 2 else self._sample_v1()

    def _sample_v2(self) -> HostSample:
        stat = table_in(self.memory / "memory.stat")
        cpu = table_in(self.memory / "cpu.stat")
        return HostSample(
            anon_shmem_bytes=stat["anon"] + stat["shmem"],
            cpu_time_s=cpu["usage_usec"] / 1e6 if "usage_usec" in cpu else None,
            peak_cgroup_bytes=number_in(self.memory / "memory.peak"),  # since Linux 5.19
            oom_kills=table_in(self.memory / "memory.events").get("oom_kill"),
        )

    def _sample_v1(self) -> HostSample:
        usage = number_in(self.cpu / "cpuacct.usage") if self.cpu else None
        return HostSample(
            anon_shmem_bytes=anon_shmem_v1(table_in(self.memory / "memory.stat")),
            cpu_time_s=None if usage is None else usage / 1e9,
            peak_cgroup_bytes=number_in(self.memory / "memory.max_usage_in_bytes"),
            oom_kills=table_in(self.memory / "memory.oom_control").get("oom_kill"),
        )


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
    pairs = (line.split() for line in path.read_text().splitlines())
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2 and pair[1].isdigit()}


def number_in(path: Path) -> int | None:
    """A file of one number; None where this kernel has no such file, or says `max`."""
    try:
        return int(path.read_text())
    except (FileNotFoundError, ValueError):
        return None
