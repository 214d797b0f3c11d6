"""Image tars for these tests, from the factory they share, and a short way to verify one."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sonobench_eval.intake.records import ImageRefused, VerifiedImage
from sonobench_eval.intake.verify import verify_image

Verify = Callable[..., VerifiedImage]


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


@pytest.fixture
def verify(tmp_path: Path) -> Verify:
    """Verifies bytes as an upload."""

    def verify_bytes(data: bytes, **options: Any) -> VerifiedImage:
        upload = tmp_path / "upload.tar"
        upload.write_bytes(data)
        return verify_image(upload, tmp_path / "verified.tar", **{"tag": "sonobench/test:1", **options})

    return verify_bytes


@pytest.fixture
def refusal(verify: Verify, tmp_path: Path) -> Callable[..., ImageRefused]:
    """The refusal that bytes earn; nothing but the upload may be left."""

    def refused(data: bytes, **options: Any) -> ImageRefused:
        with pytest.raises(ImageRefused) as caught:
            verify(data, **options)
        assert [path.name for path in tmp_path.iterdir()] == ["upload.tar"]
        assert caught.value.sentence.endswith((".", "image.tar.gz"))
        return caught.value

    return refused
