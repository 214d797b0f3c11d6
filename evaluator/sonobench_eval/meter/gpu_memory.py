"""Peak memory of a container on one GPU, through NVML.

Three figures, the best one that is to be had:
1. per process: the sum over the container's own processes, sampled; with the driver's accounting figure where it is
   on, which misses nothing: for one process it is exact, for several the sampled sum is kept between the largest of
   their peaks (lower bound) and the sum of their peaks (upper bound);
2. the whole device less what was used before the run (an upper bound), where processes cannot be told apart:
   another PID namespace, or a driver that does not say;
3. not measured.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from sonobench_eval.meter.sampler import Sampler

INTERVAL_S = 0.02


class Nvml(Protocol):
    """The part of the `pynvml` module that is used here."""

    def nvmlInit(self) -> None: ...  # noqa: N802
    def nvmlShutdown(self) -> None: ...  # noqa: N802
    def nvmlDeviceGetHandleByUUID(self, uuid: str) -> Any: ...  # noqa: N802
    def nvmlDeviceGetName(self, handle: Any) -> str | bytes: ...  # noqa: N802
    def nvmlDeviceGetMemoryInfo(self, handle: Any) -> Any: ...  # noqa: N802
    def nvmlDeviceGetComputeRunningProcesses(self, handle: Any) -> list[Any]: ...  # noqa: N802
    def nvmlDeviceGetAccountingMode(self, handle: Any) -> int: ...  # noqa: N802
    def nvmlDeviceGetAccountingStats(self, handle: Any, pid: int) -> Any: ...  # noqa: N802


@dataclass(frozen=True, slots=True)
class GpuUsage:
    """What was seen. None means not measured; `method` says how, or why not."""

    peak_bytes: int | None
    method: str
    name: str | None = None


NOT_MEASURED = GpuUsage(None, "not measured: the run had no GPU")


class GpuMemoryMeter:
    """Measures one GPU from `start` (before the container starts) to `stop`. Nothing here raises.

    `pids` gives the container's processes in the host's PID namespace, as far as they are known.
    """

    def __init__(self, uuid: str, *, nvml: Nvml, pids: Callable[[], Iterable[int]], interval_s: float = INTERVAL_S) -> None:
        self._uuid = uuid
        self._nvml = nvml
        self._pids = pids
        self._sampler = Sampler(self._take, interval_s=interval_s)
        self._handle: Any = None
        self._name: str | None = None
        self._baseline_bytes = 0
        self._peak_device_bytes = 0
        self._peak_processes_bytes = 0
        self._processes_readable = True
        self._pids_on_gpu: set[int] = set()
        self._trouble = ""

    def start(self) -> None:
        """Open the device and note what is used on it before the run."""
        try:
            self._nvml.nvmlInit()
            self._handle = self._nvml.nvmlDeviceGetHandleByUUID(self._uuid)
            self._name = _text(self._nvml.nvmlDeviceGetName(self._handle))
            self._baseline_bytes = int(self._nvml.nvmlDeviceGetMemoryInfo(self._handle).used)
        except Exception as error:  # a missing driver must not end a run
            self._handle = None
            self._trouble = f"{type(error).__name__}: {error}"
            return
        self._sampler.start()

    def stop(self) -> GpuUsage:
        """End the sampling and give the best figure there is."""
        self._sampler.stop()
        if self._handle is None:
            return GpuUsage(None, f"not measured: NVML could not be used ({self._trouble or 'never started'})", self._name)
        try:
            return self._usage()
        finally:
            self._shut_down()

    def _take(self) -> None:
        used = int(self._nvml.nvmlDeviceGetMemoryInfo(self._handle).used)
        self._peak_device_bytes = max(self._peak_device_bytes, used)
        if self._processes_readable:
            self._take_processes()

    def _take_processes(self) -> None:
        ours = set(self._pids())
        try:
            processes = self._nvml.nvmlDeviceGetComputeRunningProcesses(self._handle)
        except Exception:  # some drivers do not tell; the device figure remains
            self._processes_readable = False
            return
        mine = [process for process in processes if process.pid in ours]
        if any(process.usedGpuMemory is None for process in mine):
            self._processes_readable = False
            return
        self._pids_on_gpu.update(process.pid for process in mine)
        self._peak_processes_bytes = max(self._peak_processes_bytes, sum(process.usedGpuMemory for process in mine))

    def _usage(self) -> GpuUsage:
        if self._sampler.samples == 0:
            return GpuUsage(None, f"not measured: NVML gave no sample ({self._sampler.trouble})", self._name)
        spacing = self._sampler.spacing() + (f" until NVML failed ({self._sampler.trouble})" if self._sampler.trouble else "")
        if self._processes_readable and self._pids_on_gpu:
            return self._processes_usage(spacing)
        above = max(0, self._peak_device_bytes - self._baseline_bytes)
        method = f"NVML, whole device less what was used before the run, largest of {spacing}"
        return GpuUsage(above, method, self._name)

    def _processes_usage(self, spacing: str) -> GpuUsage:
        peaks = self._accounted_peaks()
        sampled = self._peak_processes_bytes
        if peaks is None:
            return GpuUsage(sampled, f"NVML, the container's processes, largest of {spacing}", self._name)
        if len(peaks) == 1:
            return GpuUsage(peaks[0], "NVML, the driver's accounting of the container's one process", self._name)
        bounded = min(max(sampled, *peaks), sum(peaks))
        method = f"NVML, {len(peaks)} processes of the container, largest of {spacing}, held within the driver's accounting"
        return GpuUsage(bounded, method, self._name)

    def _accounted_peaks(self) -> list[int] | None:
        """Each process's peak by the driver's accounting; None where it is off or does not know one of them."""
        try:
            if not self._nvml.nvmlDeviceGetAccountingMode(self._handle):
                return None
            stats = [self._nvml.nvmlDeviceGetAccountingStats(self._handle, pid) for pid in sorted(self._pids_on_gpu)]
        except Exception:  # not supported (MIG), not permitted, or a process that is unknown to it
            return None
        peaks = [int(each.maxMemoryUsage) for each in stats]
        return peaks if all(peak > 0 for peak in peaks) else None

    def _shut_down(self) -> None:
        with suppress(Exception):
            self._nvml.nvmlShutdown()


def _text(name: str | bytes) -> str:
    return name.decode() if isinstance(name, bytes) else name
