"""A real platform with a tiny challenge: database, API and pages, without a socket."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import platform_fakes
import platform_world
import pytest


@pytest.fixture
def world(tmp_path: Path, database_url: str, put_sqlite: Callable[[Path], None]) -> Iterator[Any]:
    put_sqlite(tmp_path / "home")
    made = platform_world.make_world(tmp_path, database_url=database_url, fakes=platform_fakes)
    yield made
    made.platform.close()
