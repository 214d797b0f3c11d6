"""Child processes that end with their parent, however the parent ends.

The kernel's parent-death signal covers what no `finally` can: a parent that was killed with SIGKILL. Children get
a session of their own, so that Ctrl-C in a terminal reaches the parent alone, which then ends them in a good order.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_LOOK_EVERY_S = 0.02
_libc = ctypes.CDLL(None, use_errno=True)


def start_child(
    command: Sequence[str],
    *,
    log: Path | None = None,
    environment: Mapping[str, str] | None = None,
    inherited: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start `command`; its output is appended to the file `log`, or goes where the parent's goes.

    It gets the open file descriptors `inherited`, under their numbers, and no others.

    The signal comes at the death of the *thread* that called this, so call it from one that lives as long as the child.

    Raises:
        OSError: the program is missing or the log cannot be opened.
    """
    output = None if log is None else os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        return subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=None if output is None else subprocess.STDOUT,
            env=None if environment is None else dict(environment),
            start_new_session=True,
            pass_fds=inherited,
            preexec_fn=_dies_with(os.getpid()),  # noqa: PLW1509 - it makes two system calls and takes no lock
        )
    finally:
        if output is not None:
            os.close(output)


def end_child(child: subprocess.Popen[bytes], *, grace_s: float) -> int:
    """SIGTERM, then SIGKILL after `grace_s`. Returns the exit status; a child that has ended already is no error.

    `Popen.wait` is not used: an exception raised by a signal handler in the middle of `Popen.poll` leaves the lock of
    that object taken for ever, and this is called on just such ways out.
    """
    if is_running(child):
        os.kill(child.pid, signal.SIGTERM)
    until = time.monotonic() + grace_s
    while is_running(child) and time.monotonic() < until:
        time.sleep(_LOOK_EVERY_S)
    if is_running(child):
        os.kill(child.pid, signal.SIGKILL)
    while is_running(child):
        time.sleep(_LOOK_EVERY_S)
    return child.returncode


def is_running(child: subprocess.Popen[bytes]) -> bool:
    """Whether the child still runs. Safe where a signal handler may raise at any moment, unlike `Popen.poll`."""
    if child.returncode is None:
        try:
            pid, status = os.waitpid(child.pid, os.WNOHANG)
        except ChildProcessError:  # someone else waited for it; what it returned is not known
            pid, status = child.pid, 0
        if pid == child.pid:
            child.returncode = os.waitstatus_to_exitcode(status)
    return child.returncode is None


def _dies_with(parent: int) -> Callable[[], None]:
    def before_exec() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
        if os.getppid() != parent:  # the parent died between fork and prctl: the signal would never come
            os._exit(1)

    return before_exec
