"""Images in a real registry: pushed by its HTTP API and by the engine, checked by digest, loaded and run."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import httpx
import pytest
from image_tars import digest, layer
from registries import PROGRAM, Pushed, push, pushed_image, real_registry

from sonobench_eval.intake.records import ImageRefused, Refusal
from sonobench_eval.intake.registry import verify_registry_image
from sonobench_eval.intake.registry_access import Registry, RegistryImage

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="the registry program (package docker-registry) is not installed")

LINUX = {"os": "linux", "architecture": "amd64"}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with real_registry(tmp_path_factory.mktemp("registry")) as address:
        yield address


@pytest.fixture
def repository() -> str:
    return f"team-1/model-{uuid.uuid4().hex[:8]}"


class TestPushedByTheApi:
    @pytest.mark.parametrize(
        "image",
        [
            pushed_image([layer(a=b"1"), layer(b=b"2")], docker=True),
            pushed_image([layer(a=b"1"), layer(b=b"2")], compression="zstd"),
            pushed_image([layer(a=b"1"), layer(b=b"2")], compression=None).indexed(LINUX),
        ],
        ids=["docker gzip", "oci zstd", "index plain"],
    )
    def test_it_is_verified(self, url: str, repository: str, tmp_path: Path, image: Pushed) -> None:
        push(url, repository, image)
        verified = verify_registry_image(RegistryImage(Registry(url), repository, image.digest), tmp_path / "v.tar", tag="a:1")
        assert verified.diff_ids == (digest(layer(a=b"1")), digest(layer(b=b"2")))

    def test_a_forged_diff_id_is_taken_by_the_registry_and_refused_here(self, url: str, repository: str, tmp_path: Path) -> None:
        image = pushed_image([layer(weights=b"another team's")], stored=[layer(mine=b"1")], compression=None)
        push(url, repository, image)
        with pytest.raises(ImageRefused) as caught:
            verify_registry_image(RegistryImage(Registry(url), repository, image.digest), tmp_path / "v.tar", tag="a:1")
        assert caught.value.code == Refusal.LAYER_DIGEST
        assert list(tmp_path.iterdir()) == []

    def test_another_repositorys_digest_is_not_found(self, url: str, repository: str, tmp_path: Path) -> None:
        image = pushed_image()
        push(url, repository, image)
        with pytest.raises(ImageRefused) as caught:
            verify_registry_image(RegistryImage(Registry(url), "team-2/model", image.digest), tmp_path / "v.tar", tag="a:1")
        assert caught.value.code == Refusal.NOT_IN_REGISTRY


@pytest.mark.docker
class TestPushedByTheEngine:
    def test_what_is_verified_has_the_engines_id_and_runs(
        self,
        client: docker.DockerClient,
        built: Callable[..., str],
        load: Callable[[Path], str],
        url: str,
        repository: str,
        tmp_path: Path,
    ) -> None:
        name = built("COPY busybox /bin/busybox", 'CMD ["/bin/busybox", "echo", "hello"]')
        original = client.images.get(name)
        remote = f"{url.removeprefix('http://')}/{repository}"
        original.tag(remote, "1")
        try:
            said = client.api.push(remote, "1", stream=True, decode=True)
            pushed = next(each["aux"]["Digest"] for each in said if "aux" in each)
        finally:
            client.images.remove(f"{remote}:1")
        tag = f"sonobench/registry-test:{uuid.uuid4().hex[:12]}"
        image = verify_registry_image(RegistryImage(Registry(url), repository, pushed), tmp_path / "v.tar", tag=tag)
        client.images.remove(name, force=True)
        assert load(image.tar) == image.config_digest == original.id
        assert client.containers.run(image.config_digest, network_mode="none", remove=True) == b"hello\n"


def test_the_registry_listens_to_this_machine_alone(url: str) -> None:
    assert httpx.URL(url).host == "127.0.0.1"
