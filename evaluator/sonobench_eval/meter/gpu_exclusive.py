"""A GPU for one run alone: is it empty before, did nobody else come, is it empty again. Troubles are the platform's."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection

from sonobench_eval.meter.gpu_device import GpuDevice
from sonobench_eval.meter.gpu_looks import Before

EMPTY_WITHIN_S = 5.0
"""A driver takes a moment to give back what a killed process held."""
TOLERANCE_BYTES = 128 * 2**20
"""What a driver may keep for itself after the first program on a device has ended."""
IDLE_BYTES = 2**30
"""What an idle device may hold. Older drivers count their own reserve, some hundred MiB; a program takes more."""
_LOOK_EVERY_S = 0.1


def why_not_empty(uuid: str, pids: Collection[int], used_bytes: int | None) -> str:
    """Why a run must not start on a device that these processes use, or that somebody uses who is not to be seen from
    here: in another PID namespace, or ended without giving its memory back. Empty where nothing speaks against it."""
    if pids:
        return f"GPU {uuid} is not free: {_named(pids)} on it. End them, or give the run worker another GPU."
    if used_bytes is None or used_bytes <= IDLE_BYTES:
        return ""
    return (
        f"GPU {uuid} is not free: {used_bytes // 2**20} MiB of it are in use, by no process that is to be seen from here. "
        "Run `nvidia-smi` on the host; where it shows none either, the GPU needs a reset."
    )


def why_not_usable(uuid: str, trouble: str) -> str:
    return f"GPU {uuid} cannot be watched through NVML ({trouble}), so nobody knows whether it is free. Look at its driver."


def why_lost(uuid: str, trouble: str) -> str:
    return f"GPU {uuid} was lost during the run ({trouble}). Look at the kernel's log; it may need a reset."


def why_unwatched(uuid: str, trouble: str) -> str:
    return f"GPU {uuid} could not be watched to the run's end ({trouble}), so its figures do not count. Look at its driver."


def why_faulty(uuid: str, faults: Collection[int]) -> str:
    """Why a run does not count whose device had these hardware faults; empty where it had none."""
    if not faults:
        return ""
    numbers = ", ".join(map(str, sorted(set(faults))))
    return f"The driver reported a fault of GPU {uuid} during the run (Xid {numbers}). Look at the kernel's log."


def why_not_alone(uuid: str, pids: Collection[int]) -> str:
    """Why a run does not count beside these processes of others; empty where it was alone."""
    if not pids:
        return ""
    return f"The run was not alone on GPU {uuid}: {_named(pids)} on it, not of its container. Its figures do not count."


def why_slowed(uuid: str, reason: str) -> str:
    """Why a run does not count that the hardware slowed down for `reason`; empty where it did not."""
    if not reason:
        return ""
    return f"GPU {uuid} slowed itself down during the run ({reason}), so its time does not count. Look at cooling and power."


def why_not_empty_again(
    device: GpuDevice,
    before: Before,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> str:
    """Why the device is not as it was before a run that has ended, after a few seconds of patience; empty where it is.

    Raises:
        GpuLost: the device is gone.
    """
    until_s = clock() + EMPTY_WITHIN_S
    while (why := _left(device, before)) and clock() < until_s:
        sleep(_LOOK_EVERY_S)
    return why


def _left(device: GpuDevice, before: Before) -> str:
    pids = (device.processes() or {}).keys() - before.pids
    if pids:
        return f"GPU {device.uuid} is not free after the run: {_named(pids)} still on it."
    used_bytes = device.memory_used_bytes()
    if used_bytes is None or before.used_bytes is None or used_bytes <= before.used_bytes + TOLERANCE_BYTES:
        return ""
    kept = (used_bytes - before.used_bytes) // 2**20
    return f"GPU {device.uuid} still holds {kept} MiB more than before the run, {EMPTY_WITHIN_S:g} s after its end."


def _named(pids: Collection[int]) -> str:
    numbers = ", ".join(map(str, sorted(pids)))
    return f"process {numbers} is" if len(pids) == 1 else f"processes {numbers} are"
