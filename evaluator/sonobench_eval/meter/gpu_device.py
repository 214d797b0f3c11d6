"""One GPU, or one MIG instance of one, as NVML shows it: every reading is a value, "not told", or the end of the device.

Drivers differ in what they tell. What this one does not support is asked once and is None from then on; what fails by
chance is None this time. A device that is gone raises `GpuLost` wherever it is noticed.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any

Nvml = Any
"""The `pynvml` module of nvidia-ml-py, or what plays it in tests."""

# nvml.h, nvmlReturn_t
_INVALID_ARGUMENT, _NOT_SUPPORTED, _NO_PERMISSION, _INSUFFICIENT_SIZE = 2, 3, 4, 7
_FUNCTION_NOT_FOUND, _VERSION_MISMATCH, _DEPRECATED = 13, 25, 26
_GPU_IS_LOST, _RESET_REQUIRED, _GPU_NOT_FOUND = 15, 16, 28
_NEVER_TOLD = {_INVALID_ARGUMENT, _NOT_SUPPORTED, _NO_PERMISSION, _FUNCTION_NOT_FOUND, _VERSION_MISMATCH, _DEPRECATED}
_LOST = {_GPU_IS_LOST, _RESET_REQUIRED, _GPU_NOT_FOUND}

_NO_PROCESS = {0, 2**32 - 1}
_CLOCK_SM = 1
_MEMORY_V1: tuple[int, ...] = ()
_MEMORY_V2: tuple[int, ...] = (0x02000028,)
_XID_EVENT = 8
_MOST_FAULTS_AT_ONCE = 64


def nvidia_ml() -> Nvml:
    """The real `pynvml`.

    Raises:
        ImportError: nvidia-ml-py is not installed.
    """
    import pynvml

    return pynvml


class GpuLost(Exception):
    """The device has fallen off the bus, needs a reset, or fails in a way its driver cannot name."""


@dataclass(frozen=True, slots=True)
class Accounted:
    """A process in the driver's accounting: its id is used again in time, so its start (microseconds) is part of it."""

    pid: int
    start_us: int


class GpuDevice:
    """Opens `uuid` (`GPU-...` or `MIG-...`). Use it from one thread at a time, and `close` it.

    Raises:
        Exception: NVML cannot be used, or has no such device.
    """

    def __init__(self, uuid: str, *, nvml: Nvml) -> None:
        self.uuid = uuid
        self._nvml = nvml
        self._never_told: set[object] = set()
        self._faults: Any = None
        nvml.nvmlInit()
        try:
            self._handle = nvml.nvmlDeviceGetHandleByUUID(uuid)
            self.is_mig = bool(getattr(self._ask("nvmlDeviceIsMigDeviceHandle"), "value", 0))
            self._whole = self._ask("nvmlDeviceGetDeviceHandleFromMigDeviceHandle") if self.is_mig else self._handle
            self.name = _text(self._ask("nvmlDeviceGetName"))
            self.driver = _text(self._tell("nvmlSystemGetDriverVersion"))
            self._faults = self._listen_for_faults()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of NVML. The object is of no use afterwards."""
        with contextlib.suppress(Exception):
            if self._faults is not None:
                self._nvml.nvmlEventSetFree(self._faults)
        with contextlib.suppress(Exception):
            self._nvml.nvmlShutdown()

    def memory_used_bytes(self) -> int | None:
        """Memory in use on the device, by whomever; without the driver's own reserve where the driver tells them apart.

        None: this device has no memory of its own, and does not tell.

        Raises:
            GpuLost: it cannot be read any more.
        """
        for version in (_MEMORY_V2, _MEMORY_V1):
            if version in self._never_told:
                continue
            try:
                return int(self._nvml.nvmlDeviceGetMemoryInfo(self._handle, *version).used)
            except Exception as error:
                if _code(error) not in _NEVER_TOLD:
                    raise GpuLost(_said(error)) from error
                self._never_told.add(version)
        return None

    def processes(self) -> dict[int, int | None] | None:
        """Each process that computes or draws on the device, and its bytes (None: not told). None: they cannot be listed.

        A process that does both stands on both lists with the same memory, and counts once.
        """
        computing = self._listed("nvmlDeviceGetComputeRunningProcesses")
        if computing is None:
            return None
        found: dict[int, int | None] = {}
        for process in (*computing, *(self._listed("nvmlDeviceGetGraphicsRunningProcesses") or ())):
            told = [each for each in (found.get(process.pid), process.usedGpuMemory) if each is not None]
            found[int(process.pid)] = max(told) if told else None
        return found

    @property
    def keeps_accounts(self) -> bool:
        """Whether the driver's accounting is on. It is used where it is, and never turned on from here."""
        return bool(self._ask("nvmlDeviceGetAccountingMode"))

    def accounted(self) -> dict[Accounted, int | None] | None:
        """Every process the accounting knows, ended ones included, and its peak in bytes (None: not told). None: it is off."""
        pids = self._ask("nvmlDeviceGetAccountingPids") if self.keeps_accounts else None
        if pids is None:
            return None
        found: dict[Accounted, int | None] = {}
        for pid in pids:
            stats = self._ask("nvmlDeviceGetAccountingStats", pid)
            if stats is not None:
                peak = stats.maxMemoryUsage
                found[Accounted(int(pid), int(stats.startTime))] = None if peak is None else int(peak)
        return found

    def accounts_kept(self) -> int | None:
        """How many processes the accounting remembers before it forgets the oldest."""
        return _whole(self._ask("nvmlDeviceGetAccountingBufferSize"))

    def utilisation_percent(self) -> int | None:
        """Share of the driver's last sample period (1/6 s to 1 s) in which something ran."""
        rates = self._ask("nvmlDeviceGetUtilizationRates")
        return None if rates is None else int(rates.gpu)

    def energy_mj(self) -> int | None:
        """Millijoules the whole device took since its driver was loaded. None for MIG: neighbours' are in it."""
        return None if self.is_mig else _whole(self._ask("nvmlDeviceGetTotalEnergyConsumption"))

    def power_mw(self) -> int | None:
        return None if self.is_mig else _whole(self._ask("nvmlDeviceGetPowerUsage"))

    def sm_clock_mhz(self) -> int | None:
        return _whole(self._ask("nvmlDeviceGetClockInfo", _CLOCK_SM, of_whole=True))

    def clock_reasons(self) -> int | None:
        """Bits of why the clocks are what they are; newer drivers have another name for the same call."""
        reasons = self._ask("nvmlDeviceGetCurrentClocksEventReasons", of_whole=True)
        return _whole(reasons if reasons is not None else self._ask("nvmlDeviceGetCurrentClocksThrottleReasons", of_whole=True))

    def cpu_mask(self, cpus: int) -> int | None:
        """The CPUs near the device, one bit each, of a machine with `cpus` of them."""
        words = self._ask("nvmlDeviceGetCpuAffinity", -(-cpus // 64), of_whole=True)
        return None if words is None else sum(int(word) << (64 * n) for n, word in enumerate(words))

    def whole_uuid(self) -> str | None:
        """The UUID of the whole device, which a MIG instance is a part of."""
        return _text(self._ask("nvmlDeviceGetUUID", of_whole=True))

    def pci_bus_id(self) -> str | None:
        """Such as `00000000:65:00.0`."""
        info = self._ask("nvmlDeviceGetPciInfo", of_whole=True)
        return None if info is None else _text(info.busId)

    def new_faults(self) -> list[int]:
        """Numbers of the errors ("Xid") that the driver reported on the device since the last call."""
        found: list[int] = []
        while self._faults is not None and len(found) < _MOST_FAULTS_AT_ONCE:
            event = self._tell("nvmlEventSetWait_v2", self._faults, 0)  # what has not happened is its time-out
            if event is None:
                break
            found.append(int(event.eventData))
        return found

    def _listen_for_faults(self) -> Any:
        events = self._tell("nvmlEventSetCreate")
        if events is None:
            return None
        try:
            self._nvml.nvmlDeviceRegisterEvents(self._whole, _XID_EVENT, events)
        except Exception:
            self._tell("nvmlEventSetFree", events)
            return None
        return events

    def _listed(self, name: str) -> Any:
        """A list of processes; drivers before 510 know only its second form. None: not told.

        Forms are named, as a call without one ends in an error of nvidia-ml-py's own where the newest is missing. The first
        drivers of 535 have longer entries in the third form than its header says; read as the header has them, every second
        one is of a process that cannot be. Source: nvitop, pull request 79.
        """
        newest = f"{name}_v3"
        listed = self._ask(newest)
        if listed is not None and any(process.pid in _NO_PROCESS for process in listed):
            self._never_told.add(newest)
            listed = None
        return listed if listed is not None or newest not in self._never_told else self._ask(f"{name}_v2")

    def _ask(self, name: str, *more: object, of_whole: bool = False) -> Any:
        handle = self._whole if of_whole else self._handle
        return None if handle is None else self._tell(name, handle, *more)

    def _tell(self, name: str, *arguments: object) -> Any:
        """What NVML answers; None where it does not."""
        for _ in range(2):  # a list that grew between the two calls behind one of these is too long for its room
            if name in self._never_told:
                return None
            try:
                return getattr(self._nvml, name)(*arguments)
            except Exception as error:
                code = _code(error)
                if code in _LOST:
                    raise GpuLost(_said(error)) from error
                if code in _NEVER_TOLD:
                    self._never_told.add(name)
                if code != _INSUFFICIENT_SIZE:
                    return None
        return None


def _code(error: Exception) -> int | None:
    """The number of an error of NVML; a function that nvidia-ml-py itself does not know counts as one of the driver's."""
    return getattr(error, "value", _FUNCTION_NOT_FOUND if isinstance(error, AttributeError) else None)


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)


def _text(value: str | bytes | None) -> str | None:
    return value.decode() if isinstance(value, bytes) else value


def _said(error: BaseException) -> str:
    return str(error) or type(error).__name__
