"""Fixtures of everything that verifies uploads: the factory of image tars, and short ways to verify one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import image_tars
import pytest
from registries import Pushed, ScriptedRegistry

from sonobench_eval.intake.records import ImageRefused, VerifiedImage
from sonobench_eval.intake.registry import verify_registry_image
from sonobench_eval.intake.registry_access import Registry, RegistryImage
from sonobench_eval.intake.verify import verify_image

Verify = Callable[..., VerifiedImage]


@pytest.fixture(scope="session")
def tars() -> ModuleType:
    """The factory `image_tars.py`."""
    return image_tars


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


@pytest.fixture
def registry() -> Iterator[ScriptedRegistry]:
    """A registry that says what a test tells it to."""
    scripted = ScriptedRegistry()
    yield scripted
    scripted.close()


@pytest.fixture
def pull(registry: ScriptedRegistry, tmp_path: Path) -> Verify:
    """Verifies an image in the scripted registry."""

    def verify_pushed(image: Pushed, *, token: str | None = None, **options: Any) -> VerifiedImage:
        named = RegistryImage(Registry(registry.url, token), registry.REPOSITORY, image.digest)
        return verify_registry_image(named, tmp_path / "pulled.tar", **{"tag": "sonobench/test:1", **options})

    return verify_pushed
