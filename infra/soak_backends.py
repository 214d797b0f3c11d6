"""What a soaked platform stands on: the embedded defaults, or PostgreSQL and Redis as the distribution has them."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from infra.real_services import PostgresServer, RedisServer
from infra.soak import Backends

_DATABASE = "soak"


@contextmanager
def backends_for(name: str) -> Iterator[Backends]:
    """`embedded`, or `real`: servers of one's own that live as long as the block."""
    if name == "embedded":
        yield Backends("SQLite and the embedded broker")
        return
    with ExitStack() as held:
        postgres, broker = PostgresServer(), RedisServer()
        held.callback(postgres.stop)
        held.callback(broker.stop)
        postgres.start()
        broker.start()
        postgres.create_database(_DATABASE)
        settings = {"SONOBENCH_DATABASE_URL": postgres.tcp_url(_DATABASE), "SONOBENCH_BROKER_URL": broker.url()}
        yield Backends("PostgreSQL and Redis", settings, lambda: cut_connections(postgres), lambda: crash(broker))


def cut_connections(postgres: PostgresServer) -> None:
    """Have the server end every connection to the soaked database."""
    postgres.break_connections(_DATABASE)


def crash(broker: RedisServer) -> None:
    """Kill the broker and start it again, empty."""
    broker.end(signal.SIGKILL)
    broker.start()
