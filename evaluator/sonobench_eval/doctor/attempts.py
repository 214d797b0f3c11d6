"""What the probe asks of the kernel that no shell can ask for, and which answers mean that it was refused.

Every attempt is harmless where it succeeds: addresses are those set aside for documentation, arguments of what could
change the host are invalid, so that a kernel that would obey complains about them in place of obeying.
"""

from __future__ import annotations

import errno
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Literal

from sonobench_eval.sandbox.docker_engine.tiny_elf import Answer, ResultOf, Syscall, program

Group = Literal["network", "host sockets", "namespaces", "mounts", "kernel", "surface"]

_NOT_ALLOWED = frozenset({errno.EPERM, errno.EACCES, errno.ENOSYS, errno.EOPNOTSUPP})
_NO_SUCH_FAMILY = frozenset({errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT, errno.ESOCKTNOSUPPORT, errno.EINVAL})
_NO_WAY_THERE = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL, errno.EBADF})

_SOCKET, _CONNECT, _SENDTO = 41, 42, 44
_NONBLOCKING = socket.SOCK_NONBLOCK
_AF_ALG, _AF_VSOCK, _SOCK_SEQPACKET = 38, 40, 5
_NEW_USER, _NEW_MOUNTS = 0x10000000, 0x00020000
_REMOUNT_BOUND = 0x1000 | 0x20
_SIGCHLD = 17
_TOO_MANY_SEGMENTS, _NO_SUCH_FLAGS = 1000, 0xFFFF
_FILE_HERE = -100  # AT_FDCWD


@dataclass(frozen=True, slots=True)
class Attempt:
    """Something a stranger's program could ask for. The last call's answer counts; `what` ends "a program could ..."."""

    name: str
    group: Group
    what: str
    calls: tuple[Syscall, ...]
    refusals: frozenset[int] = _NOT_ALLOWED

    def was_refused(self, answer: int) -> bool:
        return -answer in self.refusals


def _internet(address: str, port: int) -> bytes:
    return struct.pack("<H", socket.AF_INET) + struct.pack(">H", port) + socket.inet_aton(address) + bytes(8)


def _internet6(address: str, port: int) -> bytes:
    place = struct.pack("<H", socket.AF_INET6) + struct.pack(">HI", port, 0)
    return place + socket.inet_pton(socket.AF_INET6, address) + bytes(4)


def _reaching(name: str, what: str, family: int, place: bytes) -> Attempt:
    calls = (
        Syscall(_SOCKET, (family, socket.SOCK_STREAM | _NONBLOCKING, 0)),
        Syscall(_CONNECT, (ResultOf(0), place, len(place))),
    )
    return Attempt(name, "network", what, calls, _NOT_ALLOWED | _NO_WAY_THERE)


def _asking(name: str, what: str, place: bytes) -> Attempt:
    send = Syscall(_SENDTO, (ResultOf(0), b"?", 1, 0, place, len(place)))
    opened = Syscall(_SOCKET, (socket.AF_INET, socket.SOCK_DGRAM | _NONBLOCKING, 0))
    return Attempt(name, "network", what, (opened, send), _NOT_ALLOWED | _NO_WAY_THERE)


def _opening(name: str, group: Group, what: str, *, family: int, kind: int, protocol: int = 0) -> Attempt:
    return Attempt(name, group, what, (Syscall(_SOCKET, (family, kind, protocol)),), _NOT_ALLOWED | _NO_SUCH_FAMILY)


def attempts(abstract_name: str) -> tuple[Attempt, ...]:
    """Every attempt, in the order of the program. `abstract_name`: a Unix socket without a file that listens on the host."""
    there = struct.pack("<H", socket.AF_UNIX) + b"\0" + abstract_name.encode()
    knock = (Syscall(_SOCKET, (socket.AF_UNIX, socket.SOCK_STREAM, 0)), Syscall(_CONNECT, (ResultOf(0), there, len(there))))
    not_there = _NOT_ALLOWED | {errno.ECONNREFUSED, errno.ENOENT, errno.EBADF}
    tmpfs = (b"none", b"/tmp", b"tmpfs", 0, 0)
    return (
        _reaching("tcp", "open a connection to another machine", socket.AF_INET, _internet("192.0.2.1", 443)),
        _reaching("tcp6", "open a connection over IPv6", socket.AF_INET6, _internet6("2001:db8::1", 443)),
        _reaching("metadata", "reach a cloud's metadata service", socket.AF_INET, _internet("169.254.169.254", 80)),
        _asking("udp", "send packets, such as questions to a name server", _internet("192.0.2.53", 53)),
        _opening("raw", "network", "open a raw socket", family=socket.AF_INET, kind=socket.SOCK_RAW, protocol=1),
        _opening("packet", "network", "listen to the wire", family=socket.AF_PACKET, kind=socket.SOCK_RAW, protocol=0x0300),
        _opening("vsock", "network", "talk to the machine's hypervisor (AF_VSOCK)", family=_AF_VSOCK, kind=socket.SOCK_STREAM),
        Attempt("abstract", "host sockets", "connect to abstract sockets of the host", knock, frozenset(not_there)),
        Attempt("user_namespace", "namespaces", "make a user namespace", (Syscall(272, (_NEW_USER,)),)),
        Attempt("mount_namespace", "namespaces", "make a mount namespace", (Syscall(272, (_NEW_MOUNTS,)),)),
        Attempt("setns", "namespaces", "enter other namespaces", (Syscall(308, (0, 0)),)),
        Attempt("chroot", "namespaces", "change its root folder", (Syscall(161, (b"/tmp",)),)),
        Attempt("pivot", "namespaces", "exchange its root folder", (Syscall(155, (b"/tmp", b"/tmp")),)),
        Attempt("mount", "mounts", "mount a file system", (Syscall(165, tmpfs),)),
        Attempt("remount", "mounts", "make the input writable", (Syscall(165, (0, b"/input", 0, _REMOUNT_BOUND, 0)),)),
        Attempt("unmount", "mounts", "unmount what lies over a folder", (Syscall(166, (b"/input", 2)),)),
        Attempt("handle", "kernel", "open files of the host by handle", (Syscall(304, (_FILE_HERE, 0, 0)),)),
        Attempt("module", "kernel", "load a kernel module", (Syscall(175, (0, 0, 0)),)),
        Attempt("kexec", "kernel", "load another kernel", (Syscall(246, (0, _TOO_MANY_SEGMENTS, 0, _NO_SUCH_FLAGS)),)),
        Attempt("reboot", "kernel", "restart the machine", (Syscall(169, (0, 0, 0, 0)),)),
        Attempt("ports", "kernel", "use the hardware's ports", (Syscall(172, (3,)),)),
        Attempt("log", "kernel", "read the kernel's log", (Syscall(103, (3, bytes(64), 64)),)),
        Attempt("bpf", "kernel", "load BPF programs", (Syscall(321, (0, 0, 0)),)),
        Attempt("userfaultfd", "kernel", "stall the kernel with userfaultfd", (Syscall(323, (0,)),)),
        Attempt("keyring", "kernel", "leave things in kernel keyrings for the next run", (Syscall(250, (0, -3, 0)),)),
        Attempt("io_uring", "surface", "use io_uring", (Syscall(425, (1, 0)),)),
        Attempt("perf", "surface", "use perf_event_open", (Syscall(298, (0, 0, -1, -1, 0)),), _NOT_ALLOWED | {errno.ENODEV}),
        _opening("crypto", "surface", "use the kernel's crypto sockets (AF_ALG)", family=_AF_ALG, kind=_SOCK_SEQPACKET),
    )


def attempts_program(tries: Sequence[Attempt], *, report_to: str) -> bytes:
    """One program that makes every call of every attempt."""
    calls: list[Syscall] = []
    for each in tries:
        start = len(calls)
        calls += [_moved(call, start) for call in each.calls]
    return program(calls, report_to=report_to)


def _moved(call: Syscall, start: int) -> Syscall:
    return replace(call, args=tuple(ResultOf(arg.call + start) if isinstance(arg, ResultOf) else arg for arg in call.args))


def answers(tries: Sequence[Attempt], report: Sequence[Answer]) -> dict[str, int]:
    """Attempt's name -> what the kernel said to its last call; an attempt whose answer is missing is left out."""
    last = [index - 1 for index in accumulate(len(each.calls) for each in tries)]
    return {each.name: report[index].result for each, index in zip(tries, last, strict=True) if index < len(report)}


def clone_program(*, report_to: str) -> bytes:
    """Makes a child in a user namespace. Where that is allowed the child goes on as well, so that there are two answers."""
    return program([Syscall(56, (_NEW_USER | _SIGCHLD, 0, 0, 0, 0))], report_to=report_to)


def identity_program(*, report_to: str) -> bytes:
    """For a file with the setuid bit: setuid(0), then the effective user."""
    return program([Syscall(105, (0,)), Syscall(107)], report_to=report_to)


def many_files_program(count: int, *, report_to: str) -> bytes:
    """Opens one more file and one more, `count` at most."""
    return program([Syscall(32, (0,), times=count)], report_to=report_to)
