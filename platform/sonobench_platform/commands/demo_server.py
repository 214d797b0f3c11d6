"""The demo's server: `sonobench serve --with-workers` as a child, ended on every way out."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

from sonobench_eval.cli.console import say
from sonobench_platform.commands.trouble import CommandError
from sonobench_platform.queue.child import end_child, is_running, start_child

FIRST_PORT = 8100
_PORTS_TRIED = 100
_READY_WITHIN_S = 60.0
_END_WITHIN_S = 60.0


class DemoServer:
    """A running server. Ask `check` now and then whether it still runs."""

    def __init__(self, process: subprocess.Popen[bytes], *, address: str, log: Path) -> None:
        self._process = process
        self.address = address
        self._log = log

    def check(self) -> None:
        """Raises CommandError where the server has ended."""
        if not is_running(self._process):
            raise CommandError(f"the server ended unexpectedly; {self._log} says why")

    def wait_until_ready(self) -> None:
        """Raises CommandError where it does not answer in time."""
        until = time.monotonic() + _READY_WITHIN_S
        while time.monotonic() < until:
            self.check()
            with suppress(httpx.HTTPError):
                if httpx.get(f"{self.address}/healthz", timeout=2).is_success:
                    return
            time.sleep(0.1)
        raise CommandError(f"the server did not answer within {_READY_WITHIN_S:g} s; {self._log} says why")

    def wait_for_its_end(self) -> None:
        """Wait as long as it serves. Raises CommandError when it ends by itself."""
        while True:
            self.check()
            time.sleep(0.5)


@contextmanager
def serving(home: Path, port: int | None) -> Iterator[DemoServer]:
    """A server on `home` with its workers, ready to answer; gone afterwards with everything it started.

    The socket is opened here and handed over: another program that wants the same port can neither take it nor
    answer in the server's place.

    Raises:
        CommandError: the port is taken, or the server does not come up.
    """
    log = home / "logs" / "serve.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with listen(port) as listener:
        command = [sys.executable, "-m", "sonobench_platform.commands", "serve", "--with-workers", "--drain-grace", "0"]
        options = ["--home", str(home), "--fd", str(listener.fileno())]
        process = start_child([*command, *options], log=log, inherited=[listener.fileno()])
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    server = DemoServer(process, address=address, log=log)
    try:
        server.wait_until_ready()
        yield server
    finally:
        if is_running(process):
            say("Ending the server and its workers.")
        end_child(process, grace_s=_END_WITHIN_S)


def listen(wanted: int | None) -> socket.socket:
    """A socket on `wanted`; where nothing is wanted, on the first free port from 8100 on.

    Raises:
        CommandError: it is taken.
    """
    for port in [wanted] if wanted is not None else range(FIRST_PORT, FIRST_PORT + _PORTS_TRIED):
        try:
            return socket.create_server(("127.0.0.1", port), backlog=2048)
        except OSError:
            continue
    taken = f"port {wanted} is" if wanted is not None else f"ports {FIRST_PORT} to {FIRST_PORT + _PORTS_TRIED - 1} are"
    raise CommandError(f"{taken} taken on this machine; choose another with --port")
