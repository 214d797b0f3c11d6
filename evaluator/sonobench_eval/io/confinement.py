"""How the decoding child locks itself in: each step gives something up for good.

Each step is tried alone: inside a container some are forbidden, and the others still hold.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import struct
from collections.abc import Callable

MEMORY_BYTES = 2 * 2**30
"""Address space, the memory shared with the parent not counted."""
CPU_S = 7200


def confine(*, shared_bytes: int) -> list[str]:
    """Give up what can be given up, and return the names of what was.

    Args:
        shared_bytes: size of the memory shared with the parent, mapped already.
    """
    steps: tuple[tuple[str, Callable[[], None]], ...] = (
        ("no_network", _leave_network),
        ("other_user", _become_nobody),
        ("no_capabilities", _drop_capabilities),
        ("no_new_privs", _no_new_privileges),
        ("limits", lambda: _set_limits(MEMORY_BYTES + shared_bytes)),
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
    call("unshare", newnet if os.geteuid() == 0 else newnet | newuser)


def _become_nobody() -> None:
    if os.geteuid() != 0:
        raise PermissionError
    os.setgroups([])
    os.setresgid(65534, 65534, 65534)
    os.setresuid(65534, 65534, 65534)


def _drop_capabilities() -> None:
    """All of them: a new user namespace gives its maker every capability inside it."""
    version_3 = 0x20080522
    call("capset", struct.pack("=Ii", version_3, 0), bytes(24))


def _no_new_privileges() -> None:
    call("prctl", 38, 1, 0, 0, 0)


def _set_limits(memory_bytes: int) -> None:
    for what, most in (
        (resource.RLIMIT_AS, memory_bytes),
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
    call("prctl", 22, 2, ctypes.byref(described), 0, 0)


def _filter(arch: int, numbers: tuple[int, ...]) -> bytes:
    """Classic BPF over `struct seccomp_data` (number at 0, architecture at 4)."""
    load, equal, end = 0x20, 0x15, 0x06
    allow, refuse, kill = 0x7FFF0000, 0x00050001, 0x80000000
    steps = [(load, 0, 0, 4), (equal, 1, 0, arch), (end, 0, 0, kill), (load, 0, 0, 0)]
    steps += [(equal, len(numbers) - at, 0, number) for at, number in enumerate(numbers)]
    steps += [(end, 0, 0, refuse), (end, 0, 0, allow)]
    return b"".join(struct.pack("=HBBI", *step) for step in steps)


def call(name: str, *arguments: object) -> None:
    """Call the C library.

    Raises:
        OSError: it says no.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    whole = [ctypes.c_ulong(each) if isinstance(each, int) else each for each in arguments]
    if getattr(libc, name)(*whole) != 0:
        raise OSError(ctypes.get_errno(), name)
