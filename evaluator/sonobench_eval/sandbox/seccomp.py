"""Which system calls a stranger's program may make: an allow-list of our own, as the engine reads it.

Written from the kernel's table of calls (x86-64, up to version 6.12) for what images of machine learning do: Python and
C++ with threads, files, memory, local sockets, code compiled at run time, CUDA. What is not named is refused. The
reasons for what is left out, where a program could miss it, are in `infra/decisions/0006-own-seccomp-profile.md`.

Calls of the 32-bit and x32 entries are not filtered but fatal: no architecture but x86-64 is named, so that
`int 0x80` cannot get round a rule by other numbers (`socketcall` would hide which family a socket is of).
"""

from __future__ import annotations

import errno
import json
from typing import Any

_FILES = """
    access chdir chmod chown close close_range copy_file_range creat dup dup2 dup3 faccessat faccessat2 fadvise64 fallocate
    fchdir fchmod fchmodat fchmodat2 fchown fchownat fcntl fdatasync flock fstat fstatfs fsync ftruncate futimesat getcwd
    getdents getdents64 ioctl lchown link linkat lseek lstat mkdir mkdirat mknod mknodat newfstatat open openat openat2 pread64
    preadv preadv2 pwrite64 pwritev pwritev2 read readahead readlink readlinkat readv rename renameat renameat2 rmdir sendfile
    splice stat statfs statx symlink symlinkat sync_file_range tee truncate umask unlink unlinkat utime utimensat utimes vmsplice
    write writev
    fgetxattr flistxattr fremovexattr fsetxattr getxattr lgetxattr listxattr llistxattr lremovexattr lsetxattr removexattr
    setxattr
"""
_WAITING = """
    epoll_create epoll_create1 epoll_ctl epoll_pwait epoll_pwait2 epoll_wait eventfd eventfd2 inotify_add_watch inotify_init
    inotify_init1 inotify_rm_watch pause pipe pipe2 poll ppoll pselect6 select signalfd signalfd4
    timerfd_create timerfd_gettime timerfd_settime
"""
_MEMORY = """
    brk get_mempolicy madvise map_shadow_stack memfd_create mincore mlock mlock2 mlockall mmap mprotect mremap mseal msync munlock
    munlockall munmap pkey_alloc pkey_free pkey_mprotect remap_file_pages
"""
_PROCESSES = """
    arch_prctl execve execveat exit exit_group fork getpgid getpgrp getpid getppid getpriority getrlimit getrusage getsid gettid
    ioprio_get ioprio_set kill membarrier pidfd_open pidfd_send_signal prctl prlimit64 restart_syscall rseq set_tid_address
    setpgid setpriority setrlimit setsid tgkill tkill vfork wait4 waitid
    sched_get_priority_max sched_get_priority_min sched_getaffinity sched_getattr sched_getparam sched_getscheduler
    sched_rr_get_interval sched_setaffinity sched_setattr sched_setparam sched_setscheduler sched_yield getcpu
    futex futex_requeue futex_wait futex_waitv futex_wake get_robust_list set_robust_list
    rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_tgsigqueueinfo
    sigaltstack
"""
_USERS = """
    capget capset getegid geteuid getgid getgroups getresgid getresuid getuid setfsgid setfsuid setgid setgroups setregid
    setresgid setresuid setreuid setuid
"""
_TIME_AND_SYSTEM = """
    alarm clock_getres clock_gettime clock_nanosleep getitimer getrandom gettimeofday nanosleep setitimer sysinfo time
    timer_create timer_delete timer_getoverrun timer_gettime timer_settime times uname
"""
_BETWEEN_PROCESSES = """
    mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedsend mq_unlink msgctl msgget msgrcv msgsnd
    semctl semget semop semtimedop shmat shmctl shmdt shmget
    accept accept4 bind connect getpeername getsockname getsockopt listen recvfrom recvmmsg recvmsg sendmmsg sendmsg sendto
    setsockopt shutdown
"""
ALLOWED = tuple(sorted(" ".join((_FILES, _WAITING, _MEMORY, _PROCESSES, _USERS, _TIME_AND_SYSTEM, _BETWEEN_PROCESSES)).split()))
"""Calls that may be made with any arguments."""

_AF_UNIX, _AF_INET, _AF_INET6, _AF_NETLINK = 1, 2, 10, 16
_ANY_OF_ITS_TYPE, _TCP, _UDP = 0, 6, 17
_NETLINK_ROUTE = 0
_NEW_NAMESPACES = 0x7E02_0000
"""The flags of `clone` for a new mount, cgroup, UTS, IPC, user, PID or network namespace; for a new time namespace
there is none, as `clone3` and `unshare` alone can make one."""
_USUAL_PERSONALITY, _ASK_FOR_PERSONALITY = 0, 0xFFFF_FFFF

_ALLOW, _REFUSE = "SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO"
_Rule = dict[str, Any]


def profile() -> _Rule:
    """The profile as Docker Engine reads it, 20.10 and later. A refused call fails with EPERM.

    Calls with a higher number than any that is named here fail with ENOSYS, as if the kernel was older: runc 1.0 and
    later sees to that by itself. `clone3` does so because its flags lie in memory, where no filter can look.
    """
    return {
        "defaultAction": _REFUSE,
        "defaultErrnoRet": errno.EPERM,
        "archMap": [{"architecture": "SCMP_ARCH_X86_64", "subArchitectures": []}],
        "syscalls": [
            _allow(*ALLOWED),
            *(_allow("socket", _is(0, family), _is(2, protocol)) for family, protocol in _sockets()),
            _allow("socket", _is(0, _AF_UNIX)),
            _allow("socketpair", _is(0, _AF_UNIX)),
            _allow("clone", _has_none_of(0, _NEW_NAMESPACES)),
            *(_allow("personality", _is(0, value)) for value in (_USUAL_PERSONALITY, _ASK_FOR_PERSONALITY)),
            {"names": ["clone3"], "action": _REFUSE, "errnoRet": errno.ENOSYS, "args": []},
        ],
    }


def _sockets() -> list[tuple[int, int]]:
    """Families and protocols beside Unix sockets: loopback for `torch.distributed`; `getifaddrs` asks by netlink."""
    internet = [(family, protocol) for family in (_AF_INET, _AF_INET6) for protocol in (_ANY_OF_ITS_TYPE, _TCP, _UDP)]
    return [*internet, (_AF_NETLINK, _NETLINK_ROUTE)]


def _allow(*names_and_conditions: str | _Rule) -> _Rule:
    """All conditions must hold. One for each argument at most: the engine takes two for the same one as alternatives."""
    names = [given for given in names_and_conditions if isinstance(given, str)]
    conditions = [given for given in names_and_conditions if not isinstance(given, str)]
    return {"names": names, "action": _ALLOW, "args": conditions}


def _is(argument: int, value: int) -> _Rule:
    return {"index": argument, "value": value, "valueTwo": 0, "op": "SCMP_CMP_EQ"}


def _has_none_of(argument: int, bits: int) -> _Rule:
    return {"index": argument, "value": bits, "valueTwo": 0, "op": "SCMP_CMP_MASKED_EQ"}


SECURITY_OPTION = "seccomp=" + json.dumps(profile(), separators=(",", ":"))
"""The profile as one of a container's security options."""
