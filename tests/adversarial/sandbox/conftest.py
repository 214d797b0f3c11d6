"""The sandbox's own test bench (`tests/integration/sandbox/conftest.py`), for attacks in place of honest work."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType


def _bench() -> ModuleType:
    name = "sandbox_bench_for_attacks"
    path = Path(__file__).parents[2] / "integration" / "sandbox" / "conftest.py"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


_loaded = _bench()

engine = _loaded.engine
docker_api = _loaded.docker_api
loaded = _loaded.loaded
make_spec = _loaded.make_spec
run = _loaded.run
image_of = _loaded.image_of
file_of = _loaded.file_of
nothing_is_left_behind = _loaded.nothing_is_left_behind
