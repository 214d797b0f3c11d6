"""Peak memory of a container on one GPU, through NVML, and what else NVML tells of a run.

Three figures, the best one that is to be had:
1. per process: the sum over the run's processes, sampled; with the driver's accounting where it is already on, which
   misses nothing: for one process it is exact, for several the sampled sum is kept between the largest of their peaks
   (lower bound) and the sum of their peaks (upper bound);
2. the whole device less what was used before the run (an upper bound), where processes cannot be told apart:
   another PID namespace, or a driver that does not say;
3. not measured.

The run's processes are all that were not there before it and are not somebody else's for certain. On a GPU that is the
run's alone (`exclusive`) nobody else's may be there at all, so one that lives for a moment is not lost.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from sonobench_eval.meter import gpu_exclusive as exclusively
from sonobench_eval.meter.curve import Moment
from sonobench_eval.meter.gpu_clocks import HARDWARE_FAULTS
from sonobench_eval.meter.gpu_device import GpuDevice, GpuLost, Nvml
from sonobench_eval.meter.gpu_looks import Before, Looks, note_before
from sonobench_eval.meter.gpu_owner import Owner, nobody_knows
from sonobench_eval.meter.gpu_usage import (
    MIG_LIMIT,
    UNSEEN_LIMIT,
    UNTOLD_LIMIT,
    Accounts,
    GpuUsage,
    combined_peak_bytes,
    device_method,
    processes_limits,
    processes_method,
)
from sonobench_eval.meter.sampler import Sampler

INTERVAL_S = 0.02


@dataclass(frozen=True, slots=True)
class _Opened:
    device: GpuDevice
    before: Before
    looks: Looks


class GpuMemoryMeter:
    """Measures one GPU from `start` (before the container starts) to `stop`. Nothing here raises.

    After `start`, `unfit` says why nothing must be run there (empty: nothing speaks against it). Set `owner` where the
    container's processes can be told from others. `clock` gives seconds that never fall.
    """

    def __init__(
        self,
        uuid: str,
        *,
        nvml: Nvml,
        exclusive: bool = False,
        interval_s: float = INTERVAL_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.unfit = ""
        self.owner: Owner = nobody_knows
        self._uuid = uuid
        self._nvml = nvml
        self._exclusive = exclusive
        self._clock = clock
        self._sampler = Sampler(self._take, interval_s=interval_s, clock=clock)
        self._opened: _Opened | None = None
        self._began_s: float | None = None
        self._trouble = "it was never started"

    def start(self) -> None:
        """Open the device and note what is on it before the run."""
        try:
            self._opened = self._open()
        except Exception as error:  # a missing driver must not end a run that nobody ranks
            self._trouble = _said(error)
            self.unfit = exclusively.why_not_usable(self._uuid, self._trouble) if self._exclusive else ""
            return
        if self._exclusive:
            before = self._opened.before
            self.unfit = exclusively.why_not_empty(self._uuid, before.pids, before.used_bytes)
        self._sampler.start()

    def began(self) -> None:
        """The container runs, and the curve's time with it."""
        self._began_s = self._clock()

    @property
    def is_hopeless(self) -> bool:
        """Whether a run that still goes on cannot count any more, whatever follows; `stop` says why. From any thread."""
        opened, trouble = self._opened, self._sampler.trouble
        if opened is None:
            return False
        looks = opened.looks
        if isinstance(trouble, GpuLost) or not HARDWARE_FAULTS.isdisjoint(looks.faults):
            return True
        return self._exclusive and bool(trouble or looks.strangers or looks.reasons.hardware)

    def stop(self) -> GpuUsage:
        """End the sampling and give the best figure there is. On an exclusive GPU it waits until that is empty again."""
        self._sampler.stop()
        opened, self._opened = self._opened, None
        if opened is None:
            return GpuUsage(None, f"not measured: NVML could not be used ({self._trouble})", uuid=self._uuid, trouble=self.unfit)
        if self._sampler.stuck:  # another call into this driver would not come back either
            lost = "it no longer answers"
            return GpuUsage(None, f"not measured: {lost}", uuid=self._uuid, trouble=exclusively.why_lost(self._uuid, lost))
        try:
            return self._usage(opened)
        except Exception as error:  # whatever goes wrong in a measurement stays in it
            return self._failed(opened, error)
        finally:
            opened.device.close()

    def _open(self) -> _Opened:
        device = GpuDevice(self._uuid, nvml=self._nvml)
        try:
            before = note_before(device, at_s=self._clock())
        except BaseException:
            device.close()
            raise
        return _Opened(device, before, Looks(device, before, owner=self._whose, clock=self._clock))

    def _whose(self, pid: int) -> bool | None:
        return self.owner(pid)

    def _take(self) -> None:
        if self._opened is not None:
            self._opened.looks.take()

    def _usage(self, opened: _Opened) -> GpuUsage:
        looks, lost = opened.looks, self._sampler.trouble if isinstance(self._sampler.trouble, GpuLost) else None
        try:
            energy_j = None if lost else _energy_j(opened)
            accounts = None if lost else self._accounts(opened)
            trouble = exclusively.why_lost(self._uuid, str(lost)) if lost else self._why_not_counted(opened)
        except GpuLost as error:
            energy_j, accounts, trouble = None, None, exclusively.why_lost(self._uuid, str(error))
        usage = self._with_memory(opened, accounts)
        return replace(
            usage,
            name=opened.device.name,
            uuid=self._uuid,
            driver=opened.device.driver,
            baseline_bytes=opened.before.used_bytes,
            samples=self._sampler.samples,
            sampling_gap_s=self._sampler.largest_gap_s if self._sampler.samples > 1 else None,
            mean_utilisation_percent=looks.utilisation.mean,
            energy_j=energy_j,
            peak_power_w=None if looks.power.high is None else looks.power.high / 1000,
            sm_clock_mhz_low=looks.sm_clock.low,
            sm_clock_mhz_high=looks.sm_clock.high,
            throttled=looks.reasons.words,
            limits=(*usage.limits, *_device_limits(opened)),
            curve=self._curve(opened),
            trouble=trouble,
        )

    def _with_memory(self, opened: _Opened, accounts: Accounts | None) -> GpuUsage:
        looks = opened.looks
        if not looks.taken:
            return GpuUsage(None, f"not measured: NVML gave no sample ({self._sampler.trouble})")
        spacing = self._sampler.spacing() + (f" until NVML failed ({self._sampler.trouble})" if self._sampler.trouble else "")
        # A process on a GPU holds at least its context: a driver that says 0 of all of them does not tell.
        if looks.memory_told and (looks.by_process.peak_bytes if looks.ours else accounts):
            return GpuUsage(
                combined_peak_bytes(looks.by_process.peak_bytes, accounts),
                processes_method(accounts, spacing=spacing),
                processes=max(len(looks.ours), len(accounts.peaks_bytes) if accounts else 0),
                accounting=accounts is not None,
                memory_area_byte_s=looks.by_process.area_byte_s,
                limits=tuple(processes_limits(accounts, unlisted=looks.unlisted, looks=looks.taken)),
            )
        return _of_device(opened, accounts, spacing=spacing)

    def _accounts(self, opened: _Opened) -> Accounts | None:
        """The driver's peaks of the run's processes; None where its accounting is off or does not tell them.

        It forgets the oldest first, so it still knows all of a run that had fewer processes than it keeps.
        """
        known = opened.device.accounted()
        if known is None:
            return None
        looks, fresh = opened.looks, {key: peak for key, peak in known.items() if key not in opened.before.accounts}
        wanted = {key: peak for key, peak in fresh.items() if key.pid not in looks.strangers}
        if not self._exclusive:  # here a process that was never seen may be anybody's
            wanted = {key: peak for key, peak in wanted.items() if key.pid in looks.ours}
        peaks = tuple(peak for peak in wanted.values() if peak)
        if not peaks:
            return None
        kept = opened.device.accounts_kept()
        told_of = {key.pid for key, peak in wanted.items() if peak}
        complete = looks.ours <= told_of and (kept is None or len(fresh) < kept)
        return Accounts(peaks, complete)

    def _why_not_counted(self, opened: _Opened) -> str:
        looks = opened.looks
        faults = {*looks.faults, *opened.device.new_faults()} & HARDWARE_FAULTS
        why = exclusively.why_faulty(self._uuid, faults)
        if why or not self._exclusive:
            return why
        trouble = self._sampler.trouble
        return (
            self.unfit
            or (exclusively.why_unwatched(self._uuid, _said(trouble)) if trouble else "")
            or exclusively.why_not_alone(self._uuid, looks.strangers)
            or exclusively.why_slowed(self._uuid, looks.reasons.hardware)
            or exclusively.why_not_empty_again(opened.device, opened.before)
        )

    def _curve(self, opened: _Opened) -> tuple[Moment, ...]:
        """Points from the container's start on; what was seen before it belongs to nobody."""
        offset_s = 0.0 if self._began_s is None else self._began_s - opened.before.at_s
        points = opened.looks.curve.points()
        return tuple(replace(point, t_s=point.t_s - offset_s) for point in points if point.t_s >= offset_s)

    def _failed(self, opened: _Opened, error: Exception) -> GpuUsage:
        device, trouble = opened.device, exclusively.why_unwatched(self._uuid, _said(error)) if self._exclusive else ""
        method = f"not measured: NVML failed ({_said(error)})"
        return GpuUsage(None, method, device.name, uuid=self._uuid, driver=device.driver, trouble=trouble)


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _of_device(opened: _Opened, accounts: Accounts | None, *, spacing: str) -> GpuUsage:
    """The last resort: what the whole device held above its baseline."""
    looks = opened.looks
    if opened.before.used_bytes is None:
        return GpuUsage(None, "not measured: this driver tells neither the memory of processes nor that of the device")
    return GpuUsage(
        looks.by_device.peak_bytes,
        device_method(spacing=spacing),
        processes=len(looks.ours) or None,
        accounting=accounts is not None,
        memory_area_byte_s=looks.by_device.area_byte_s,
        limits=(UNTOLD_LIMIT if looks.ours else UNSEEN_LIMIT,),
    )


def _energy_j(opened: _Opened) -> float | None:
    before_mj, after_mj = opened.before.energy_mj, opened.device.energy_mj()
    # The counter starts anew with the driver.
    return None if before_mj is None or after_mj is None or after_mj < before_mj else (after_mj - before_mj) / 1000


def _device_limits(opened: _Opened) -> tuple[str, ...]:
    faults = sorted({fault for fault in opened.looks.faults if fault not in HARDWARE_FAULTS})
    told = (f"The driver reported errors that a program can make by itself (Xid {', '.join(map(str, faults))}).",)
    return (*((MIG_LIMIT,) if opened.device.is_mig else ()), *(told if faults else ()))
