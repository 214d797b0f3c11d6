"""Peak host memory and CPU time of a container, sampled while it runs, and their course.

The figure is the largest sampled sum of anonymous memory and files in memory. The kernel's own peak is kept beside
it: it includes page cache, so the same program has another peak when its files were read before.
CPU time, that peak and what was ended for want of memory are of the last sample, unless a parent group counted them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from sonobench_eval.meter.cgroup import HostSample
from sonobench_eval.meter.curve import Curve, Moment
from sonobench_eval.meter.parent import Totals
from sonobench_eval.meter.sampler import Sampler

INTERVAL_S = 0.05
_NOT_MEASURED = "not measured"
_PARENT = "the parent control group, after the container's end"


@dataclass(frozen=True, slots=True)
class HostUsage:
    """What was seen. None means not measured; `method`, `cpu_method` and `peak_cgroup_method` say how, or why not."""

    peak_bytes: int | None
    method: str
    cpu_time_s: float | None = None
    cpu_method: str = _NOT_MEASURED
    peak_cgroup_bytes: int | None = None
    peak_cgroup_method: str = _NOT_MEASURED
    oom_kills: int = 0
    curve: tuple[Moment, ...] = ()


def with_totals(usage: HostUsage, totals: Totals | None) -> HostUsage:
    """What was sampled, with what the parent group counted in place of the last sample's, as far as it did."""
    if totals is None:
        return usage
    if totals.cpu_time_s is not None:
        usage = replace(usage, cpu_time_s=totals.cpu_time_s, cpu_method=_PARENT)
    if totals.peak_bytes is not None:
        method = f"the kernel's own, page cache included, from {_PARENT}"
        usage = replace(usage, peak_cgroup_bytes=totals.peak_bytes, peak_cgroup_method=method)
    return replace(usage, oom_kills=max(usage.oom_kills, totals.oom_kills or 0))


class HostMemoryMeter:
    """Samples `read` in a thread from `start` to `stop`. Nothing here raises."""

    def __init__(self, read: Callable[[], HostSample], *, source: str, interval_s: float = INTERVAL_S) -> None:
        self._read = read
        self._source = source
        self._sampler = Sampler(self._take, interval_s=interval_s)
        self._peak_bytes = 0
        self._last: HostSample | None = None
        self._curve = Curve(slot_s=interval_s)
        self._began_s = 0.0

    def start(self) -> None:
        """Begin; the curve's time begins with it."""
        self._began_s = time.monotonic()
        self._sampler.start()

    def stop(self) -> HostUsage:
        self._sampler.stop()
        if self._last is None:
            return HostUsage(None, f"{_NOT_MEASURED}: {self._why_not()}")
        return HostUsage(
            peak_bytes=self._peak_bytes,
            method=f"largest of {self._sampler.spacing()} of anon + shmem, from {self._source}",
            cpu_time_s=self._last.cpu_time_s,
            cpu_method=self._last_of(self._last.cpu_time_s),
            peak_cgroup_bytes=self._last.peak_cgroup_bytes,
            peak_cgroup_method=self._last_of(self._last.peak_cgroup_bytes),
            oom_kills=self._last.oom_kills or 0,
            curve=self._curve.points(),
        )

    def _why_not(self) -> str:
        trouble = self._sampler.trouble
        return str(trouble) if isinstance(trouble, ValueError) else "it ended before the first sample"

    def _last_of(self, figure: float | None) -> str:
        return _NOT_MEASURED if figure is None else f"the last of {self._sampler.spacing()}, from {self._source}: a lower bound"

    def _take(self) -> None:
        sample = self._read()
        self._peak_bytes = max(self._peak_bytes, sample.anon_shmem_bytes)
        self._last = sample if self._last is None else _with_gaps_filled(sample, self._last)
        at_s = time.monotonic() - self._began_s
        self._curve.add(at_s, host_memory_bytes=sample.anon_shmem_bytes, cpu_time_s=sample.cpu_time_s)


def _with_gaps_filled(sample: HostSample, last: HostSample) -> HostSample:
    """Version 1 takes a container's groups away one by one: what is gone already stays as it was last seen."""
    return HostSample(
        sample.anon_shmem_bytes,
        last.cpu_time_s if sample.cpu_time_s is None else sample.cpu_time_s,
        last.peak_cgroup_bytes if sample.peak_cgroup_bytes is None else sample.peak_cgroup_bytes,
        last.oom_kills if sample.oom_kills is None else sample.oom_kills,
    )
