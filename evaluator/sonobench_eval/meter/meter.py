"""The meter of one run: host memory and CPU time from the container's cgroup, GPU memory through NVML.

A meter that fails leaves "not measured" and its reason; it never fails a run. It does not know the engine: where the
cgroup cannot be seen from here (a worker in a container of its own), it samples whatever `engine_reader` reads.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from sonobench_eval.meter.cgroup import HostSample, NoCgroup, find_cgroup
from sonobench_eval.meter.gpu_memory import NOT_MEASURED, GpuMemoryMeter, GpuUsage, Nvml
from sonobench_eval.meter.host_memory import HostMemoryMeter, HostUsage

ENGINE_INTERVAL_S = 0.5
_NO_PID = HostUsage(None, "not measured: it ended before the first sample")


@dataclass(frozen=True, slots=True)
class Usage:
    host: HostUsage
    gpu: GpuUsage


class RunMeter:
    """Call `before_start`, `started` and `stop`, in this order; each is harmless when an earlier one did not happen."""

    def __init__(self, *, gpu_uuid: str | None, engine_reader: Callable[[], HostSample], nvml: Nvml | None = None) -> None:
        self._engine_reader = engine_reader
        self._host: HostMemoryMeter | None = None
        self._gpu: GpuMemoryMeter | None = None
        self._gpu_trouble = NOT_MEASURED
        if gpu_uuid is not None:
            self._prepare_gpu(gpu_uuid, nvml)

    def before_start(self) -> None:
        """Note what the GPU holds before the container starts."""
        if self._gpu is not None:
            self._gpu.start()

    def started(self, container_id: str, pid: int) -> None:
        """The container runs; `pid` is its first process in the host's PID namespace (0 where it has ended already)."""
        if pid <= 0:
            return
        try:
            cgroup = find_cgroup(container_id, pid)
        except (NoCgroup, OSError, ValueError):
            self._host = HostMemoryMeter(self._engine_reader, source="the engine's statistics", interval_s=ENGINE_INTERVAL_S)
        else:
            self._host = HostMemoryMeter(cgroup.sample, source=f"the container's cgroup (version {cgroup.version})")
        self._host.start()

    def stop(self) -> Usage:
        """End every measurement; what was seen until now."""
        host = self._host.stop() if self._host is not None else _NO_PID
        gpu = self._gpu.stop() if self._gpu is not None else self._gpu_trouble
        return Usage(host, gpu)

    def _prepare_gpu(self, uuid: str, nvml: Nvml | None) -> None:
        try:
            module = nvml if nvml is not None else _pynvml()
        except ImportError as error:
            self._gpu_trouble = GpuUsage(None, f"not measured: nvidia-ml-py is not installed ({error})")
            return
        self._gpu = GpuMemoryMeter(uuid, nvml=module, pids=self._pids)

    def _pids(self) -> tuple[int, ...]:
        return tuple(self._host.pids_seen) if self._host is not None else ()


def _pynvml() -> Nvml:
    import pynvml

    return cast(Nvml, pynvml)
