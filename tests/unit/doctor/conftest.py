"""Traces as real examinations left them (engine 20.10, with runc and with gVisor), and facts of a good node."""

from __future__ import annotations

import errno
import struct
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sonobench_eval.doctor.attempts import attempts
from sonobench_eval.doctor.engine_facts import EngineFacts
from sonobench_eval.doctor.host import Disk, HostFacts
from sonobench_eval.doctor.isolation import Outside
from sonobench_eval.doctor.report import Check
from sonobench_eval.doctor.trial import Trace
from sonobench_eval.sandbox.port import Measurement, RunOutcome

KERNEL, BOOT = "6.1.0-28-amd64", "bc4e9011-2336-4ce3-933f-9b842bf06c65"
NAMESPACES = {kind: f"{kind}:[402653{number}]" for number, kind in enumerate(("pid", "net", "ipc", "mnt", "uts"), start=1800)}

SAID_BY_RUNC = {
    "user": "10001",
    "groups": "10001",
    **{f"status.Cap{name}": "0" * 16 for name in ("Inh", "Prm", "Eff", "Bnd", "Amb")},
    "status.NoNewPrivs": "1",
    "status.Seccomp": "2",
    "kernel": KERNEL,
    "boot": BOOT,
    **{f"namespace.{kind}": f"{kind}:[4026532470]" for kind in NAMESPACES},
    "processes": "docker-init sh",
    "handed.files": "/dev/null /dev/null",
    "interfaces": "lo",
    **dict.fromkeys(("written.root", "written.input", "written.proc", "written.sys", "made.cgroup", "read.kernel"), ""),
    "devices": "/dev/urandom /dev/zero /dev/tty /dev/full /dev/random /dev/null",
    "sockets": "",
    "runtime.sockets": "",
    "device.node": "refused",
    "host.file": "",
    "core.files": "",
    "core.limit": "0",
    "flood.tmp": "2097152",
    "flood.shm": "2097152",
    "flood.output": "4194304",
    "flood.files": "1086",
    "flood.processes": "59",
    "done": "yes",
}
SAID_BY_GVISOR = {
    **SAID_BY_RUNC,
    "status.CapAmb": "",
    "status.NoNewPrivs": "",
    "status.Seccomp": "0",
    "kernel": "4.4.0",
    "boot": "",
    **dict.fromkeys(("namespace.ipc", "namespace.mnt", "namespace.uts"), ""),
    "devices": "/dev/random /dev/null /dev/net/tun /dev/fuse",
    "device.node": "made",
    "flood.processes": "160",
}
HUNGRY = {
    "cpu.wall": "13142.93 13144.99",
    "cpu.times": "0m0.500s 0m0.010s",
    "cpu.throttled": "20",
    "cpu.quota": "25000",
    "memory.had": "no",
    "done": "yes",
}
_MADE_BY_GVISOR = {"user_namespace": 0, "mount_namespace": 0, "chroot": 0, "log": 64, "io_uring": -errno.EFAULT}


def report(*results: int, tries: int = 1) -> bytes:
    """What a program of system calls left in its file."""
    return b"".join(struct.pack("<qQ", result, tries) for result in results)


def answered(changes: dict[str, int] | None = None) -> bytes:
    """Every attempt refused, but for those named."""
    given = changes or {}
    results: list[int] = []
    for attempt in attempts("x"):
        refusal = -min(attempt.refusals)
        results += [3] * (len(attempt.calls) - 1) + [given.get(attempt.name, refusal)]
    return report(*results)


def ended(**changes: object) -> RunOutcome:
    moment = datetime(2026, 1, 2, tzinfo=UTC)
    outcome = RunOutcome(
        exit_code=0,
        oom_killed=False,
        timed_out=False,
        cancelled=False,
        output_full=False,
        output_too_many_files=False,
        log_truncated=False,
        started_at=moment,
        finished_at=moment,
        measurement=Measurement(wall_time_s=3.02),
        results=None,
    )
    return replace(outcome, **changes)


def isolation(
    said: dict[str, str],
    *,
    calls: dict[str, int] | None = None,
    clone: Iterable[int] = (-1,),
    identity: Iterable[int] = (-1, 10001),
) -> Trace:
    printed = {
        "attempts.bin": answered(calls),
        "clone.bin": report(*clone),
        "identity.bin": report(*identity),
        "many.bin": report(-errno.EMFILE, tries=125),
    }
    return Trace(ended(), said, printed)


@pytest.fixture
def outside() -> Outside:
    return Outside(kernel=KERNEL, boot_id=BOOT, namespaces=NAMESPACES)


@pytest.fixture
def by_runc() -> Callable[..., Trace]:
    """The isolation trial under runc, with any line said differently, and any call answered so."""

    def make(
        *, calls: dict[str, int] | None = None, clone: Iterable[int] = (-1,), identity: Iterable[int] = (-1, 10001), **said: str
    ):
        changed = {name.replace("__", "."): value for name, value in said.items()}
        return isolation({**SAID_BY_RUNC, **changed}, calls=calls, clone=clone, identity=identity)

    return make


@pytest.fixture
def by_gvisor() -> Trace:
    return isolation(SAID_BY_GVISOR, calls=_MADE_BY_GVISOR, clone=(1431, 0))


@pytest.fixture
def hungry() -> Callable[..., Trace]:
    def make(*, oom_killed: bool = True, **said: str) -> Trace:
        return Trace(ended(oom_killed=oom_killed), {**HUNGRY, **{name.replace("__", "."): value for name, value in said.items()}})

    return make


@pytest.fixture
def stubborn() -> Callable[..., Trace]:
    def make(*, log_bytes: int | None = 96_096, timed_out: bool = True, wall_s: float | None = 3.02, done: str = "yes") -> Trace:
        outcome = ended(exit_code=137, timed_out=timed_out, measurement=Measurement(wall_time_s=wall_s))
        return Trace(outcome, {"done": done}, log_bytes=log_bytes)

    return make


@pytest.fixture
def named() -> Callable[[Iterable[Check]], dict[str, Check]]:
    """Checks by name; no two have the same."""

    def by_name(checks: Iterable[Check]) -> dict[str, Check]:
        listed = list(checks)
        found = {check.name: check for check in listed}
        assert len(found) == len(listed)
        return found

    return by_name


@pytest.fixture
def engine() -> EngineFacts:
    return EngineFacts(
        address="unix:///var/run/docker.sock",
        id="PX4K",
        version="28.5.2",
        api_version="1.51",
        containerd="v1.7.29",
        runc="1.3.3",
        runtimes=("io.containerd.runc.v2", "runc", "runsc"),
        default_runtime="runc",
        storage_driver="overlay2",
        cgroup_version="2",
        cgroup_driver="systemd",
        kernel=KERNEL,
        data_root="/var/lib/docker",
        security=("name=seccomp,profile=builtin", "name=cgroupns"),
        has_memory_limit=True,
        has_swap_limit=True,
        has_cpu_quota=True,
        has_pids_limit=True,
        live_restore=False,
        experimental=False,
        authorization_plugins=(),
        warnings=(),
        started="a",
        options="",
    )


@pytest.fixture
def host() -> HostFacts:
    return HostFacts(
        kernel=KERNEL,
        boot_id=BOOT,
        clock_synchronised=True,
        core_pattern="core",
        bpf_for_everyone=False,
        swap_bytes=0,
        reads_peak_memory=True,
        metadata_reachable=False,
        open_files=65536,
        disks=(
            Disk("the engine's data", Path("/var/lib/docker"), 500 * 10**9, 10**12, shared_with_system=False),
            Disk(
                "this node's home",
                Path("/srv"),
                90 * 10**9,
                10**11,
                shared_with_system=True,
                takes_attributes=True,
                is_writable=True,
            ),
        ),
    )
