"""Where a GPU is in its machine: which CPUs are near it, and what the node can say about it."""

from __future__ import annotations

import os
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sonobench_eval.meter.gpu_device import GpuDevice, Nvml, nvidia_ml

PCI_DEVICES = Path("/sys/bus/pci/devices")


@dataclass(frozen=True, slots=True)
class GpuFacts:
    """What a node knows of its GPU.

    `cpus_near` are the CPUs that reach it without crossing to another socket, such as `0-7,16-23`; None where all of them
    do, or neither the driver nor the kernel says. `whole_uuid` is the whole GPU's, which a MIG instance is a part of.
    """

    uuid: str
    whole_uuid: str
    name: str | None
    driver: str | None
    is_mig: bool
    accounting: bool
    cpus_near: str | None


def gpu_facts(
    uuid: str, *, nvml: Nvml | None = None, cpus: int | None = None, pci_devices: Path = PCI_DEVICES
) -> GpuFacts | None:
    """None where NVML cannot be used or has no such device. Never raises. `cpus`: how many this machine has."""
    count = cpus or os.cpu_count() or 1
    try:
        with closing(GpuDevice(uuid, nvml=nvml or nvidia_ml())) as device:
            near = _cpus_by_driver(device, count) or _cpus_by_kernel(device, count, pci_devices)
            return GpuFacts(
                uuid=uuid,
                whole_uuid=device.whole_uuid() or uuid,
                name=device.name,
                driver=device.driver,
                is_mig=device.is_mig,
                accounting=device.keeps_accounts,
                cpus_near=near,
            )
    except Exception:  # a node without a driver has nothing to say
        return None


def cpu_list(cpus: set[int]) -> str:
    """`0-3,8` for {0, 1, 2, 3, 8}, as the kernel and the engine write it."""
    parts: list[list[int]] = []
    for cpu in sorted(cpus):
        if parts and cpu == parts[-1][-1] + 1:
            parts[-1][1:] = [cpu]
        else:
            parts.append([cpu])
    return ",".join("-".join(map(str, part)) for part in parts)


def _cpus_by_driver(device: GpuDevice, count: int) -> str | None:
    mask = device.cpu_mask(count)
    return _some_of(count, {cpu for cpu in range(count) if (mask or 0) >> cpu & 1})


def _cpus_by_kernel(device: GpuDevice, count: int, pci_devices: Path) -> str | None:
    bus_id = device.pci_bus_id()
    if bus_id is None:
        return None
    folder = pci_devices / bus_id.lower()[-len("0000:00:00.0") :]  # NVML writes the domain with eight digits
    try:
        listed = (folder / "local_cpulist").read_text().strip()
        return _some_of(count, _cpus_in(listed))
    except (OSError, ValueError):
        return None


def _cpus_in(listed: str) -> set[int]:
    ends = [[int(number) for number in part.split("-")] for part in listed.split(",") if part]
    return {cpu for part in ends for cpu in range(part[0], part[-1] + 1)}


def _some_of(count: int, cpus: set[int]) -> str | None:
    """The list, where it says anything: some CPUs of this machine, but not all."""
    there = {cpu for cpu in cpus if cpu < count}
    return cpu_list(there) if 0 < len(there) < count else None
