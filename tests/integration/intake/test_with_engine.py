"""What the engine saves, intake takes; what intake writes, the engine loads under the very Id intake computed."""

from __future__ import annotations

import gzip
import io
import tarfile
import uuid
from collections.abc import Callable
from pathlib import Path

import docker
import pytest

from sonobench_eval.intake.records import ImageRefused, Refusal
from sonobench_eval.intake.verify import verify_image

pytestmark = pytest.mark.docker

Build = Callable[..., str]
Save = Callable[..., Path]
Load = Callable[[Path], str]


@pytest.fixture
def tag() -> str:
    return f"sonobench/intake-test:{uuid.uuid4().hex[:12]}"


class TestSavedImages:
    def test_an_image_keeps_its_id_and_its_layers_and_runs(
        self, client: docker.DockerClient, built: Build, saved: Save, load: Load, tmp_path: Path, tag: str
    ) -> None:
        name = built(
            "COPY busybox /bin/busybox", 'ENV GREETING="hello from inside"', 'CMD ["/bin/busybox", "sh", "-c", "echo $GREETING"]'
        )
        original = client.images.get(name)
        image = verify_image(saved(name), tmp_path / "verified.tar", tag=tag)
        client.images.remove(name, force=True)

        assert load(image.tar) == image.config_digest == original.id
        held = client.images.get(tag)
        assert tuple(held.attrs["RootFS"]["Layers"]) == image.diff_ids == tuple(original.attrs["RootFS"]["Layers"])
        assert held.tags == [tag]
        output = client.containers.run(image.config_digest, network_mode="none", remove=True)
        assert output == b"hello from inside\n"

    def test_a_layer_that_occurs_twice_comes_as_a_link_and_is_taken(
        self, client: docker.DockerClient, built: Build, saved: Save, load: Load, tmp_path: Path, tag: str
    ) -> None:
        # No folder is made: its time of change would differ between the two layers when a second passes.
        name = built(
            "COPY busybox /b",
            "COPY same /thing",
            "COPY other /thing",
            "COPY same /thing",
            'CMD ["/b"]',
            files={"same": b"x", "other": b"y"},
        )
        upload = saved(name)
        image = verify_image(upload, tmp_path / "verified.tar", tag=tag)
        client.images.remove(name, force=True)
        assert load(image.tar) == image.config_digest
        assert len(set(image.diff_ids)) == len(image.diff_ids) - 1
        with tarfile.open(image.tar) as tar:
            assert len(tar.getnames()) == len(set(image.diff_ids)) + 5

    def test_an_imported_image_sent_as_gzip(
        self, client: docker.DockerClient, saved: Save, load: Load, tmp_path: Path, tag: str
    ) -> None:
        name = f"intake-test-{uuid.uuid4().hex[:12]}"
        tree = tmp_path / "tree.tar"
        with tarfile.open(tree, "w") as tar:
            tar.add("/bin/busybox", "bin/busybox")
        client.api.import_image_from_file(str(tree), repository=name, tag="1", changes=['CMD ["/bin/busybox", "true"]'])
        try:
            packed = tmp_path / "image.tar.gz"
            packed.write_bytes(gzip.compress(saved(f"{name}:1").read_bytes(), 1))
            image = verify_image(packed, tmp_path / "verified.tar", tag=tag)
        finally:
            client.images.remove(f"{name}:1", force=True)
        assert load(image.tar) == image.config_digest
        assert image.command == ("/bin/busybox", "true")

    def test_an_image_saved_under_two_tags_is_one_image(
        self, client: docker.DockerClient, built: Build, saved: Save, tmp_path: Path
    ) -> None:
        name = built("COPY busybox /b", 'CMD ["/b"]')
        other = f"{name.partition(':')[0]}:2"
        client.images.get(name).tag(other)
        try:
            assert (
                verify_image(saved(name, other), tmp_path / "verified.tar", tag="a:1").config_digest == client.images.get(name).id
            )
        finally:
            client.images.remove(other)

    def test_two_images_in_one_file_are_refused_by_name(self, built: Build, saved: Save, tmp_path: Path) -> None:
        one, two = built("COPY busybox /b", 'CMD ["/b"]'), built("COPY busybox /c", 'CMD ["/c"]')
        with pytest.raises(ImageRefused) as caught:
            verify_image(saved(one, two), tmp_path / "verified.tar", tag="a:1")
        assert caught.value.code == Refusal.SEVERAL_IMAGES
        assert one in caught.value.sentence
        assert two in caught.value.sentence

    def test_an_exported_container_is_refused_with_the_right_command(
        self, client: docker.DockerClient, built: Build, tmp_path: Path
    ) -> None:
        container = client.containers.create(built("COPY busybox /bin/busybox", 'CMD ["/bin/busybox"]'), network_mode="none")
        try:
            upload = tmp_path / "export.tar"
            upload.write_bytes(b"".join(container.export()))
        finally:
            container.remove(v=True, force=True)
        with pytest.raises(ImageRefused) as caught:
            verify_image(upload, tmp_path / "verified.tar", tag="a:1")
        assert caught.value.code == Refusal.EXPORTED_FILE_SYSTEM


class TestLayerTheftForReal:
    def test_the_forged_tar_that_the_engine_would_take_is_refused(
        self, client: docker.DockerClient, built: Build, saved: Save, load: Load, tmp_path: Path
    ) -> None:
        """The engine, asked alone, gives the thief the victim's file; this is why intake stands before it."""
        victim = built(
            "COPY busybox /busybox", "COPY secret /secret", 'CMD ["/busybox"]', files={"secret": uuid.uuid4().hex.encode()}
        )
        forged = _with_rubbish_layers(saved(victim), tmp_path / "forged.tar")

        assert load(forged) == client.images.get(victim).id
        with pytest.raises(ImageRefused) as caught:
            verify_image(forged, tmp_path / "verified.tar", tag="a:1")
        assert caught.value.code == Refusal.LAYER_DIGEST
        assert not (tmp_path / "verified.tar").exists()


def _with_rubbish_layers(honest: Path, forged: Path) -> Path:
    """The same archive, with a few bytes in place of every layer."""
    with tarfile.open(honest) as source, tarfile.open(forged, "w") as target:
        for member in source:
            content = source.extractfile(member) if member.isreg() else None
            if member.name.endswith(".tar"):
                member.size, content = 7, io.BytesIO(b"rubbish")
            target.addfile(member, content)
    return forged
