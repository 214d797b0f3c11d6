"""A receiver of webhooks on loopback: keeps what came, and answers as a test wants."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Came:
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """What it got. `answers` are statuses for the next requests, then 204. `names` are those that TLS clients asked for."""

    port: int = 0
    got: list[Came] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    dribble_s: float = 0.0
    names: list[str | None] = field(default_factory=list)


@contextmanager
def hook_receiver(*, context: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """Receive until the block ends; over TLS with a context."""
    told = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = int(self.headers.get("Content-Length", 0))
            told.got.append(Came(self.path, dict(self.headers.items()), self.rfile.read(size)))
            if told.dribble_s:
                self._dribble()
                return
            self.send_response(told.answers.pop(0) if told.answers else 204)
            for name, value in told.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def _dribble(self) -> None:
            until = time.monotonic() + told.dribble_s
            try:
                self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                while time.monotonic() < until:
                    self.wfile.write(b"x")
                    self.wfile.flush()
                    time.sleep(0.05)
            except OSError:
                pass

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = False
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    if context is not None:
        context.sni_callback = lambda _socket, name, _context: told.names.append(name)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    told.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield told
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
