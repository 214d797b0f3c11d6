"""Worlds to test in: on SQLite always, on PostgreSQL too where SONOBENCH_TEST_POSTGRES_URL names one."""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import platform_fakes
import platform_world
import pytest
import uvicorn
from sqlalchemy import create_engine, make_url, text

POSTGRES_URL = os.environ.get("SONOBENCH_TEST_POSTGRES_URL")


@pytest.fixture(scope="session")
def fakes() -> ModuleType:
    return platform_fakes


@pytest.fixture(scope="session")
def worlds() -> ModuleType:
    return platform_world


@pytest.fixture(params=["sqlite", *(["postgresql"] if POSTGRES_URL else [])])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """An empty database: a file under the test's own home, or a schema of its own."""
    if request.param == "sqlite":
        yield ""
        return
    assert POSTGRES_URL is not None
    schema = f"test_{uuid.uuid4().hex}"
    server = create_engine(make_url(POSTGRES_URL).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"CREATE SCHEMA {schema}"))
    yield make_url(POSTGRES_URL).update_query_dict({"options": f"-csearch_path={schema}"}).render_as_string(hide_password=False)
    with server.connect() as connection:
        connection.execute(text(f"DROP SCHEMA {schema} CASCADE"))
    server.dispose()


@pytest.fixture
def make_world(tmp_path: Path, database_url: str, fakes: ModuleType, worlds: ModuleType) -> Iterator[Callable[..., Any]]:
    """Makes the test's world, with settings of its own."""
    made = []

    def make(**options: Any) -> Any:
        made.append(worlds.make_world(tmp_path, database_url=database_url, fakes=fakes, **options))
        return made[-1]

    yield make
    for world in made:
        world.platform.close()


@pytest.fixture
def world(make_world: Callable[..., Any]) -> Any:
    return make_world()


@pytest.fixture
def served(world: Any, serve: Callable[[Any], str]) -> str:
    """The world's application on a real socket; gives `host:port`."""
    return serve(world)


@pytest.fixture
def serve() -> Iterator[Callable[[Any], str]]:
    """Puts a world's application on a real socket and gives `host:port`; ended after the test."""
    running = []

    def start(world: Any) -> str:
        server = uvicorn.Server(uvicorn.Config(world.app, host="127.0.0.1", port=0, log_level="critical", lifespan="off"))
        thread = threading.Thread(target=server.run)
        running.append((server, thread))
        thread.start()
        while not server.started:
            time.sleep(0.005)
        return f"127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"

    yield start
    for server, thread in running:
        server.should_exit = True
        thread.join()
