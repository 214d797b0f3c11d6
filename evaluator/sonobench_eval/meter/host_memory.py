"""Peak host memory and CPU time of a container, sampled while it runs.

The figure is the largest sampled sum of anonymous memory and files in memory. The kernel's own peak is kept beside
it: it includes page cache, so the same program has another peak when its files were read before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sonobench_eval.meter.cgroup import HostSample
from sonobench_eval.meter.sampler import Sampler

INTERVAL_S = 0.05


@dataclass(frozen=True, slots=True)
class HostUsage:
    """What was seen. None means not measured; `method` says how, or why not."""

    peak_bytes: int | None
    method: str
    cpu_time_s: float | None = None
    peak_cgroup_bytes: int | None = None
    oom_kills: int = 0


class HostMemoryMeter:
    """Samples `read` in a thread from `start` to `stop`. Nothing here raises."""

    def __init__(self, read: Callable[[], HostSample], *, source: str, interval_s: float = INTERVAL_S) -> None:
        self._read = read
        self._source = source
        self._sampler = Sampler(self._take, interval_s=interval_s)
        self._peak_bytes = 0
        self._last: HostSample | None = None
        self.pids_seen: frozenset[int] = frozenset()

    def start(self) -> None:
        self._sampler.start()

    def stop(self) -> HostUsage:
        self._sampler.stop()
        if self._last is None:
            return HostUsage(None, "not measured: it ended before the first sample")
        return HostUsage(
            peak_bytes=self._peak_bytes,
            method=f"largest of {self._sampler.spacing()} of anon + shmem, from {self._source}",
            cpu_time_s=self._last.cpu_time_s,
            peak_cgroup_bytes=self._last.peak_cgroup_bytes,
            oom_kills=self._last.oom_kills or 0,
        )

    def _take(self) -> None:
        sample = self._read()
        self._peak_bytes = max(self._peak_bytes, sample.anon_shmem_bytes)
        self.pids_seen = self.pids_seen.union(sample.pids)  # replaced, not changed: the GPU meter's thread reads it
        self._last = sample
