"""A real platform with a tiny challenge: database, API and pages, without a socket."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import platform_fakes
import platform_world
import pytest


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Any]:
    made = platform_world.make_world(tmp_path, database_url="", fakes=platform_fakes)
    yield made
    made.platform.close()
