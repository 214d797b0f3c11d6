"""A private broker: a `redis-server` child on a Unix socket, so that nobody has to run a server.

No TCP port, nothing on disk, a folder only its owner may enter. Losing it loses nothing: the database is the truth
and the sweeper re-sends what is due. Where `redis-server` is not installed there is no broker, and workers poll.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import socket
import stat
import subprocess
import time
from pathlib import Path
from types import TracebackType

from sonobench_platform.queue.child import end_child, start_child

# sockaddr_un.sun_path holds 108 bytes with the closing zero on Linux.
_LONGEST_SOCKET_PATH = 107
_READY_WITHIN_S = 30.0


class EmbeddedRedisError(Exception):
    """The private broker could not be started; the message says why."""


def redis_server() -> str | None:
    """The path of `redis-server`, or None where it is not on the PATH."""
    return shutil.which("redis-server")


def socket_path(home: Path) -> Path:
    """Where the broker of `home` listens: under `home`, or in a short folder of its own where that path is too long."""
    path = home.resolve() / "run" / "redis.sock"
    if len(os.fsencode(path)) <= _LONGEST_SOCKET_PATH:
        return path
    name = hashlib.sha256(os.fsencode(home.resolve())).hexdigest()[:16]
    return Path(f"/tmp/sonobench-{os.getuid()}-{name}/redis.sock")  # noqa: S108 - made 0700 and checked to be ours


def socket_url(home: Path) -> str:
    """The broker address of `home` for Celery."""
    return f"redis+socket://{socket_path(home)}"


class EmbeddedRedis:
    """One private broker. `start`, then `restart_if_dead` now and then, then `stop`; or a `with` block."""

    def __init__(self, home: Path) -> None:
        self._home = home.resolve()
        self.socket = socket_path(home)
        self._child: subprocess.Popen[bytes] | None = None
        self._lock: int | None = None

    @property
    def broker_url(self) -> str | None:
        """`redis+socket:///...`, or None where `redis-server` is missing."""
        return socket_url(self._home) if redis_server() else None

    @property
    def pid(self) -> int | None:
        return None if self._child is None or self._child.poll() is not None else self._child.pid

    def start(self) -> None:
        """Start the broker and wait until it answers. A socket file left by a dead one is replaced.

        Raises:
            EmbeddedRedisError: it is not installed, another process runs it for the same home, or it does not come up.
        """
        if redis_server() is None:
            raise EmbeddedRedisError("redis-server is not installed; install it, or let the workers poll (no broker)")
        _make_private(self.socket.parent)
        if self._lock is None:
            self._lock = _take_lock(self.socket.with_name("redis.lock"), self._home)
        self._spawn()

    def restart_if_dead(self) -> bool:
        """Start the broker again where it has died; True where that was needed."""
        if self._lock is None or self.pid is not None:
            return False
        self._spawn()
        return True

    def stop(self) -> None:
        """End the broker and remove its socket. Harmless when it never ran."""
        if self._child is not None:
            end_child(self._child, grace_s=5)
            self._child = None
        if self._lock is not None:
            self.socket.unlink(missing_ok=True)
            self.socket.with_name("redis.lock").unlink(missing_ok=True)
            os.close(self._lock)
            self._lock = None
            if self._home not in self.socket.parents:
                self.socket.parent.rmdir()

    def __enter__(self) -> EmbeddedRedis:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def _spawn(self) -> None:
        logs = self._home / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        self.socket.unlink(missing_ok=True)
        self._child = start_child(_command(self.socket), log=logs / "redis.log")
        try:
            _wait_until_ready(self.socket, self._child, logs / "redis.log")
        except EmbeddedRedisError:
            end_child(self._child, grace_s=1)
            raise


def answers(path: Path) -> bool:
    """True where a Redis server answers PING on the socket `path` within a second."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(1.0)
            connection.connect(str(path))
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False


def _command(path: Path) -> list[str]:
    options = {
        "port": "0",
        "unixsocket": str(path),
        "unixsocketperm": "700",
        "dir": str(path.parent),
        "save": "",
        "appendonly": "no",
        "daemonize": "no",
        "loglevel": "warning",
        "maxmemory": "64mb",
        "maxmemory-policy": "noeviction",
    }
    return [redis_server() or "redis-server", *(part for name, value in options.items() for part in (f"--{name}", value))]


def _make_private(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise EmbeddedRedisError(f"{folder} belongs to someone else; remove it, or choose another home")
    folder.chmod(0o700)


def _take_lock(path: Path, home: Path) -> int:
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise EmbeddedRedisError(
            f"another sonobench already runs a broker for {home}; stop it, or choose another --home"
        ) from None
    return lock


def _wait_until_ready(path: Path, child: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _READY_WITHIN_S
    while time.monotonic() < deadline:
        if child.poll() is not None:
            raise EmbeddedRedisError(f"redis-server ended with status {child.returncode}; see {log}")
        if answers(path):
            return
        time.sleep(0.02)
    raise EmbeddedRedisError(f"redis-server did not answer within {_READY_WITHIN_S:g} s; see {log}")
