"""The confined child that decodes strangers' images: reads a request, answers it, and can do nothing else.

Started by `confined.py` as `python -I -m sonobench_eval.io.confined_child` with two pipes, no environment and no
other open file. Before it reads a byte it gives up, as far as the machine lets it: network, user, privileges,
files (a limit of no open files), and every system call that decoding does not need. What was given up is
reported to the parent.

Each step is tried alone: inside a container some are forbidden, and the others still hold.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import struct
import sys
import zlib
from collections.abc import Callable
from enum import IntEnum

from sonobench_eval.io.png import PngFault, PngRefused, decode_grey

REQUEST = struct.Struct(">IIQ")
"""Height, width, and the bytes that follow."""
REPLY = struct.Struct(">BBQ")
"""A Status, 1 where colour was seen, and the bytes that follow: pixels, or a message."""
READY = struct.Struct(">128s")
"""Sent once: what the child gave up."""

MEMORY_BYTES = 2 * 2**30
CPU_S = 7200
_LONGEST_MESSAGE_BYTES = 150


class Status(IntEnum):
    DECODED = 0
    UNREADABLE = 1
    WRONG_SIZE = 2


def main() -> None:
    """Confine this process, say so, and answer requests until the pipe closes."""
    warm_up()
    given_up = " ".join(confine())
    _send(READY.pack(given_up.encode()))
    while header := _receive(REQUEST.size):
        height, width, length = REQUEST.unpack(header)
        status, coloured, body = answer(_receive(length), height=height, width=width)
        _send(REPLY.pack(status, coloured, len(body)) + body)


def answer(data: bytes, *, height: int, width: int) -> tuple[Status, bool, bytes]:
    """Decode one file; never raises."""
    try:
        image = decode_grey(data, height=height, width=width)
    except PngRefused as refused:
        status = Status.WRONG_SIZE if refused.fault is PngFault.WRONG_SIZE else Status.UNREADABLE
        return status, False, str(refused).encode()[:_LONGEST_MESSAGE_BYTES]
    except MemoryError:
        return Status.UNREADABLE, False, b"it needs too much memory"
    return Status.DECODED, image.coloured, image.pixels.tobytes()


def warm_up() -> None:
    """Decode one image of each kind, so that nothing has to be imported once files can no longer be opened."""
    for colour, samples in ((0, 1), (2, 3), (3, 1), (4, 2), (6, 4)):
        _decode_tiny(colour=colour, samples=samples)
    answer(b"", height=1, width=1)


def confine() -> list[str]:
    """Give up what can be given up, and return the names of what was."""
    steps: tuple[tuple[str, Callable[[], None]], ...] = (
        ("no_network", _leave_network),
        ("other_user", _become_nobody),
        ("no_capabilities", _drop_capabilities),
        ("no_new_privs", _no_new_privileges),
        ("limits", _set_limits),
        ("seccomp", _forbid_system_calls),
    )
    return [name for name, step in steps if _succeeds(step)]


def _succeeds(step: Callable[[], None]) -> bool:
    try:
        step()
    except (OSError, ValueError, LookupError):
        return False
    return True


def _leave_network() -> None:
    """A new, empty network namespace; for a user without rights, inside a new user namespace."""
    newnet, newuser = 0x40000000, 0x10000000
    _call("unshare", newnet if os.geteuid() == 0 else newnet | newuser)


def _become_nobody() -> None:
    if os.geteuid() != 0:
        raise PermissionError
    os.setgroups([])
    os.setresgid(65534, 65534, 65534)
    os.setresuid(65534, 65534, 65534)


def _drop_capabilities() -> None:
    """All of them: a new user namespace gives its maker every capability inside it."""
    version_3 = 0x20080522
    _call("capset", struct.pack("=Ii", version_3, 0), bytes(24))


def _no_new_privileges() -> None:
    _call("prctl", 38, 1, 0, 0, 0)


def _set_limits() -> None:
    for what, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, CPU_S),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, 0),
        # None may be opened; the two pipes are open already and stay usable.
        (resource.RLIMIT_NOFILE, 0),
    ):
        resource.setrlimit(what, (most, most))


# What an interpreter without files needs to compute, allocate, read its pipe and end; by machine, as (AUDIT_ARCH, numbers):
# read write close fstat lseek mmap mprotect munmap brk rt_sigaction rt_sigprocmask rt_sigreturn mremap madvise sched_yield
# sigaltstack futex restart_syscall clock_gettime exit exit_group getrandom
_ALLOWED = {
    "x86_64": (0xC000003E, (0, 1, 3, 5, 8, 9, 10, 11, 12, 13, 14, 15, 25, 28, 24, 131, 202, 219, 228, 60, 231, 318)),
    "aarch64": (
        0xC00000B7,
        (63, 64, 57, 80, 62, 222, 226, 215, 214, 134, 135, 139, 216, 233, 124, 132, 98, 128, 113, 93, 94, 278),
    ),
}


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def _forbid_system_calls() -> None:
    """A seccomp filter: what is not listed fails with EPERM; a call in another machine's numbering ends the process."""
    arch, numbers = _ALLOWED[platform.machine()]
    program = _filter(arch, numbers)
    described = _Program(len(program) // 8, program)
    _call("prctl", 22, 2, ctypes.byref(described), 0, 0)


def _filter(arch: int, numbers: tuple[int, ...]) -> bytes:
    """Classic BPF over `struct seccomp_data` (number at 0, architecture at 4)."""
    load, equal, end = 0x20, 0x15, 0x06
    allow, refuse, kill = 0x7FFF0000, 0x00050001, 0x80000000
    steps = [(load, 0, 0, 4), (equal, 1, 0, arch), (end, 0, 0, kill), (load, 0, 0, 0)]
    steps += [(equal, len(numbers) - at, 0, number) for at, number in enumerate(numbers)]
    steps += [(end, 0, 0, refuse), (end, 0, 0, allow)]
    return b"".join(struct.pack("=HBBI", *step) for step in steps)


def _call(name: str, *arguments: object) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    whole = [ctypes.c_ulong(each) if isinstance(each, int) else each for each in arguments]
    if getattr(libc, name)(*whole) != 0:
        raise OSError(ctypes.get_errno(), name)


def _decode_tiny(*, colour: int, samples: int) -> None:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    palette = chunk(b"PLTE", bytes(3)) if colour == 3 else b""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, colour, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(bytes(1 + samples)))
    decode_grey(b"\x89PNG\r\n\x1a\n" + header + palette + pixels + chunk(b"IEND", b""), height=1, width=1)


def _receive(size: int) -> bytes:
    """Exactly `size` bytes; nothing where the parent has gone."""
    parts, left = [], size
    while left:
        part = os.read(0, min(left, 2**20))
        if not part:
            sys.exit(0)
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def _send(data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(1, left) :]


if __name__ == "__main__":
    main()
