"""Worlds to test in, on every database of `tests/integration/conftest.py`."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import platform_fakes
import platform_world
import pytest
import uvicorn
from platform_people import Person, make_organiser, make_person, make_team


@pytest.fixture(scope="session")
def fakes() -> ModuleType:
    return platform_fakes


@pytest.fixture(scope="session")
def worlds() -> ModuleType:
    return platform_world


@pytest.fixture
def make_world(
    tmp_path: Path, database_url: str, put_sqlite: Callable[[Path], None], fakes: ModuleType, worlds: ModuleType
) -> Iterator[Callable[..., Any]]:
    """Makes the test's world, with settings of its own."""
    made = []

    def make(**options: Any) -> Any:
        put_sqlite(tmp_path / "home")
        made.append(worlds.make_world(tmp_path, database_url=database_url, fakes=fakes, **options))
        return made[-1]

    yield make
    for world in made:
        world.platform.close()


@pytest.fixture
def world(make_world: Callable[..., Any]) -> Any:
    return make_world()


@pytest.fixture
def ada(world: Any) -> Person:
    return make_person(world, "ada")


@pytest.fixture
def bo(world: Any) -> Person:
    return make_person(world, "bo")


@pytest.fixture
def organiser(world: Any) -> Person:
    return make_organiser(world, "olga")


@pytest.fixture
def team_id(ada: Person) -> str:
    """Ada's team."""
    return make_team(ada, "U-Vision")


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
