"""Servers as processes, a line that breaks, and two clients that others wrote: what resumable uploads are tried with."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from infra.real_services import spare_port
from npm_packages import npm_packages
from platform_world import write_challenge
from waiting import until

from sonobench_platform.config import Settings
from sonobench_platform.wiring import Platform

CLIENTS = Path(__file__).resolve().parent.parent / "tus_clients"
METHODS = (b"POST ", b"PATCH ", b"HEAD ", b"DELETE ", b"OPTIONS ")


@dataclass
class Servers:
    """One platform whose API runs in processes of its own: as many as are asked for, on one home and one database."""

    home: Path
    settings: dict[str, str] = field(default_factory=dict)
    processes: dict[int, subprocess.Popen[bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.platform = Platform(Settings(home=self.home, min_free_bytes=0))
        self.platform.prepare()
        self.platform.register_challenge(write_challenge(self.home.parent / "challenge"))
        # One for all calls: making one costs more than a call. Connections are not kept: a server that is killed breaks them.
        self._http = httpx.Client(timeout=20, trust_env=False, limits=httpx.Limits(max_keepalive_connections=0))
        self.organiser = self.platform.organiser_token_file.read_text().strip()

    def start(self, port: int | None = None) -> int:
        """Start one on this port, or on a free one; returns the port once it answers."""
        port = port or spare_port()
        command = [sys.executable, "-m", "uvicorn", "--factory", "sonobench_platform.app:create_app", "--port", str(port)]
        environment = {**os.environ, "SONOBENCH_HOME": str(self.home), "SONOBENCH_MIN_FREE_BYTES": "0", **self.settings}
        with (self.home.parent / f"server-{port}.log").open("ab") as log:
            self.processes[port] = subprocess.Popen([*command, "--log-level", "warning"], env=environment, stdout=log, stderr=log)
        until(lambda: self._answers(port), "the server to answer")
        return port

    def kill(self, port: int) -> None:
        """SIGKILL: no handler, no `finally`."""
        process = self.processes.pop(port)
        process.kill()
        process.wait()

    def close(self) -> None:
        for port in list(self.processes):
            self.kill(port)
        self._http.close()
        self.platform.close()

    def team(self, port: int, name: str = "Team") -> str:
        """A new team's token."""
        headers = {"Authorization": f"Bearer {self.organiser}"}
        answer = self._http.post(f"http://127.0.0.1:{port}/api/v1/teams", json={"name": name}, headers=headers)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["token"])

    def submissions(self, port: int) -> list[dict[str, Any]]:
        headers = {"Authorization": f"Bearer {self.organiser}"}
        answer = self._http.get(f"http://127.0.0.1:{port}/api/v1/submissions", headers=headers)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["items"])

    def bytes_on_disk(self) -> int:
        """Of unfinished uploads."""
        sizes = 0
        for path in (self.home / "uploads").glob("*.part"):
            with suppress(FileNotFoundError):
                sizes += path.stat().st_size
        return sizes

    def log(self) -> str:
        return "\n".join(path.read_text() for path in self.home.parent.glob("server-*.log"))

    def _answers(self, port: int) -> bool:
        assert self.processes[port].poll() is None, self.log()
        with suppress(httpx.HTTPError):
            return self._http.get(f"http://127.0.0.1:{port}/healthz", timeout=5).is_success
        return False


class BadLine:
    """A TCP proxy. Of every `one_in` requests one is dropped: in turn its answer is lost, its body is cut, it never arrives.

    With `stalls_after` it carries about so many bytes from clients, and no more until `go_on`: whoever is to be caught in the
    middle stays there, however slow the machine is.
    """

    def __init__(
        self, port: int, *, one_in: int | None = None, bytes_per_s: float | None = None, stalls_after: int | None = None
    ) -> None:
        self._target = port
        self._one_in = one_in
        self._bytes_per_s = bytes_per_s
        self._stalls_after = stalls_after
        self._loop = asyncio.new_event_loop()
        self.port = 0
        self.requests = 0
        self.carried_bytes = 0
        self.dropped: list[str] = []
        started = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(started,), daemon=True)
        self._thread.start()
        started.wait(10)

    def go_on(self) -> None:
        """Stall no more."""
        self._loop.call_soon_threadsafe(self._way.set)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(10)

    def _run(self, started: threading.Event) -> None:
        self._loop.run_until_complete(self._serve(started))
        self._loop.close()

    async def _serve(self, started: threading.Event) -> None:
        self._end, self._way = asyncio.Event(), asyncio.Event()
        server = await asyncio.start_server(self._connection, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        started.set()
        await self._end.wait()
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(0.05)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream = None
        try:
            to_read, upstream = await asyncio.open_connection("127.0.0.1", self._target)
            cut = asyncio.Event()
            pumps = {
                asyncio.ensure_future(self._forward(reader, upstream, cut)),
                asyncio.ensure_future(self._answer(to_read, writer, cut)),
            }
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
        except OSError:
            pass
        finally:
            for each in (writer, upstream):
                if each is not None:
                    each.transport.abort()

    async def _forward(self, reader: asyncio.StreamReader, upstream: asyncio.StreamWriter, cut: asyncio.Event) -> None:
        cut_after: int | None = None
        while chunk := await reader.read(1 << 16):
            self.carried_bytes += len(chunk)
            if chunk.startswith(METHODS):
                cut_after = self._fate(cut)
            if cut_after is not None:
                upstream.write(chunk[:cut_after])
                cut_after -= len(chunk)
                if cut_after <= 0:
                    await upstream.drain()
                    return
            else:
                upstream.write(chunk)
            await upstream.drain()
            if self._bytes_per_s is not None:
                await asyncio.sleep(len(chunk) / self._bytes_per_s)
            if self._stalls_after is not None and self.carried_bytes >= self._stalls_after:
                await self._way.wait()

    def _fate(self, cut: asyncio.Event) -> int | None:
        """After how many bytes this request is cut off; None: not at all."""
        self.requests += 1
        if self._one_in is None or self.requests % self._one_in != 1:
            return None
        kind = ("answer lost", "body cut", "never arrived")[len(self.dropped) % 3]
        self.dropped.append(kind)
        if kind == "answer lost":
            cut.set()
            return None
        return 300_000 if kind == "body cut" else 0

    async def _answer(self, to_read: asyncio.StreamReader, writer: asyncio.StreamWriter, cut: asyncio.Event) -> None:
        while chunk := await to_read.read(1 << 16):
            if cut.is_set():
                return
            writer.write(chunk)
            await writer.drain()


class Client:
    """One client process and what it tells."""

    def __init__(self, kind: str, **orders: Any) -> None:
        command = {
            "tus-js-client": lambda: ["node", str(npm_packages(CLIENTS) / "upload.mjs")],
            "tuspy": lambda: [sys.executable, "-W", "ignore", str(CLIENTS / "upload.py")],
        }[kind]()
        self._process = subprocess.Popen(
            [*command, json.dumps(orders)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL
        )
        self.told: list[dict[str, Any]] = []
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.told.append(json.loads(line))

    def said(self, what: str) -> Any:
        """The last value told under this name, or None."""
        return next((line[what] for line in reversed(self.told) if what in line), None)

    def kill(self) -> None:
        self._process.kill()
        self._end()

    def wait(self, within_s: float = 150.0) -> None:
        """Until it ends well."""
        try:
            status = self._process.wait(within_s)
        except subprocess.TimeoutExpired:
            self.kill()
            pytest.fail(f"the client did not end within {within_s:g} s; it told {self.told[-5:]}")
        errors = self._end()
        assert status == 0, (self.told[-3:], errors)
        assert self.said("done"), self.told[-3:]

    def _end(self) -> str:
        self._process.wait()
        self._thread.join()
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        errors = self._process.stderr.read().decode()
        self._process.stdout.close()
        self._process.stderr.close()
        return errors
