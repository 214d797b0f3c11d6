"""What the probe could see and do, weighed. Pure: the trace of the isolation trial in, checks out.

A runtime with a kernel of its own (gVisor, Kata) answers many questions for itself: what a program gets there is that
kernel's, and none of the host's. Such checks say so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from sonobench_eval.doctor.attempts import Group, answers, attempts
from sonobench_eval.doctor.report import Check, Verdict
from sonobench_eval.doctor.trial import Trace
from sonobench_eval.sandbox.docker_engine.tiny_elf import Answer, read_answers

_NO_CAPABILITIES = "0" * 16
_CAPABILITY_SETS = ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
_USUAL_DEVICES = frozenset(f"/dev/{name}" for name in ("console", "full", "null", "random", "tty", "urandom", "zero", "ptmx"))
_OWN_KERNELS_DEVICES = frozenset({"/dev/fuse", "/dev/net/tun"})
_OWN_PROCESSES = frozenset({"docker-init", "tini", "busybox", "sh"})
_HANDED = ("/dev/null", "/input/probe.sh", "/dev/pts/", "/dev/console")
_OF_THE_CONTAINER = ("pid", "net", "ipc", "mnt", "uts")

REPORT = "Run no stranger's image here, and report this: the sandbox did not hold."
_AS_SHIPPED = "Let the engine keep its own defaults: no `seccomp-profile` in daemon.json, and a kernel with seccomp."


@dataclass(frozen=True, slots=True)
class Outside:
    """What the host knows: its kernel, its namespaces, and whether a GPU was handed over."""

    kernel: str
    boot_id: str
    namespaces: Mapping[str, str]
    expects_gpu: bool = False


@dataclass(frozen=True, slots=True)
class _Probe:
    """A trace with what the host knows beside it."""

    trace: Trace
    outside: Outside

    def said(self, name: str) -> str | None:
        return self.trace.said.get(name)

    def words(self, name: str) -> list[str] | None:
        said = self.said(name)
        return None if said is None else said.split()

    @property
    def has_own_kernel(self) -> bool:
        """True where the container's kernel is not the host's: another release, or another boot."""
        kernel, boot = self.said("kernel"), self.said("boot")
        return bool(kernel) and (kernel != self.outside.kernel or (bool(boot) and boot != self.outside.boot_id))


def isolation_checks(trace: Trace, outside: Outside) -> Iterator[Check]:
    """One check for each kind of door."""
    probe = _Probe(trace, outside)
    given = _answers_of(trace)
    yield _kernel_check(probe)
    for check in _CHECKS:
        yield check(probe)
    yield _network(probe, given)
    yield _group(probe, given, "host sockets", name="Sockets of the host", good="none of the host's answers")
    yield _group(probe, given, "namespaces", name="Namespaces, made or entered", good="none can be made, entered or left")
    yield _cloned(probe)
    yield _group(probe, given, "mounts", name="Mounts", good="nothing can be mounted, remounted or unmounted")
    yield _group(
        probe, given, "kernel", name="Power over the kernel", good="no module, log, BPF, keyring, restart or file by handle"
    )
    closed = "io_uring, perf and crypto sockets are closed"
    yield _group(probe, given, "surface", name="Kernel surface", good=closed, cure=_AS_SHIPPED)
    yield _setuid(probe)


def _check(name: str, verdict: Verdict, found: str, cure: str = "") -> Check:
    return Check(name, verdict, found, cure, kind="isolation")


def _unknown(name: str) -> Check:
    return _check(
        name, "unknown", "the probe did not say", "Run `sonobench doctor` again; its log says more with SONOBENCH_DEBUG=1."
    )


def _kernel_check(probe: _Probe) -> Check:
    kernel = probe.said("kernel")
    if not kernel:
        return _unknown("Kernel seen")
    return _check(
        "Kernel seen", "ok", f"{kernel}, the runtime's own" if probe.has_own_kernel else "the host's, behind the filter"
    )


def _user(probe: _Probe) -> Check:
    user, groups = probe.said("user"), probe.words("groups")
    if not user or groups is None:
        return _unknown("User")
    if user == "0" or "0" in groups:
        return _check("User", "bad", f"root: user {user}, groups {' '.join(groups)}", REPORT)
    return _check("User", "ok", f"{user}, no other group" if groups == [user] else f"{user}, groups {' '.join(groups)}")


def _capabilities(probe: _Probe) -> Check:
    sets = {name: probe.said(f"status.{name}") for name in _CAPABILITY_SETS}
    effective = sets["CapEff"]
    if not effective:
        return _unknown("Capabilities")
    held = [f"{name} {value}" for name, value in sets.items() if value and value.strip("0")]
    if held:
        return _check("Capabilities", "bad", ", ".join(held), REPORT)
    return _check("Capabilities", "ok", "none")


def _new_privileges(probe: _Probe) -> Check:
    flag = probe.said("status.NoNewPrivs")
    if flag == "1":
        return _check("No new privileges", "ok", "set")
    if probe.has_own_kernel and flag in {"", "0", None}:
        return _check("No new privileges", "ok", "kept by the runtime's own kernel; setuid is tried below")
    if not flag:
        return _unknown("No new privileges")
    return _check("No new privileges", "bad", "not set", REPORT)


def _filter(probe: _Probe) -> Check:
    mode = probe.said("status.Seccomp")
    if mode == "2":
        return _check("System call filter, seen", "ok", "in force")
    if probe.has_own_kernel:
        return _check("System call filter, seen", "ok", "the runtime's own kernel answers system calls")
    if not mode:
        return _unknown("System call filter, seen")
    return _check("System call filter, seen", "bad", "not in force", _AS_SHIPPED)


def _namespaces(probe: _Probe) -> Check:
    name = "Namespaces of its own"
    inside = {kind: probe.said(f"namespace.{kind}") for kind in _OF_THE_CONTAINER}
    if probe.has_own_kernel:
        return _check(name, "ok", "in a kernel of its own")
    if not all(inside.values()):
        return _unknown(name)
    shared = [kind for kind, link in inside.items() if link == probe.outside.namespaces.get(kind)]
    if shared:
        return _check(name, "bad", f"shares the host's: {', '.join(shared)}", REPORT)
    return _check(name, "ok", "processes, network, IPC, mounts, name")


def _processes(probe: _Probe) -> Check:
    seen = probe.words("processes")
    if not seen:
        return _unknown("Processes seen")
    foreign = sorted(set(seen) - _OWN_PROCESSES)
    if foreign:
        return _check("Processes seen", "bad", f"others than its own: {_some(foreign)}", REPORT)
    return _check("Processes seen", "ok", "only its own")


def _handed_files(probe: _Probe) -> Check:
    handed = probe.words("handed.files")
    if handed is None:
        return _unknown("Open files handed over")
    foreign = [path for path in handed if not path.startswith(_HANDED)]
    if foreign:
        return _check(
            "Open files handed over", "bad", f"the runtime left some open: {_some(foreign)}", "Update runc (CVE-2024-21626)."
        )
    return _check("Open files handed over", "ok", "none of the host's")


def _absent(name: str, field: str, good: str, bad: str, cure: str = REPORT) -> Callable[[_Probe], Check]:
    def check(probe: _Probe) -> Check:
        found = probe.words(field)
        if found is None:
            return _unknown(name)
        return _check(name, "bad", f"{bad}: {_some(found)}", cure) if found else _check(name, "ok", good)

    return check


def _proc_and_sys(probe: _Probe) -> Check:
    name = "/proc and /sys"
    fields = [probe.words(field) for field in ("written.proc", "written.sys", "made.cgroup", "read.kernel")]
    if any(found is None for found in fields):
        return _unknown(name)
    opened = [path for found in fields for path in found or ()]
    if opened and probe.has_own_kernel:
        return _check(name, "ok", f"{_some(opened)} of the runtime's own kernel, none of the host's")
    if opened:
        return _check(name, "bad", f"open: {_some(opened)}", REPORT)
    return _check(name, "ok", "read-only or masked, sysrq and the kernel's memory included")


def _devices(probe: _Probe) -> Check:
    seen, node = probe.words("devices"), probe.said("device.node")
    if seen is None or node is None:
        return _unknown("Devices")
    usual = _USUAL_DEVICES | (_OWN_KERNELS_DEVICES if probe.has_own_kernel else frozenset())
    extra = [path for path in seen if path not in usual and not (probe.outside.expects_gpu and path.startswith("/dev/nvidia"))]
    if node == "opened":
        return _check("Devices", "bad", "a device node could be made and opened", REPORT)
    if extra:
        return _check("Devices", "bad", f"more than there should be: {_some(extra)}", REPORT)
    made = "; nodes can be made, not opened" if node == "made" else "; none can be made"
    return _check("Devices", "ok", f"{len(seen)} harmless ones{made}")


def _host_file(probe: _Probe) -> Check:
    read = probe.said("host.file")
    if read is None:
        return _unknown("Files of the host")
    if read:
        return _check("Files of the host", "bad", "a file that lies beside its inputs on the host could be read", REPORT)
    return _check("Files of the host", "ok", "a file laid beside its inputs cannot be reached")


def _engine_socket(probe: _Probe) -> Check:
    found = [probe.words(field) for field in ("sockets", "runtime.sockets")]
    if any(each is None for each in found):
        return _unknown("Engine's socket")
    sockets = [path for each in found for path in each or ()]
    if sockets:
        return _check("Engine's socket", "bad", f"sockets in the container: {_some(sockets)}", REPORT)
    return _check("Engine's socket", "ok", "not there, nor any other")


def _network(probe: _Probe, given: Mapping[str, int]) -> Check:
    interfaces = probe.words("interfaces")
    if interfaces is None:
        return _unknown("Network")
    cure = "Containers are started with network mode `none`; see what overrides it on this engine, and report it."
    others = [name for name in interfaces if name != "lo"]
    if others:
        return _check("Network", "bad", f"interfaces besides lo: {_some(others)}", cure)
    good = "no interface but lo; no packet leaves, no raw or VM socket opens"
    return _group(probe, given, "network", name="Network", good=good, cure=cure)


def _group(probe: _Probe, given: Mapping[str, int], group: Group, *, name: str, good: str, cure: str = REPORT) -> Check:
    tried = [each for each in attempts("") if each.group == group]
    if any(each.name not in given for each in tried):
        return _unknown(name)
    opened = [each.what for each in tried if not each.was_refused(given[each.name])]
    if not opened:
        return _check(name, "ok", good)
    if probe.has_own_kernel and group in {"namespaces", "mounts", "kernel", "surface"}:
        return _check(name, "ok", f"a program could {_some(opened, ', ')}, all in the runtime's own kernel")
    return _check(name, "bad", f"a program could {_some(opened, ', ')}", cure)


def _cloned(probe: _Probe) -> Check:
    name = "User namespace by clone"
    answered = _read(probe.trace, "clone.bin")
    if not answered:
        return _unknown(name)
    if len(answered) == 1 and answered[0].result < 0:
        return _check(name, "ok", "refused")
    if probe.has_own_kernel:
        return _check(name, "ok", "made in the runtime's own kernel, none of the host's")
    return _check(name, "bad", "a program could become root of a namespace of its own", _AS_SHIPPED)


def _setuid(probe: _Probe) -> Check:
    name = "Setuid programs"
    answered = _read(probe.trace, "identity.bin")
    if len(answered) != 2:
        return _unknown(name)
    changed, user = answered[0].result, answered[1].result
    if changed == 0 or user == 0:
        return _check(name, "bad", "a setuid program of the image becomes root", REPORT)
    return _check(name, "ok", "gain nothing")


def _answers_of(trace: Trace) -> Mapping[str, int]:
    return answers(attempts(""), _read(trace, "attempts.bin"))


def _read(trace: Trace, name: str) -> tuple[Answer, ...]:
    try:
        return read_answers(trace.printed.get(name, b""))
    except ValueError:
        return ()


def _some(found: list[str], between: str = " ") -> str:
    return between.join(found[:4]) + (f"{between}and {len(found) - 4} more" if len(found) > 4 else "")


_CHECKS: tuple[Callable[[_Probe], Check], ...] = (
    _user,
    _capabilities,
    _new_privileges,
    _filter,
    _namespaces,
    _processes,
    _handed_files,
    _absent("Root file system", "written.root", "read-only", "could be written"),
    _absent("Input", "written.input", "read-only", "could be written"),
    _proc_and_sys,
    _devices,
    _host_file,
    _engine_socket,
)
