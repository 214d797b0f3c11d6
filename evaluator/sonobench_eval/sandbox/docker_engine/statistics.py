"""A container's memory and CPU time as the engine tells them, for workers that cannot see its cgroup."""

from __future__ import annotations

from typing import Any

import docker

from sonobench_eval.meter.cgroup import HostSample, anon_shmem_v1


def read_statistics(api: docker.APIClient, container_id: str) -> HostSample:
    """One look through the engine. Costs some milliseconds of the engine's time.

    Raises:
        ValueError: the engine has no figures: the container has ended.
    """
    return sample_of(api.stats(container_id, stream=False, one_shot=True))


def sample_of(statistics: dict[str, Any]) -> HostSample:
    """The sample in the engine's statistics document, for cgroup version 1 or 2."""
    memory = statistics.get("memory_stats", {})
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
