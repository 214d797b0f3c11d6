"""The database and the unit of work: a request or a task is one transaction, and services never commit.

    with database.write() as work:      # BEGIN IMMEDIATE on SQLite: writers queue up instead of failing half-way
        service.do(work, ...)           # work.after_commit(...) holds wake-ups back until the commit

An error rolls everything back and drops the wake-ups.
"""

from __future__ import annotations

import hashlib
import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.orm import Session

log = logging.getLogger(__name__)

BUSY_TIMEOUT_S = 30.0


LAST_WORD: ContextVar[Callable[[Session], None] | None] = ContextVar("last_word", default=None)
"""What every transaction of a request does last of all, before its commit: it may still refuse it (`desk/idempotency.py`)."""


class Work:
    """One transaction and what is to happen after its commit."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._before_commit: list[Callable[[], None]] = []
        self._after_commit: list[Callable[[], None]] = []

    def before_commit(self, call: Callable[[], None]) -> None:
        """Have `call` made as the last thing in this transaction: what it locks is held for a moment, and nothing is waited for
        while it is held."""
        self._before_commit.append(call)

    def after_commit(self, call: Callable[[], None]) -> None:
        """Have `call` made once the transaction is safely in the database; never if it is rolled back."""
        self._after_commit.append(call)

    def take_turns(self, name: str) -> None:
        """Until the end of this transaction, no other one passes its own `take_turns(name)`.

        SQLite has one writer anyway; PostgreSQL takes an advisory lock.
        """
        if self.session.get_bind().dialect.name == "postgresql":
            key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
            self.session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})

    def run_before_commit(self) -> None:
        if self._before_commit:
            self.session.flush()
        for call in self._before_commit:
            call()
        if (last_word := LAST_WORD.get()) is not None:
            last_word(self.session)

    def run_after_commit(self) -> None:
        for call in self._after_commit:
            try:
                call()
            except Exception:
                # What was to be announced is in the database, and the sweeper announces it again.
                log.exception("a wake-up could not be sent; it is left to the sweeper")


class Database:
    """An engine on SQLite or PostgreSQL. Threads may share it."""

    def __init__(self, url: str) -> None:
        self.engine = _make_engine(url)
        self._writing = self.engine.execution_options(writes=True)

    @contextmanager
    def write(self) -> Iterator[Work]:
        """One writing transaction: committed at the end of the block, rolled back by an exception."""
        with Session(self._writing, expire_on_commit=False) as session:
            work = Work(session)
            with session.begin():
                session.connection()  # begins now, not with the first statement: what is read here is still so at the end
                yield work
                work.run_before_commit()
        work.run_after_commit()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """One reading transaction: everything read in it is from the same moment on SQLite."""
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    def close(self) -> None:
        self.engine.dispose()


def _make_engine(address: str) -> Engine:
    """What goes wrong with a statement is logged: without its values, of which some are keys."""
    url = make_url(address)
    if url.get_backend_name() == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
        # Said by the client, so that a server without an encoding (SQL_ASCII) speaks text and can be refused in a sentence.
        text_in = {"client_encoding": "utf8"}
        return create_engine(url, pool_pre_ping=True, pool_size=10, max_overflow=20, connect_args=text_in, hide_parameters=True)
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        raise ValueError("database_url must be sqlite:///FILE or postgresql://...")
    engine = create_engine(url, pool_size=10, max_overflow=40, connect_args={"timeout": BUSY_TIMEOUT_S}, hide_parameters=True)
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # the driver's own BEGIN comes too late and is never IMMEDIATE
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={int(BUSY_TIMEOUT_S * 1000)}"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
