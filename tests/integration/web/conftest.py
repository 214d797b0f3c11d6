"""A real platform with a tiny challenge: database, API and pages, without a socket."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import platform_fakes
import platform_world
import pytest
from page_visitor import Visitor


@pytest.fixture
def make_world(tmp_path: Path, database_url: str, put_sqlite: Callable[[Path], None]) -> Iterator[Callable[..., Any]]:
    """Makes the test's world, with settings of its own."""
    made = []

    def make(**options: Any) -> Any:
        put_sqlite(tmp_path / "home")
        made.append(platform_world.make_world(tmp_path, database_url=database_url, fakes=platform_fakes, **options))
        return made[-1]

    yield make
    for world in made:
        world.platform.close()


@pytest.fixture
def visitor(world: Any) -> Visitor:
    return Visitor(world)


@pytest.fixture
def world(make_world: Callable[..., Any]) -> Any:
    return make_world()
