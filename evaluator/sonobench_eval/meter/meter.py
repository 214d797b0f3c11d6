"""The meter of one run: host memory and CPU time from the container's cgroup, GPU memory through NVML.

A meter that fails leaves "not measured" and its reason; it never fails a run. It does not know the engine: where the
cgroup cannot be seen from here (a worker in a container of its own), it samples whatever `engine_reader` reads.
Where the container was put into a `parent` group of ours, that one's counters are read after the container's end.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sonobench_eval.meter.cgroup import HostSample, Looks, NoCgroup, find_cgroup
from sonobench_eval.meter.gpu_device import Nvml, nvidia_ml
from sonobench_eval.meter.gpu_memory import GpuMemoryMeter
from sonobench_eval.meter.gpu_owner import container_owner
from sonobench_eval.meter.gpu_usage import NOT_MEASURED, GpuUsage
from sonobench_eval.meter.host_memory import HostMemoryMeter, HostUsage, with_totals
from sonobench_eval.meter.parent import ParentGroup

ENGINE_INTERVAL_S = 0.5
_NO_PID = HostUsage(None, "not measured: it ended before the first sample")


@dataclass(frozen=True, slots=True)
class Usage:
    host: HostUsage
    gpu: GpuUsage


class RunMeter:
    """Call `before_start`, `started` and `stop`, in this order; each is harmless when an earlier one did not happen."""

    def __init__(
        self,
        *,
        gpu_uuid: str | None,
        engine_reader: Callable[[], HostSample],
        parent: ParentGroup | None = None,
        gpu_exclusive: bool = False,
        nvml: Nvml | None = None,
    ) -> None:
        self._engine_reader = engine_reader
        self._parent = parent
        self._host: HostMemoryMeter | None = None
        self._looks: Looks | None = None
        self._gpu: GpuMemoryMeter | None = None
        self._gpu_trouble = NOT_MEASURED
        if gpu_uuid is not None:
            self._gpu = self._gpu_meter(gpu_uuid, exclusive=gpu_exclusive, nvml=nvml)

    def before_start(self) -> str:
        """Note what the GPU holds before the container starts; returns why it must not start (empty: nothing is against it)."""
        if self._gpu is None:
            return ""
        self._gpu.start()
        return self._gpu.unfit

    def started(self, container_id: str, pid: int) -> None:
        """The container runs; `pid` is its first process in the host's PID namespace (0 where it has ended already)."""
        if self._gpu is not None:
            self._gpu.began()
        if pid <= 0:
            return
        try:
            cgroup = find_cgroup(container_id, pid)
            self._looks = Looks(cgroup)
        except (NoCgroup, OSError, ValueError):
            self._host = HostMemoryMeter(self._engine_reader, source="the engine's statistics", interval_s=ENGINE_INTERVAL_S)
        else:
            self._host = HostMemoryMeter(self._looks.sample, source=f"the container's cgroup (version {cgroup.version})")
            if self._gpu is not None:
                self._gpu.owner = container_owner(container_id)
        self._host.start()

    @property
    def is_hopeless(self) -> bool:
        """Whether the run that goes on cannot count any more, for its GPU's sake: nobody need wait for its end."""
        return self._gpu is not None and self._gpu.is_hopeless

    def stop(self) -> Usage:
        """End every measurement; what was seen until now."""
        host = self._host.stop() if self._host is not None else _NO_PID
        if self._looks is not None:
            self._looks.close()
        host = with_totals(host, self._parent.totals() if self._parent is not None else None)
        gpu = self._gpu.stop() if self._gpu is not None else self._gpu_trouble
        return Usage(host, gpu)

    def _gpu_meter(self, uuid: str, *, exclusive: bool, nvml: Nvml | None) -> GpuMemoryMeter | None:
        try:
            return GpuMemoryMeter(uuid, nvml=nvml if nvml is not None else nvidia_ml(), exclusive=exclusive)
        except ImportError as error:
            self._gpu_trouble = GpuUsage(None, f"not measured: nvidia-ml-py is not installed ({error})")
            return None
