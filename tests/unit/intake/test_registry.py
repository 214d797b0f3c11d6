"""An image in a registry becomes the same verified tar as the same image in an upload."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from registries import Pushed, ScriptedRegistry, pushed_image

from sonobench_eval.intake.records import IntakeLimits, VerifiedImage
from sonobench_eval.intake.registry import verify_registry_image
from sonobench_eval.intake.registry_access import Registry, RegistryImage

Verify = Callable[..., VerifiedImage]
LINUX = {"os": "linux", "architecture": "amd64"}
DIGEST = "sha256:" + "0" * 64


class TestHonestImages:
    @pytest.mark.parametrize("docker", [True, False], ids=["docker", "oci"])
    @pytest.mark.parametrize("compression", ["gzip", "zstd", None])
    def test_it_is_the_same_tar_as_that_of_an_upload(
        self,
        pull: Verify,
        verify: Verify,
        registry: ScriptedRegistry,
        tars: ModuleType,
        docker: bool,
        compression: str | None,
    ) -> None:
        layers = [tars.layer(a=b"1" * 100_000), tars.layer(b=b"2")]
        pulled = pull(registry.hold(pushed_image(layers, compression=compression, docker=docker)))
        uploaded = verify(tars.saved_image(layers).tar())
        assert pulled.tar.read_bytes() == uploaded.tar.read_bytes()
        assert (pulled.config_digest, pulled.manifest_digest, pulled.diff_ids) == (
            uploaded.config_digest,
            uploaded.manifest_digest,
            uploaded.diff_ids,
        )

    @pytest.mark.parametrize("platforms", [(LINUX,), (None,), ({"os": "linux", "architecture": "arm64"}, LINUX)])
    def test_an_index_leads_to_its_one_image_for_this_platform(
        self, pull: Verify, registry: ScriptedRegistry, platforms: tuple[dict[str, str] | None, ...]
    ) -> None:
        assert pull(registry.hold(pushed_image().indexed(*platforms))).tag == "sonobench/test:1"

    def test_a_blob_that_is_two_layers_is_fetched_once(self, pull: Verify, registry: ScriptedRegistry, tars: ModuleType) -> None:
        image = registry.hold(pushed_image([tars.layer(a=b"1")] * 2))
        assert len(pull(image).diff_ids) == 2
        assert len(registry.asked) == 3

    def test_a_blob_without_stated_length(self, pull: Verify, registry: ScriptedRegistry) -> None:
        image = registry.hold(pushed_image())
        for name in image.blobs:
            registry.answers[registry.blob(name)].length = None
        assert pull(image).size_bytes > 0

    def test_a_document_may_say_its_type_in_the_header_alone(self, pull: Verify, registry: ScriptedRegistry) -> None:
        image = pushed_image()
        document = {key: value for key, value in image.manifest.items() if key != "mediaType"}
        assert pull(registry.hold(image.remade(document))).diff_ids

    def test_progress_rises_to_the_size_of_the_layers(self, pull: Verify, registry: ScriptedRegistry, tars: ModuleType) -> None:
        image = registry.hold(pushed_image([tars.layer(a=b"1"), tars.layer(b=b"2")], compression=None))
        told: list[tuple[int, int]] = []
        pull(image, progress=lambda done, total: told.append((done, total)))
        total = sum(each["size"] for each in image.manifest["layers"])
        assert told == sorted(told)
        assert told[-1] == (total, total)


class TestWhatIsSent:
    def test_the_token_and_nothing_from_the_environment(
        self, pull: Verify, registry: ScriptedRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        netrc = tmp_path / "netrc"
        netrc.write_text("machine 127.0.0.1 login someone password secret\n")
        monkeypatch.setenv("NETRC", str(netrc))
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        pull(registry.hold(pushed_image()), token="abc.def-1")
        assert {headers["authorization"] for _, headers in registry.asked} == {"Bearer abc.def-1"}
        assert {headers["accept-encoding"] for _, headers in registry.asked} == {"identity"}

    def test_a_token_is_not_shown(self) -> None:
        assert "secret" not in repr(Registry("http://127.0.0.1", "secret"))


class TestMistakesOfTheCaller:
    @pytest.mark.parametrize(
        "url", ["", "registry.example.org", "ftp://x", "https://u:p@x", "http://", "http://x/?a=1", "http://x#y", "http://x:y"]
    )
    def test_no_address(self, url: str) -> None:
        with pytest.raises(ValueError, match="is not an address"):
            Registry(url)

    def test_a_token_that_would_break_out_of_its_header(self) -> None:
        with pytest.raises(ValueError, match="bearer") as caught:
            Registry("http://x", "secret\r\nHost: y")
        assert "secret" not in str(caught.value)

    @pytest.mark.parametrize("name", ["", "Team/x", "../x", "a//b", "a/", "/a", "a b", "a?x", "a/../b", "a" * 256])
    def test_no_repository(self, name: str) -> None:
        with pytest.raises(ValueError, match="name of a repository"):
            RegistryImage(Registry("http://x"), name, DIGEST)

    @pytest.mark.parametrize("digest", ["latest", "sha256:0", "sha512:" + "0" * 128, DIGEST.upper(), DIGEST + "/"])
    def test_a_tag_or_no_digest(self, digest: str) -> None:
        with pytest.raises(ValueError, match="not a SHA-256 digest"):
            RegistryImage(Registry("http://x"), "a", digest)

    def test_no_tag(self, tmp_path: Path) -> None:
        image = RegistryImage(Registry("http://127.0.0.1:9"), "a", DIGEST)
        with pytest.raises(ValueError, match="is not a tag"):
            verify_registry_image(image, tmp_path / "x", tag="UPPER")


def test_an_image_at_its_limits_is_taken(pull: Verify, registry: ScriptedRegistry, tars: ModuleType) -> None:
    layers = [tars.layer(a=b"1"), tars.layer(b=b"2")]
    image: Pushed = registry.hold(pushed_image(layers, compression=None))
    documents = max(len(image.documents[image.digest][0]), image.manifest["config"]["size"])
    limits = IntakeLimits(unpacked_bytes=sum(map(len, layers)), files=2, layers=2, config_bytes=documents)
    assert len(pull(image, limits=limits).diff_ids) == 2
