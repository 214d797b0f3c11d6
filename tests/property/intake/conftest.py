"""Image tars for these tests, from the factory they share."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def tars() -> ModuleType:
    """The factory `tests/factories/image_tars.py`."""
    path = Path(__file__).parents[2] / "factories" / "image_tars.py"
    spec = importlib.util.spec_from_file_location("image_tars", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["image_tars"] = module
    spec.loader.exec_module(module)
    return module
