"""infra.image_build: contexts, builds and saved images."""

from __future__ import annotations

import json
import tarfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
from infra.image_build import ImageBuildError

from infra import image_build


@pytest.fixture
def tag(docker_client: docker.DockerClient) -> Iterator[str]:
    name = f"sonobench-test/build-{uuid.uuid4().hex[:8]}:1"
    yield name
    if image_build.image_exists(docker_client, name):
        docker_client.images.remove(name, force=True)


class TestDigestOf:
    def test_the_order_of_names_does_not_matter_and_their_borders_do(self) -> None:
        assert image_build.digest_of({"a": b"1", "b": b"2"}) == image_build.digest_of({"b": b"2", "a": b"1"})
        assert image_build.digest_of({"a": b"12", "b": b""}) != image_build.digest_of({"a": b"1", "b": b"2"})


class TestFolderFiles:
    def test_hidden_files_and_caches_stay_out(self, tmp_path: Path) -> None:
        for name in ("model.py", "deep/net.py", ".git/config", "__pycache__/model.pyc", "deep/.env"):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(name)
        assert sorted(image_build.folder_files(tmp_path)) == ["deep/net.py", "model.py"]


@pytest.mark.docker
class TestBuild:
    def test_files_arrive_with_their_names(self, docker_client: docker.DockerClient, tag: str, tmp_path: Path) -> None:
        files: dict[str, Path | bytes] = {"Dockerfile": b"FROM scratch\nCOPY data /data\n", "data/a.txt": b"hello"}
        assert image_build.build(docker_client, files, tag=tag, buildargs={}) == tag
        saved = image_build.save(docker_client, tag, tmp_path / "image.tar")
        with tarfile.open(saved) as outer:
            layer = json.loads(outer.extractfile("manifest.json").read())[0]["Layers"][-1]  # type: ignore[union-attr]
            with tarfile.open(fileobj=outer.extractfile(layer)) as inner:
                assert "data/a.txt" in inner.getnames()

    def test_a_failing_step_is_told_with_its_last_words(self, docker_client: docker.DockerClient, tag: str) -> None:
        files: dict[str, Path | bytes] = {"Dockerfile": b"FROM scratch\nCOPY nowhere /nowhere\n"}
        with pytest.raises(ImageBuildError, match=r"(?s)Step 2/2 : COPY nowhere.*failed: .*nowhere"):
            image_build.build(docker_client, files, tag=tag, buildargs={})

    def test_an_image_that_no_registry_has_cannot_be_pulled(self, docker_client: docker.DockerClient) -> None:
        with pytest.raises(ImageBuildError, match=r"pulling 127\.0\.0\.1:1/nothing failed"):
            image_build.pull(docker_client, "127.0.0.1:1/nothing")


@pytest.mark.docker
class TestSave:
    def test_a_tar_of_this_very_image_is_kept(self, docker_client: docker.DockerClient, tag: str, tmp_path: Path) -> None:
        image_build.build(docker_client, {"Dockerfile": b"FROM scratch\nCOPY a /a\n", "a": b"a"}, tag=tag, buildargs={})
        path = image_build.save(docker_client, tag, tmp_path / "image.tar")
        made, first = path.stat().st_mtime_ns, docker_client.images.get(tag).id
        assert image_build.save(docker_client, tag, path).stat().st_mtime_ns == made
        image_build.build(docker_client, {"Dockerfile": b"FROM scratch\nCOPY b /b\n", "b": b"b"}, tag=tag, buildargs={})
        assert image_build.save(docker_client, tag, path).stat().st_mtime_ns > made
        assert sorted(each.name for each in tmp_path.iterdir()) == ["image.id", "image.tar"]
        docker_client.images.remove(first)
