"""A tiny mail server on loopback: takes mails over SMTP, in clear, after STARTTLS or in TLS, and keeps them for a test."""

from __future__ import annotations

import asyncio
import base64
import email
import email.policy
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage


@dataclass
class Taken:
    """A mail as it came: its envelope and its message."""

    sender: str
    to: list[str]
    message: EmailMessage
    in_tls: bool
    user: str | None


@dataclass
class MailServer:
    """What it took. `refuse` answers a recipient with this line, once per line; `drop` hangs up at the next DATA."""

    port: int = 0
    mails: list[Taken] = field(default_factory=list)
    refuse: list[str] = field(default_factory=list)
    password: str | None = None
    drop: int = 0


@contextmanager
def mail_server(*, context: ssl.SSLContext | None = None, tls_from_the_start: bool = False) -> Iterator[MailServer]:
    """Serve until the block ends. With a context it offers STARTTLS, or speaks TLS from the start."""
    told, ready, loop = MailServer(), threading.Event(), asyncio.new_event_loop()
    ending = asyncio.Event()

    async def serve() -> None:
        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await _Session(told, reader, writer, None if tls_from_the_start else context, in_tls=tls_from_the_start).talk()
            except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
                pass
            finally:
                writer.close()

        server = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=context if tls_from_the_start else None)
        told.port = server.sockets[0].getsockname()[1]
        ready.set()
        await ending.wait()
        server.close()

    def run() -> None:
        loop.run_until_complete(serve())
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0.05))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()

    thread = threading.Thread(target=run)  # all of it there: a test that drives a browser has a loop of its own
    thread.start()
    ready.wait()
    try:
        yield told
    finally:
        loop.call_soon_threadsafe(ending.set)
        thread.join()


class _Session:
    """One client's session."""

    def __init__(
        self,
        told: MailServer,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        context: ssl.SSLContext | None,
        *,
        in_tls: bool,
    ) -> None:
        self._told, self._reader, self._writer, self._context = told, reader, writer, context
        self._in_tls, self._sender, self._to = in_tls, "", list[str]()
        self._user: str | None = None

    async def talk(self) -> None:
        await self._say("220 mail.test ready")
        while line := (await self._reader.readline()).decode().strip():
            verb = line.split(" ")[0].upper()
            if verb == "QUIT":
                await self._say("221 bye")
                return
            if verb == "DATA" and self._told.drop:
                self._told.drop -= 1
                return
            await self._answer(verb, line)

    async def _answer(self, verb: str, line: str) -> None:
        match verb:
            case "EHLO":
                offers = [*(["STARTTLS"] if self._context else []), *(["AUTH PLAIN"] if self._told.password else []), "SMTPUTF8"]
                await self._say("250-mail.test", *(f"250-{each}" for each in offers), "250 8BITMIME")
            case "STARTTLS":
                await self._say("220 go ahead")
                await self._writer.start_tls(self._context)  # type: ignore[arg-type]
                self._in_tls, self._context = True, None
            case "AUTH":
                _, user, password = base64.b64decode(line.split(" ")[2]).decode().split("\0")
                self._user = user if password == self._told.password else None
                await self._say("235 welcome" if self._user else "535 5.7.8 who are you")
            case "MAIL":
                self._sender, self._to = line.split("<")[1].split(">", maxsplit=1)[0], []
                await self._say("250 ok")
            case "RCPT":
                refusal = self._told.refuse.pop(0) if self._told.refuse else None
                self._to.append(line.split("<")[1].split(">", maxsplit=1)[0])
                await self._say(refusal or "250 ok")
            case "DATA":
                await self._say("354 go on")
                await self._take()
                await self._say("250 taken")
            case _:
                await self._say("250 ok")

    async def _take(self) -> None:
        lines = []
        while (line := await self._reader.readline()) not in {b".\r\n", b""}:
            lines.append(line[1:] if line.startswith(b"..") else line)
        message = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        self._told.mails.append(Taken(self._sender, self._to, message, self._in_tls, self._user))

    async def _say(self, *lines: str) -> None:
        self._writer.write("".join(f"{line}\r\n" for line in lines).encode())
        await self._writer.drain()
