"""Sending one webhook message, signed by Standard Webhooks, to the very address that the guard looked at.

No redirect is followed, no proxy asked, little is read and nothing of it kept: what an address answers is nobody's business
but its status.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException
from typing import NamedTuple

from standardwebhooks import Webhook

from sonobench_eval import __version__
from sonobench_platform.config import Settings
from sonobench_platform.notices.guard import Resolve, Target, aim, resolve
from sonobench_platform.notices.sending import Gone, TryLater, Unreachable

CONNECT_S = 5.0
TOTAL_S = 15.0
MOST_BYTES = 64 << 10


class Message(NamedTuple):
    """A message for a webhook: its id stays the same however often it is sent."""

    id: str
    url: str
    secret: str
    body: str


def send_message(settings: Settings, message: Message, *, at: datetime, resolve: Resolve = resolve) -> None:
    """Sign and send; returns once the receiver answered with a status of 200 to 299.

    Raises:
        Refused: the address may not be asked. Gone: it answered 410. TryLater, Unreachable: not this time.
    """
    target = aim(settings, message.url, resolve=resolve)
    body = message.body.encode()
    status = _post(target, body, _headers(message, at, body))
    if status == 410:
        raise Gone("the address answered 410: it wants nothing any more")
    if 300 <= status < 400:
        raise TryLater(f"the address answered {status}: redirects are not followed, name the address itself")
    if not 200 <= status < 300:
        raise TryLater(f"the address answered {status}")


def _headers(message: Message, at: datetime, body: bytes) -> dict[str, str]:
    return {
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "User-Agent": f"Sonobench/{__version__}",
        "webhook-id": message.id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(message.secret).sign(msg_id=message.id, timestamp=at.astimezone(UTC), data=message.body),
        "Connection": "close",
    }


def _post(target: Target, body: bytes, headers: dict[str, str]) -> int:
    connection = _Pinned(target)
    try:
        with _at_most(connection, TOTAL_S):
            connection.request("POST", target.path, body=body, headers=headers)
            answer = connection.getresponse()
            answer.read(MOST_BYTES)
            return answer.status
    except ssl.SSLCertVerificationError as error:
        raise Unreachable(f"the certificate of {target.host} is not valid: {error.verify_message}") from None
    except (OSError, HTTPException, ValueError) as error:
        raise Unreachable(f"{target.host} did not answer as a web server does ({type(error).__name__})") from None
    finally:
        connection.close()


class _Pinned(HTTPConnection):
    """A connection to an address that is given, under a name that is given: nothing is resolved here."""

    def __init__(self, target: Target) -> None:
        super().__init__(target.host, target.port, timeout=CONNECT_S)
        self.default_port = 443 if target.is_https else 80  # so that the Host header says it only where it is another
        self._target = target

    def connect(self) -> None:
        self.sock = socket.create_connection((self._target.address, self._target.port), timeout=CONNECT_S)
        if self._target.is_https:
            self.sock = ssl.create_default_context().wrap_socket(self.sock, server_hostname=self._target.host)


@contextmanager
def _at_most(connection: HTTPConnection, seconds: float) -> Iterator[None]:
    """Break a connection off after so long: one that sends a byte now and then would never meet its own timeout."""

    broken = threading.Event()

    def break_off() -> None:
        broken.set()
        if (sock := connection.sock) is not None:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, break_off)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
    if broken.is_set():  # the end of its headers may have looked like an answer
        raise TimeoutError
