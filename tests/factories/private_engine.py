"""A Docker Engine of a test's own, with flags that the machine's engine does not have. Needs root; touches nothing else.

Its data, its socket and its containerd lie in a folder that is removed. It has a mount namespace of its own, so files
of /etc that it reads can be covered for it alone, and whatever it mounts is gone with its last process.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

STARTS_WITHIN_S = 240
STOPS_WITHIN_S = GOES_WITHIN_S = 60
"""On a busy machine; nothing waits for them to pass."""
_IN_A_NAMESPACE_OF_ITS_OWN = """
while [ "$1" != -- ]; do mount --bind "$1" "$2"; shift 2; done
shift
exec "$@"
"""

needs_private_engine = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("dockerd", path=f"{os.environ.get('PATH', '')}:/usr/sbin") is None,
    reason="starting an engine with flags of its own needs root and dockerd",
)
needs_gvisor = pytest.mark.skipif(shutil.which("runsc") is None, reason="gVisor (the package runsc) is not installed")


@dataclass(frozen=True)
class PrivateEngine:
    """`host` is for DOCKER_HOST. `folder` holds all of it, its log `dockerd.log` included."""

    host: str
    folder: Path
    dockerd: int
    """Its process id."""


@contextmanager
def private_engine(flags: Sequence[str] = (), *, covered: Mapping[str, str] | None = None) -> Iterator[PrivateEngine]:
    """Start an engine with these flags and stop it at the end. `covered`: a path of the machine to the text it has for it.

    Raises:
        RuntimeError: it does not start; with the end of its log.
    """
    folder = Path(tempfile.mkdtemp(prefix="sb-engine-"))
    folder.chmod(0o755)  # with remapped users it enters its folder as another user
    engine = None
    try:
        engine = _start(folder, flags, covered or {})
        yield PrivateEngine(f"unix://{folder}/docker.sock", folder, engine.pid)
    finally:
        if engine is not None:
            _stop(engine)
        _remove(folder)


@contextmanager
def gvisor_engine(*runsc_flags: str) -> Iterator[PrivateEngine]:
    """An engine that knows the runtime `runsc`, without cgroups: it isolates, and limits neither memory nor processes."""
    with tempfile.TemporaryDirectory(prefix="sb-runsc-") as folder:
        wrapper = Path(folder) / "runsc"
        flags = " ".join(runsc_flags or ("--network=none", "--ignore-cgroups", "--platform=ptrace"))
        wrapper.write_text(f'#!/bin/sh\nexec {shutil.which("runsc")} {flags} "$@"\n')
        wrapper.chmod(0o755)
        with private_engine(["--add-runtime", f"runsc={wrapper}"]) as engine:
            yield engine


REMAPPED_FROM = 231072
"""Container user 0 of a `remapped_engine` is this one of the machine."""


@contextmanager
def remapped_engine() -> Iterator[PrivateEngine]:
    """An engine with user-namespace remapping to a user that only it knows of."""
    user = "sbremap"
    numbers = f"{user}:{REMAPPED_FROM}:65536\n"
    covered = {
        "/etc/passwd": Path("/etc/passwd").read_text() + f"{user}:x:64999:64999::/nonexistent:/usr/sbin/nologin\n",
        "/etc/group": Path("/etc/group").read_text() + f"{user}:x:64999:\n",
        "/etc/subuid": numbers,
        "/etc/subgid": numbers,
    }
    with private_engine([f"--userns-remap={user}"], covered=covered) as engine:
        yield engine


@contextmanager
def docker_host(engine: PrivateEngine) -> Iterator[None]:
    """While this lasts, everything that looks for an engine finds that one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKER_HOST", engine.host)
        yield


def _start(folder: Path, flags: Sequence[str], covered: Mapping[str, str]) -> subprocess.Popen[bytes]:
    binds: list[str] = []
    for number, (path, text) in enumerate(covered.items()):
        ours = folder / f"covered-{number}"
        ours.write_text(text)
        binds += [str(ours), path]
    command = ["dockerd", "--data-root", f"{folder}/data", "--exec-root", f"{folder}/exec", "--pidfile", f"{folder}/pid"]
    command += ["-H", f"unix://{folder}/docker.sock", "--bridge=none", "--iptables=false", "--ip6tables=false", *flags]
    environment = {**os.environ, "PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"}
    environment.pop("DOCKER_HOST", None)
    with (folder / "dockerd.log").open("wb") as log:
        engine = subprocess.Popen(
            [
                "unshare",
                "--mount",
                "--propagation",
                "private",
                "sh",
                "-ec",
                _IN_A_NAMESPACE_OF_ITS_OWN,
                "sh",
                *binds,
                "--",
                *command,
            ],
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,
        )
    try:
        _until_it_answers(engine, folder)
    except BaseException:
        _stop(engine)
        raise
    return engine


def _until_it_answers(engine: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < deadline and engine.poll() is None:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as door:
            door.settimeout(5)
            door.connect(f"{folder}/docker.sock")
            door.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
            if door.recv(64).startswith(b"HTTP/1.0 200"):
                return
        time.sleep(0.1)
    log = (folder / "dockerd.log").read_text(errors="replace")[-2000:]
    raise RuntimeError(f"the engine did not start; the end of its log:\n{log}")


def _stop(engine: subprocess.Popen[bytes]) -> None:
    """End dockerd, which ends its containers and containerd. Who is left after that is killed with the session."""
    engine.send_signal(signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        engine.wait(STOPS_WITHIN_S)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(engine.pid, signal.SIGKILL)
    engine.wait(STOPS_WITHIN_S)


def _remove(folder: Path) -> None:
    """The last shims may end a moment after the engine; what they hold cannot be removed before."""
    deadline = time.monotonic() + GOES_WITHIN_S
    while time.monotonic() < deadline:
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.25)
    raise RuntimeError(f"{folder} cannot be removed: something of the engine is left in it")
