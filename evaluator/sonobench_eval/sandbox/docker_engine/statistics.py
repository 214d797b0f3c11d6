"""A container's memory and CPU time as the engine tells them, for workers that cannot see its cgroup."""

from __future__ import annotations

from typing import Any

import docker

from sonobench_eval.meter.cgroup import HostSample, anon_shmem_v1

_PAGES_BYTES = 1 << 20
"""The kernel cuts limits down to whole pages."""


def read_statistics(api: docker.APIClient, container_id: str, *, limit_bytes: int) -> HostSample:
    """One look through the engine. Costs some milliseconds of the engine's time.

    Args:
        limit_bytes: the container's memory limit, or the node's memory where that is less.

    Raises:
        ValueError: the engine has no figures of this container: it has ended, or its runtime puts it into no group.
    """
    return sample_of(api.stats(container_id, stream=False, one_shot=True), limit_bytes=limit_bytes)


def sample_of(statistics: dict[str, Any], *, limit_bytes: int) -> HostSample:
    """The sample in the engine's statistics document, for cgroup version 1 or 2.

    The engine reads the group that the container's first process is in. Under a runtime that takes no notice of groups
    (gVisor with `--ignore-cgroups`) that is the whole machine's, which has no limit like the container's.

    Raises:
        ValueError: it has none, or those of another group.
    """
    memory = statistics.get("memory_stats", {})
    if memory.get("limit", 0) > limit_bytes + _PAGES_BYTES:
        raise ValueError("its runtime put the container into no control group of its own")
    table = memory.get("stats")
    if not table:
        raise ValueError("the engine has no statistics of this container")
    anon_shmem = table["anon"] + table["shmem"] if "anon" in table else anon_shmem_v1(table)
    cpu_ns = statistics.get("cpu_stats", {}).get("cpu_usage", {}).get("total_usage")
    return HostSample(
        anon_shmem_bytes=anon_shmem,
        cpu_time_s=None if cpu_ns is None else cpu_ns / 1e9,
        peak_cgroup_bytes=memory.get("max_usage"),
    )
