"""`sonobench serve`: the API and the pages, with the private broker and, where wished, the workers as children.

Everything that was started ends with this process: on Ctrl-C and SIGTERM in a good order (workers first, so that a run
in hand is given back), and after SIGKILL because every child carries the kernel's parent-death signal.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import uvicorn

from sonobench_platform.accounts.service import TokenFileError
from sonobench_platform.app import create_app
from sonobench_platform.commands.journal import start_journal
from sonobench_platform.commands.opening import opened
from sonobench_platform.commands.supervisor import ChildSpec, Supervisor
from sonobench_platform.commands.trouble import CommandError, told_in_a_sentence
from sonobench_platform.config import Settings
from sonobench_platform.queue.embedded import EmbeddedRedis, EmbeddedRedisError, redis_server
from sonobench_platform.registry.configuration import program, write_configuration
from sonobench_platform.runs.presence import presence
from sonobench_platform.web.submission_events import end_watching
from sonobench_platform.wiring import Platform

log = logging.getLogger(__name__)

_CLOSE_CONNECTIONS_WITHIN_S = 5
_CHILD_END_MARGIN_S = 25.0
_POLL_WITH_BROKER_S, _POLL_ALONE_S = 10.0, 2.0


def serve(settings: Settings, *, with_workers: bool, drain_grace_s: float, fd: int | None = None) -> None:
    """Serve until SIGTERM or SIGINT; where that cannot start, say why and exit with 1.

    With `fd` it serves on that listening socket, which whoever opened it chose.
    """
    start_journal("serve")
    signal.signal(signal.SIGTERM, _end_like_interrupt)
    with told_in_a_sentence(EmbeddedRedisError, TokenFileError), ExitStack() as held:
        settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        held.enter_context(_only_server_of(settings.home))
        listener = held.enter_context(_listener(settings.host, settings.port) if fd is None else socket.socket(fileno=fd))
        host, port = listener.getsockname()[:2]
        address = f"http://{_shown_host(host)}:{port}"
        settings = settings.model_copy(update=_addresses(settings, address))
        broker = _private_broker(settings, held)
        if broker is not None:
            settings = settings.model_copy(update={"broker_url": broker.broker_url})
        children = _workers(settings, drain_grace_s=drain_grace_s) if with_workers else []
        children += _registry(settings)
        supervisor = held.enter_context(Supervisor(children, broker=broker, grace_s=drain_grace_s + _CHILD_END_MARGIN_S))
        platform = held.enter_context(opened(settings))
        _run(platform, listener, supervisor, address=address)


def _run(platform: Platform, listener: socket.socket, supervisor: Supervisor, *, address: str) -> None:
    config = uvicorn.Config(
        create_app(platform=platform),
        log_config=None,
        access_log=False,
        proxy_headers=False,  # whose X-Forwarded-For counts is for `trusted_proxies` to say
        timeout_graceful_shutdown=_CLOSE_CONNECTIONS_WITHIN_S,
        server_header=False,
    )
    try:
        _Server(config, supervisor, presence(platform.core), address=address).run(sockets=[listener])
    except KeyboardInterrupt:
        log.info("ending")


class _Server(uvicorn.Server):
    """Starts the workers once connections are accepted, and answers them until they have ended. All that time it is `present`."""

    def __init__(
        self, config: uvicorn.Config, supervisor: Supervisor, present: AbstractContextManager[None], *, address: str
    ) -> None:
        super().__init__(config)
        self._supervisor = supervisor
        self._present = present
        self._held = ExitStack()
        self._address = address

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._held.enter_context(self._present)
            self._supervisor.start_children()
            print(f"Sonobench serves at {self._address} (Ctrl-C ends it)", flush=True)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # A run worker that leaves gives its run back, and somebody must be there to take it.
        await asyncio.to_thread(self._supervisor.end)
        await asyncio.to_thread(self._held.close)
        end_watching(self.config.app)
        await super().shutdown(sockets)


def _end_like_interrupt(*_: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # told once is enough: a second one must not cut the ending short
    raise KeyboardInterrupt


def _addresses(settings: Settings, address: str) -> dict[str, str]:
    """Where others find this server, unless the configuration says otherwise."""
    return {name: address for name in ("public_url", "api_url") if name not in settings.model_fields_set}


def _private_broker(settings: Settings, held: ExitStack) -> EmbeddedRedis | None:
    if settings.broker_url is not None:
        return None
    if redis_server() is None:
        log.warning("redis-server is not installed: workers poll instead of being woken, which is slower by seconds")
        return None
    return held.enter_context(EmbeddedRedis(settings.home))


def _workers(settings: Settings, *, drain_grace_s: float) -> list[ChildSpec]:
    poll = ["--poll", str(_POLL_ALONE_S if settings.broker_url is None else _POLL_WITH_BROKER_S)]
    environment = {**os.environ, **_told(settings)}
    logs = settings.home / "logs"
    logs.mkdir(exist_ok=True)
    return [
        ChildSpec("score worker", [*_SONOBENCH, "worker", "score"], environment, logs / "score-worker.log"),
        ChildSpec(
            "run worker",
            [*_SONOBENCH, "worker", "run", "--drain-grace", str(drain_grace_s), *poll],
            # What runs strangers' images does not know where the database is.
            {name: value for name, value in environment.items() if name != "SONOBENCH_DATABASE_URL"},
            logs / "run-worker.log",
        ),
    ]


def _registry(settings: Settings) -> list[ChildSpec]:
    """A private registry, where one is wanted.

    Raises:
        CommandError: its program is not installed.
    """
    if settings.registry_port is None:
        return []
    found = program()
    if found is None:
        raise CommandError("SONOBENCH_REGISTRY_PORT is set and no registry is installed; apt-get install docker-registry")
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    configured = write_configuration(settings, address=f"{host}:{settings.registry_port}")
    logs = settings.home / "logs"
    logs.mkdir(exist_ok=True)
    return [ChildSpec("registry", [found, "serve", str(configured)], dict(os.environ), logs / "registry.log")]


_SONOBENCH = [sys.executable, "-m", "sonobench_platform.commands"]


def _told(settings: Settings) -> dict[str, str]:
    """The part of the configuration that options may have changed, for children."""
    return {
        "SONOBENCH_HOME": str(settings.home),
        "SONOBENCH_API_URL": settings.api_url,
        "SONOBENCH_PUBLIC_URL": settings.public_url,
        "PYTHONUNBUFFERED": "1",
    }


@contextmanager
def _only_server_of(home: Path) -> Iterator[None]:
    lock = os.open(home / "serve.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CommandError(f"another sonobench serves {home} already; stop it, or choose another --home") from None
        yield
    finally:
        os.close(lock)


def _listener(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise CommandError(f"cannot listen on {host} port {port} ({error.strerror}); choose another --port or --host") from None


def _shown_host(host: str) -> str:
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - what the operator asked for; only shown here
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
