"""A real platform with a tiny challenge: database, API and pages, without a socket."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

_TESTS = Path(__file__).parents[2]


def _module(folder: str, name: str) -> ModuleType:
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, _TESTS / folder / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Any]:
    made = _module("factories", "platform_world").make_world(tmp_path, database_url="", fakes=_module("fakes", "platform_fakes"))
    yield made
    made.platform.close()
