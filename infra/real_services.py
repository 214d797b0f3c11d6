"""PostgreSQL and Redis as Debian ships them, started privately for tests and soaks: spare ports, own folders, nothing kept.

Each ends with whoever started it, killed or not. Durability is off: what a test wrote need not outlive the machine.
PostgreSQL refuses to run as root, so root hands it to an unprivileged account.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg
import redis
from psycopg import sql

READY_WITHIN_S = 60.0
END_WITHIN_S = 20.0
TRIES = 3
"""A spare port may be taken by someone else between its choice and its use."""

DEBIAN_POSTGRES = Path("/usr/lib/postgresql")
"""Where Debian has the server's programs, one folder for each version."""

_SERVER_PORTS = range(20_000, 32_000)
_PREFIX = "sonobench-test-"
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


class ServiceMissing(Exception):
    """What a test needs is not installed here; the message names the package."""


class ServiceBroken(Exception):
    """It is installed and does not start; the message has its last words."""


@dataclass(frozen=True, slots=True)
class Account:
    """Whose process a service is, and whose folder."""

    uid: int
    gid: int

    @property
    def is_other(self) -> bool:
        return self.uid != os.geteuid()


def unprivileged() -> Account:
    """This user; for root the distribution's `postgres`, else `nobody`."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            found = pwd.getpwnam(name)
            return Account(found.pw_uid, found.pw_gid)
    raise ServiceMissing("there is neither an account postgres nor nobody to run PostgreSQL as")


def postgres_programs() -> Path:
    """The folder with `postgres`, `initdb` and `pg_dump`: the newest that the distribution installed, or that of the PATH.

    Raises:
        ServiceMissing: there is none.
    """
    found = [path.parent for path in DEBIAN_POSTGRES.glob("*/bin/postgres")]
    if found:
        return max(found, key=lambda folder: int(folder.parent.name) if folder.parent.name.isdigit() else 0)
    on_path = shutil.which("postgres")
    if on_path is None:
        raise ServiceMissing("PostgreSQL is not installed; install the package postgresql, or run `make setup`")
    return Path(on_path).resolve().parent


def spare_port() -> int:
    """A loopback port that nobody listens on, below those that the kernel gives to clients: a server that is away for a moment,
    or has not come yet, does not lose it to one."""
    for port in secrets.SystemRandom().sample(_SERVER_PORTS, len(_SERVER_PORTS)):
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise ServiceBroken(f"every port from {_SERVER_PORTS.start} to {_SERVER_PORTS.stop - 1} is taken")


class PostgresServer:
    """One private server: on a Unix socket in its folder without a password, and on a loopback port with one."""

    def __init__(self) -> None:
        self._programs = postgres_programs()
        self._account = unprivileged()
        self.password = secrets.token_hex(16)
        self.folder = _own_folder(self._account)
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Make the cluster, start it and wait until it answers.

        Raises:
            ServiceBroken: it does not come up.
        """
        self._make_cluster()
        self.restart()

    def restart(self) -> None:
        """Start the server on the cluster that is there, on its old port where it had one.

        Raises:
            ServiceBroken: it does not come up.
        """
        for _ in range(TRIES):
            self.port = self.port or spare_port()
            options = ["-k", str(self.folder), "-h", "127.0.0.1", "-p", str(self.port)]
            options += [part for setting in _FAST for part in ("-c", setting)]
            command = [str(self._programs / "postgres"), "-D", str(self.folder / "data"), *options]
            self._process = _start(command, log=self.folder / "log", account=self._account, at_death=signal.SIGQUIT)
            if _came_up(self._process, self._answers):
                return
            self.port = 0
        raise ServiceBroken(f"PostgreSQL does not start: {_last_words(self.folder / 'log')}")

    def stop(self) -> None:
        """End the server and remove its folder. Harmless when it never ran."""
        self.end(signal.SIGINT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def end(self, how: signal.Signals) -> None:
        """Send a signal and wait for the end: SIGINT breaks connections off, SIGQUIT is a crash."""
        if self._process is not None:
            _end(self._process, how)
            self._process = None

    def create_database(self, name: str, *, template: str | None = None, encoding: str | None = None) -> None:
        source = sql.SQL("") if template is None else sql.SQL(" TEMPLATE {}").format(sql.Identifier(template))
        if encoding is not None:
            source += sql.SQL(" ENCODING {}").format(sql.Literal(encoding))
        self._execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)) + source)

    def drop_database(self, name: str) -> None:
        self._execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def url(self, database: str) -> str:
        """For SQLAlchemy, over the socket."""
        return f"postgresql://sonobench@/{database}?host={self.folder}&port={self.port}"

    def tcp_url(self, database: str) -> str:
        """For SQLAlchemy, over TCP with a password, as in production."""
        return f"postgresql://sonobench:{self.password}@127.0.0.1:{self.port}/{database}"

    def break_connections(self, database: str) -> None:
        """End every connection to a database from the server's side."""
        ending = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {} AND pid <> pg_backend_pid()"
        self._execute(sql.SQL(ending).format(sql.Literal(database)))

    def _execute(self, statement: sql.Composed) -> None:
        with psycopg.connect(self._address, autocommit=True) as connection:
            connection.execute(statement)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self._address, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    @property
    def _address(self) -> str:
        return f"host={self.folder} port={self.port} user=sonobench dbname=postgres"

    def _make_cluster(self) -> None:
        secret = self.folder / "password"
        secret.write_text(self.password)
        _give(secret, self._account)
        trusted_here = ["--auth-local=trust", "--auth-host=scram-sha-256", f"--pwfile={secret}"]
        plain = ["--username=sonobench", "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"]
        command = [str(self._programs / "initdb"), "-D", str(self.folder / "data"), *plain, *trusted_here]
        made = _start(command, log=self.folder / "log", account=self._account, at_death=signal.SIGTERM)
        if made.wait(READY_WITHIN_S) != 0:
            raise ServiceBroken(f"initdb failed: {_last_words(self.folder / 'log')}")
        secret.unlink()


_FAST = (
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "autovacuum=off",
    "max_connections=200",
    "shared_buffers=64MB",
    "max_wal_size=4GB",
    "wal_level=minimal",
    "max_wal_senders=0",
    "log_min_messages=warning",
)


class RedisServer:
    """One private server on a loopback port, with a password, nothing on disk."""

    def __init__(self) -> None:
        program = shutil.which("redis-server")
        if program is None:
            raise ServiceMissing("Redis is not installed; install the package redis-server, or run `make setup`")
        self._program = program
        self.password = secrets.token_hex(16)
        self.folder = _own_folder(Account(os.geteuid(), os.getegid()))
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, on its old port where it had one, and wait until it answers.

        Raises:
            ServiceBroken: it does not come up.
        """
        for _ in range(TRIES):
            self.port = self.port or spare_port()
            configuration = self.folder / "redis.conf"
            configuration.write_text(_REDIS.format(port=self.port, password=self.password, folder=self.folder))
            account = Account(os.geteuid(), os.getegid())
            command = [self._program, str(configuration)]
            self._process = _start(command, log=self.folder / "log", account=account, at_death=signal.SIGTERM)
            if _came_up(self._process, self._answers):
                return
            self.port = 0
        raise ServiceBroken(f"Redis does not start: {_last_words(self.folder / 'log')}")

    @property
    def pid(self) -> int | None:
        return None if self._process is None or self._process.poll() is not None else self._process.pid

    def url(self, number: int = 0) -> str:
        """For Celery; `number` is the database in it, 0 to 15."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/{number}"

    def client(self, number: int = 0) -> redis.Redis:
        return redis.Redis(host="127.0.0.1", port=self.port, password=self.password, db=number)

    def end(self, how: signal.Signals) -> None:
        if self._process is not None:
            _end(self._process, how)
            self._process = None

    def stop(self) -> None:
        """End the server and remove its folder. Harmless when it never ran."""
        self.end(signal.SIGTERM)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _answers(self) -> bool:
        try:
            with self.client() as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False


_REDIS = """\
bind 127.0.0.1
port {port}
requirepass {password}
dir {folder}
save ""
appendonly no
"""


def _own_folder(account: Account) -> Path:
    """A short path (a socket's is limited) that this account may enter. Folders of dead sessions go first."""
    for old in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        pid = old.name.removeprefix(_PREFIX).split("-")[0]
        if pid.isdigit() and not Path(f"/proc/{pid}").exists():
            shutil.rmtree(old, ignore_errors=True)
    made = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
    _give(made, account)
    return made


def _give(path: Path, account: Account) -> None:
    if account.is_other:
        os.chown(path, account.uid, account.gid)


def _start(command: Sequence[str], *, log: Path, account: Account, at_death: signal.Signals) -> subprocess.Popen[bytes]:
    """A child under an account that gets `at_death` when this process dies."""
    parent = os.getpid()

    def before_exec() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, int(at_death), 0, 0, 0)  # after the account: changing that clears it
        if os.getppid() != parent:
            os._exit(1)

    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=log.parent,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C", "HOME": str(log.parent)},
            start_new_session=True,
            preexec_fn=before_exec,  # noqa: PLW1509 - two system calls, no lock
            user=account.uid if account.is_other else None,
            group=account.gid if account.is_other else None,
            extra_groups=[] if account.is_other else None,
        )


def _came_up(process: subprocess.Popen[bytes], answers: Callable[[], bool]) -> bool:
    until = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < until:
        if process.poll() is not None:
            return False
        if answers():
            return True
        time.sleep(0.05)
    _end(process, signal.SIGKILL)
    return False


def _end(process: subprocess.Popen[bytes], how: signal.Signals) -> None:
    if process.poll() is None:
        process.send_signal(how)
    try:
        process.wait(END_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _last_words(log: Path) -> str:
    return log.read_text(errors="replace")[-1000:] if log.exists() else "it wrote nothing"
