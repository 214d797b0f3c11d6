"""Loading an image: found again under whatever name the engine's image store gives it, and only with its own layers."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import docker.errors
import pytest

from sonobench_eval.sandbox.docker_engine.images import forget_image, load_image, verified_facts
from sonobench_eval.sandbox.port import ImageIdentity, SandboxTrouble

CONFIG, MANIFEST, OTHER = ("sha256:" + digit * 64 for digit in "cde")
LAYERS = ("sha256:" + "1" * 64, "sha256:" + "2" * 64)
TAG = "sonobench.local/submitted:s1"


@dataclass
class Engine:
    """An engine that loads one image and answers to these names of it, the first of them its Id; others it does not know."""

    names: tuple[str, ...]
    layers: tuple[str, ...] = LAYERS
    is_loaded: bool = False
    asked: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    tagged: list[tuple[str, str]] = field(default_factory=list)

    def load_image(self, data: Any) -> Iterator[dict[str, str]]:
        self.is_loaded = True
        yield {"stream": "Loaded image"}

    def inspect_image(self, name: str) -> dict[str, Any]:
        self.asked.append(name)
        if not self.is_loaded or name not in self.names:
            raise docker.errors.ImageNotFound("no such image")
        return {"Id": self.names[0], "RootFS": {"Layers": list(self.layers)}, "Config": {}}

    def remove_image(self, name: str) -> None:
        self.removed.append(name)
        self.is_loaded = False

    def tag(self, image: str, repository: str, tag: str) -> None:
        self.tagged.append((image, f"{repository}:{tag}"))


def classic() -> Engine:
    return Engine((CONFIG, TAG))


def containerd() -> Engine:
    """As engines answer whose images are containerd's: the manifest's digest is the Id, and the config's is no name."""
    return Engine((MANIFEST, TAG))


@pytest.fixture
def verified(tmp_path: Path) -> Path:
    path, manifest = tmp_path / "verified.tar", json.dumps([{"RepoTags": [TAG], "Layers": []}]).encode()
    with tarfile.open(path, "w") as tar:
        member = tarfile.TarInfo("manifest.json")
        member.size = len(manifest)
        tar.addfile(member, io.BytesIO(manifest))
    return path


class TestLoadImage:
    IDENTITY = ImageIdentity(CONFIG, LAYERS, manifest_digest=MANIFEST)

    @pytest.mark.parametrize(
        ("engine", "engine_id"), [(classic(), CONFIG), (containerd(), MANIFEST)], ids=["classic", "containerd"]
    )
    def test_either_store_finds_it_by_a_digest_and_keeps_both(self, engine: Engine, engine_id: str, verified: Path) -> None:
        assert load_image(engine, verified, self.IDENTITY) == ImageIdentity(CONFIG, LAYERS, engine_id, MANIFEST)
        assert TAG not in engine.asked

    @pytest.mark.parametrize("engine", [classic(), containerd()], ids=["classic", "containerd"])
    def test_what_is_there_already_is_not_loaded_again(self, engine: Engine) -> None:
        engine.is_loaded = True
        assert load_image(engine, Path("/nowhere.tar"), self.IDENTITY).engine_id == engine.names[0]

    def test_without_a_manifests_digest_the_tag_serves(self, verified: Path) -> None:
        assert load_image(containerd(), verified, ImageIdentity(CONFIG, LAYERS)).engine_id == MANIFEST

    def test_a_tag_is_asked_for_only_after_it_was_moved_to_what_was_loaded(self, verified: Path) -> None:
        engine = containerd()
        load_image(engine, verified, ImageIdentity(CONFIG, LAYERS))
        assert engine.asked == [CONFIG, CONFIG, TAG]

    @pytest.mark.parametrize("engine_id", [CONFIG, MANIFEST, OTHER])
    def test_other_layers_are_never_taken_whatever_their_name(self, engine_id: str, verified: Path) -> None:
        engine = Engine((engine_id, CONFIG, MANIFEST, TAG), layers=LAYERS[::-1], is_loaded=True)
        with pytest.raises(SandboxTrouble, match="holds no image with its verified layers"):
            load_image(engine, verified, self.IDENTITY)

    def test_what_is_there_already_gets_our_name_beside_its_own(self, verified: Path) -> None:
        engine = classic()
        engine.is_loaded = True
        assert load_image(engine, verified, self.IDENTITY).tag == TAG
        assert engine.tagged == [(CONFIG, TAG)]

    def test_what_was_loaded_is_looked_at_by_the_stores_own_id_and_forgotten_by_our_name(self, verified: Path) -> None:
        engine = containerd()
        loaded = load_image(engine, verified, self.IDENTITY)
        assert verified_facts(engine, loaded).engine_id == MANIFEST
        assert forget_image(engine, loaded)
        assert engine.removed == [TAG]
