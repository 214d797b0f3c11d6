"""What this machine says of itself: kernel, clock, disks, memory. Reads only; what cannot be read is None."""

from __future__ import annotations

import ctypes
import os
import shutil
import socket
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_METADATA = ("169.254.169.254", 80)
_METADATA_WITHIN_S = 0.3
_CLOCK_UNSYNCHRONISED = 0x40
_CLOCK_ERROR = 5
_TRIED_ATTRIBUTE = "user.sonobench"


@dataclass(frozen=True, slots=True)
class Disk:
    """The disk that holds a folder. `shared_with_system`: it is the disk that `/` is on."""

    role: str
    folder: Path
    free_bytes: int
    total_bytes: int
    shared_with_system: bool
    takes_attributes: bool | None = None
    is_writable: bool | None = None


@dataclass(frozen=True, slots=True)
class HostFacts:
    kernel: str
    boot_id: str
    clock_synchronised: bool | None
    core_pattern: str | None
    bpf_for_everyone: bool | None
    swap_bytes: int | None
    reads_peak_memory: bool | None
    metadata_reachable: bool
    open_files: int | None
    disks: tuple[Disk, ...]


def read_host(*, data_root: str | None, home: Path) -> HostFacts:
    """Facts of the machine this runs on. `data_root`: the engine's folder, None where the engine is elsewhere."""
    bpf = _number("/proc/sys/kernel/unprivileged_bpf_disabled")
    return HostFacts(
        kernel=os.uname().release,
        boot_id=_text("/proc/sys/kernel/random/boot_id") or "",
        clock_synchronised=clock_is_synchronised(),
        core_pattern=_text("/proc/sys/kernel/core_pattern"),
        bpf_for_everyone=None if bpf is None else bpf == 0,
        swap_bytes=_swap_bytes(),
        reads_peak_memory=_reads_peak_memory(),
        metadata_reachable=_answers(_METADATA, _METADATA_WITHIN_S),
        open_files=_open_files(),
        disks=tuple(_disks(data_root, home)),
    )


def clock_is_synchronised() -> bool | None:
    """Whether the kernel believes its clock to be held to a reference, as `adjtimex` tells; None where it does not."""
    state = ctypes.create_string_buffer(512)  # `struct timex` is 208 bytes; asking with modes = 0 changes nothing
    try:
        answer = ctypes.CDLL(None, use_errno=True).adjtimex(state)
    except (OSError, AttributeError):
        return None
    if answer < 0:
        return None
    status = ctypes.c_int.from_buffer(state, 40).value
    return answer != _CLOCK_ERROR and not status & _CLOCK_UNSYNCHRONISED


def _disks(data_root: str | None, home: Path) -> Iterable[Disk]:
    # A worker in a container does not see the engine's folder; what lies at its path there is something else.
    if data_root is not None and Path(data_root).is_dir() and (disk := _disk("the engine's data", Path(data_root))) is not None:
        yield disk
    if (disk := _disk("this node's home", home, tried=True)) is not None:
        yield disk


def _disk(role: str, folder: Path, *, tried: bool = False) -> Disk | None:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    try:
        usage, device, system = shutil.disk_usage(folder), folder.stat().st_dev, Path("/").stat().st_dev
    except OSError:
        return None
    writable, attributes = _try_writing(folder) if tried else (None, None)
    return Disk(role, folder, usage.free, usage.total, device == system, attributes, writable)


def _try_writing(folder: Path) -> tuple[bool, bool | None]:
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".sonobench-doctor-") as file:
            try:
                os.setxattr(file.fileno(), _TRIED_ATTRIBUTE, b"1")
            except OSError:
                return True, False
            return True, True
    except OSError:
        return False, None


def _swap_bytes() -> int | None:
    for line in (_text("/proc/meminfo") or "").splitlines():
        if line.startswith("SwapTotal:"):
            return int(line.split()[1]) * 1024
    return None


def _reads_peak_memory() -> bool | None:
    """Whether the kernel keeps a container's highest memory: always with cgroup version 1, from 5.19 on with version 2."""
    if Path("/sys/fs/cgroup/memory/memory.max_usage_in_bytes").exists():
        return True
    slices = Path("/sys/fs/cgroup")
    if not (slices / "cgroup.controllers").exists():
        return None
    return any(True for _ in slices.glob("*/memory.peak"))


def _answers(address: tuple[str, int], within_s: float) -> bool:
    """Whether something takes a connection there. Nothing is sent."""
    with suppress(OSError), socket.create_connection(address, timeout=within_s):
        return True
    return False


def _open_files() -> int | None:
    import resource

    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if soft == resource.RLIM_INFINITY else soft


def _text(path: str) -> str | None:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return None


def _number(path: str) -> int | None:
    try:
        return int(_text(path) or "")
    except ValueError:
        return None
