"""What the engine and the machine say of themselves, weighed. Pure: facts in, checks out, each with its cure."""

from __future__ import annotations

from collections.abc import Iterator

from sonobench_eval.doctor.engine_facts import EngineFacts
from sonobench_eval.doctor.holes import CONTAINERD, ENGINE, RUNC, Hole, is_distributions_own, known_holes
from sonobench_eval.doctor.host import Disk, HostFacts
from sonobench_eval.doctor.report import Check, Verdict
from sonobench_eval.sandbox.gpu_toolkit import ToolkitVersion
from sonobench_eval.sandbox.gpu_toolkit import known_holes as toolkit_holes

GIB = 2**30
_LITTLE_ROOM_BYTES, _NO_ROOM_BYTES = 20 * GIB, 2 * GIB
_GOOD_STORAGE = {"overlay2", "overlayfs", "btrfs", "zfs"}
_NAMES_SHOWN = 4


def engine_checks(engine: EngineFacts, host: HostFacts, *, runtime: str | None) -> Iterator[Check]:
    """The engine and what it runs containers with."""
    yield _version("Engine", f"Docker Engine {engine.version}, API {engine.api_version}", engine.version, ENGINE, "docker.io")
    yield _version("containerd", engine.containerd or "unknown", engine.containerd, CONTAINERD, "containerd")
    chosen = runtime or engine.default_runtime
    if chosen in {"runc", ""} or chosen.startswith("io.containerd.runc"):
        yield _version("runc", engine.runc or "unknown", engine.runc, RUNC, "runc")
    yield _runtime(engine, chosen)
    yield _socket(engine)
    yield _storage(engine)
    yield _seccomp(engine)
    yield _users(engine)
    yield _cgroups(engine)
    yield _swap(engine, host)
    yield _live_restore(engine)


def host_checks(host: HostFacts) -> Iterator[Check]:
    """The machine."""
    yield _kernel(host)
    yield _clock(host)
    for disk in host.disks:
        yield from _disk(disk)
    yield _core_dumps(host)
    yield _metadata(host)
    yield _peak_memory(host)
    yield _open_files(host)


def gpu_checks(version: ToolkitVersion | None, *, gpu_uuid: str | None) -> Iterator[Check]:
    """The toolkit that hands GPUs to containers; nothing where there is neither toolkit nor GPU."""
    if version is None and gpu_uuid is None:
        yield Check("GPU toolkit", "ok", "none on this machine, and no GPU is handed out")
    elif version is None:
        yield Check(
            "GPU toolkit",
            "unknown",
            "nvidia-ctk is not on the PATH, so its version is not known",
            "Install the NVIDIA Container Toolkit, or run this where it is.",
        )
    elif holes := toolkit_holes(version):
        named = "; ".join(holes)
        # Its hooks run as root on the host with the stranger's image in hand. Without a GPU they are not run.
        verdict: Verdict = "warn" if gpu_uuid is None else "bad"
        yield Check("GPU toolkit", verdict, f"{version}: {named}", "Update the NVIDIA Container Toolkit to its newest release.")
    else:
        yield Check("GPU toolkit", "ok", f"NVIDIA Container Toolkit {version}, nothing known against it")


def _version(name: str, shown: str, version: str, holes: tuple[Hole, ...], package: str) -> Check:
    known = known_holes(holes, version)
    if not version:
        return Check(name, "unknown", "its version is not known", f"Ask `docker version`, and see that {package} is recent.")
    if not known:
        return Check(name, "ok", f"{shown}, nothing known against it")
    names = ", ".join(hole.name for hole in known[-_NAMES_SHOWN:])
    if is_distributions_own(version):
        return Check(
            name,
            "warn",
            f"{shown}; by its number {names}, unless the distribution mended them",
            f"Look them up: `apt-get changelog {package}`. Update where they are not named there.",
        )
    worst = next((hole for hole in known if hole.is_escape), None)
    if worst is not None:
        return Check(name, "bad", f"{shown}: {worst.name}, {worst.what}", f"Update {package}; it was mended in {worst.cure}.")
    return Check(name, "warn", f"{shown}: {names}", f"Update {package}; the last was mended in {known[-1].cure}.")


def _runtime(engine: EngineFacts, chosen: str) -> Check:
    if chosen not in engine.runtimes and not chosen.startswith("io.containerd."):
        return Check(
            "Runtime",
            "bad",
            f"the engine knows no runtime {chosen!r}, only {', '.join(engine.runtimes)}",
            "Add it to `runtimes` in /etc/docker/daemon.json and restart the engine, or name another.",
        )
    others = [name for name in engine.runtimes if name != chosen and not name.startswith("io.containerd.")]
    return Check("Runtime", "ok", chosen + (f" (also there: {', '.join(others)})" if others else ""))


def _socket(engine: EngineFacts) -> Check:
    if engine.is_local:
        return Check("Engine's address", "ok", engine.address)
    if engine.address.startswith("ssh://"):
        return Check("Engine's address", "warn", f"{engine.address}: another machine", "Run the worker beside its engine.")
    return Check(
        "Engine's address",
        "warn",
        f"{engine.address}: whoever reaches it owns the machine",
        "Let the engine listen on its Unix socket alone, or behind TLS with client certificates.",
    )


def _storage(engine: EngineFacts) -> Check:
    if engine.storage_driver in _GOOD_STORAGE:
        return Check("Storage driver", "ok", engine.storage_driver)
    return Check(
        "Storage driver",
        "warn",
        f"{engine.storage_driver}: slow, and each container costs a whole copy of its image",
        "Keep the engine's data on ext4 or xfs, and use overlay2.",
    )


def _seccomp(engine: EngineFacts) -> Check:
    if any("name=seccomp" in option and "unconfined" not in option for option in engine.security):
        return Check("System call filter", "ok", "the engine supports seccomp")
    return Check(
        "System call filter",
        "bad",
        "the engine filters no system calls: the whole kernel is open to containers",
        "Use a kernel with CONFIG_SECCOMP_FILTER and an engine built with seccomp, and no `seccomp-profile: unconfined`.",
    )


def _users(engine: EngineFacts) -> Check:
    if any("name=rootless" in option for option in engine.security):
        return Check("Users", "ok", "the engine runs without root")
    if any("name=userns" in option for option in engine.security):
        return Check("Users", "ok", "users of containers are nobody on the host (userns-remap)")
    return Check("Users", "ok", "containers run as user 10001; userns-remap is not on, and would be a second wall")


def _cgroups(engine: EngineFacts) -> Check:
    shown = f"version {engine.cgroup_version}, driver {engine.cgroup_driver}"
    missing = [
        name
        for name, there in (
            ("memory", engine.has_memory_limit),
            ("CPU quota", engine.has_cpu_quota),
            ("processes", engine.has_pids_limit),
        )
        if not there
    ]
    if engine.cgroup_driver == "none" or missing:
        return Check(
            "Control groups",
            "bad",
            f"{shown}: no limit on {' and '.join(missing) or 'anything'}",
            "Turn the controllers on; for a rootless engine use cgroup version 2 with systemd and delegate them to its user.",
        )
    return Check("Control groups", "ok", shown)


def _swap(engine: EngineFacts, host: HostFacts) -> Check:
    if engine.has_swap_limit:
        return Check("Swap", "ok", "counted against the memory limit" if host.swap_bytes else "none, and it would be counted")
    if host.swap_bytes == 0:
        return Check("Swap", "ok", "none; the kernel does not count it")
    return Check(
        "Swap",
        "bad",
        "not counted: a container over its memory limit goes on in swap",
        "Turn swap off (`swapoff -a` and /etc/fstab), or start the kernel with `swapaccount=1`.",
    )


def _live_restore(engine: EngineFacts) -> Check:
    if not engine.live_restore:
        return Check("Live restore", "ok", "off: containers end with the engine")
    return Check("Live restore", "ok", "on: containers outlive the engine; those of dead runs are swept")


def _kernel(host: HostFacts) -> Check:
    if host.bpf_for_everyone:
        return Check(
            "Kernel",
            "warn",
            f"{host.kernel}; every user of the host may load BPF programs",
            "Set kernel.unprivileged_bpf_disabled = 2 in /etc/sysctl.d/.",
        )
    return Check("Kernel", "ok", host.kernel)


def _clock(host: HostFacts) -> Check:
    if host.clock_synchronised:
        return Check("Clock", "ok", "held to a reference")
    if host.clock_synchronised is None:
        return Check("Clock", "unknown", "the kernel does not say whether it is held to a reference")
    return Check(
        "Clock",
        "warn",
        "not held to a reference; where it jumps during a run, that run's time cannot be believed, and is marked",
        "Run a time service, such as chrony or systemd-timesyncd.",
    )


def _disk(disk: Disk) -> Iterator[Check]:
    name = f"Disk of {disk.role}"
    free = f"{disk.free_bytes / 1e9:,.0f} GB free of {disk.total_bytes / 1e9:,.0f} GB at {disk.folder}"
    if disk.is_writable is False:
        yield Check(name, "warn", f"{disk.folder} cannot be written", "Give the worker's user that folder.")
    elif disk.free_bytes < _NO_ROOM_BYTES:
        cure = "Free some space; `docker system df` shows what uses it."
        yield Check(name, "warn", f"{free}: too little to load an image", cure)
    elif disk.free_bytes < _LITTLE_ROOM_BYTES:
        yield Check(name, "warn", free, "Free some space; images of 10 GB and more are common.")
    elif disk.takes_attributes is None and disk.shared_with_system:
        cure = "Give the engine's data a disk of its own, so that images cannot fill the system's."
        yield Check(name, "warn", f"{free}, shared with the system", cure)
    else:
        yield Check(name, "ok", free)
    if disk.takes_attributes is False and disk.is_writable:
        yield Check(f"Attributes on the disk of {disk.role}", "ok", "extended attributes are not kept; nothing here needs them")


def _core_dumps(host: HostFacts) -> Check:
    pattern = host.core_pattern or ""
    if not pattern.startswith("|"):
        return Check("Core dumps", "ok", "kept in files, which containers may not write")
    return Check(
        "Core dumps",
        "warn",
        f"handed to {pattern[1:].split(' ')[0]} on the host whatever the limit: a crash leaves a copy of the inputs there",
        "Set kernel.core_pattern = core, or have that program keep nothing (systemd: Storage=none in coredump.conf).",
    )


def _metadata(host: HostFacts) -> Check:
    if not host.metadata_reachable:
        return Check("Cloud metadata", "ok", "no metadata service answers")
    return Check(
        "Cloud metadata",
        "warn",
        "a metadata service answers this machine; containers have no network to ask it with",
        "Give the machine no role, or block 169.254.169.254 for everyone but root.",
    )


def _peak_memory(host: HostFacts) -> Check:
    if host.reads_peak_memory:
        return Check("Peak memory", "ok", "the kernel keeps it for each container")
    if host.reads_peak_memory is None:
        return Check("Peak memory", "unknown", "control groups cannot be read from here; memory is asked of the engine")
    return Check("Peak memory", "warn", "sampled: the kernel keeps none", "Linux 5.19 and newer keep it (memory.peak).")


def _open_files(host: HostFacts) -> Check:
    if host.open_files is None or host.open_files >= 1024:
        return Check("Open files", "ok", f"{'no limit' if host.open_files is None else f'{host.open_files:,}'} for this process")
    return Check("Open files", "warn", f"only {host.open_files} for this process", "Raise LimitNOFILE of the worker's service.")
