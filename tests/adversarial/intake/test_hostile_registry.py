"""Hostile pushes and hostile registries: the first are refused with a cure, the second are no team's fault; nothing is left."""

from __future__ import annotations

import gzip
import itertools
import json
import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from registries import DOCKER, OCI, Answer, Pushed, ScriptedRegistry, pushed_image

from sonobench_eval.intake.records import ImageRefused, IntakeLimits, Refusal, VerifiedImage
from sonobench_eval.intake.registry_access import RegistryTrouble

Pull = Callable[..., VerifiedImage]
LINUX = {"os": "linux", "architecture": "amd64"}


@pytest.fixture
def refused(pull: Pull, registry: ScriptedRegistry, tmp_path: Path) -> Callable[..., ImageRefused]:
    """The refusal that an honestly served push earns."""

    def refusal_of(image: Pushed, **options: Any) -> ImageRefused:
        with pytest.raises(ImageRefused) as caught:
            pull(registry.hold(image), **options)
        assert list(tmp_path.iterdir()) == []
        assert caught.value.sentence.isprintable()
        assert caught.value.sentence.endswith(".")
        return caught.value

    return refusal_of


@pytest.fixture
def trouble(pull: Pull, tmp_path: Path) -> Callable[..., str]:
    """What is said of a registry that misbehaves."""

    def trouble_of(image: Pushed, **options: Any) -> str:
        with pytest.raises(RegistryTrouble) as caught:
            pull(image, **options)
        assert list(tmp_path.iterdir()) == []
        return str(caught.value)

    return trouble_of


Refused = Callable[..., ImageRefused]
Trouble = Callable[..., str]


class TestForgedImages:
    def test_a_good_layer_under_another_teams_diff_id(self, refused: Refused, tars: ModuleType) -> None:
        secret, mine = tars.layer(weights=b"another team's"), tars.layer(mine=b"1")
        forged = refused(pushed_image([secret], stored=[gzip.compress(mine)]))
        assert forged.code == Refusal.LAYER_DIGEST
        assert forged.sentence.endswith("Push the image again.")

    def test_the_compressed_blobs_digest_does_not_pass_for_the_diff_id(self, refused: Refused, tars: ModuleType) -> None:
        packed = gzip.compress(tars.layer(a=b"1"))
        assert refused(pushed_image([packed], stored=[packed])).code == Refusal.LAYER_DIGEST

    @pytest.mark.parametrize("count", [0, 1, 3])
    def test_fewer_or_more_layers_than_the_config_names(self, refused: Refused, tars: ModuleType, count: int) -> None:
        image = pushed_image([tars.layer(a=b"1"), tars.layer(b=b"2")])
        layers = image.manifest["layers"]
        assert refused(image.remade({**image.manifest, "layers": (layers * 2)[:count]})).code == Refusal.LAYER_COUNT

    @pytest.mark.parametrize(
        ("settings", "code"),
        [
            ({"Env": ["LD_PRELOAD=/evil.so"]}, Refusal.UNSAFE_ENVIRONMENT),
            ({"Labels": {"org.sonobench.run": "1"}}, Refusal.RESERVED_LABEL),
            ({"Volumes": {"/proc/x": {}}}, Refusal.UNSAFE_PATH),
        ],
    )
    def test_the_configs_rules_are_those_of_uploads(self, refused: Refused, settings: dict[str, Any], code: Refusal) -> None:
        assert refused(pushed_image(settings=settings)).code == code

    @pytest.mark.parametrize("compression", ["gzip", "zstd"])
    def test_a_bomb(self, refused: Refused, tars: ModuleType, compression: str) -> None:
        image = pushed_image([tars.layer(zeros=bytes(16 * 2**20))], compression=compression)
        assert refused(image, limits=IntakeLimits(ratio_floor_bytes=2**20)).code == Refusal.COMPRESSED_TOO_FAR

    def test_a_bomb_behind_a_layer_that_is_said_to_be_large(
        self, refused: Refused, registry: ScriptedRegistry, tars: ModuleType
    ) -> None:
        image = pushed_image([tars.layer(zeros=bytes(16 * 2**20)), tars.layer(a=b"1")])
        bomb, small = image.manifest["layers"]
        lying = image.remade({**image.manifest, "layers": [bomb, {**small, "size": 10**9}]})
        assert "another number" in refused(lying, limits=IntakeLimits(ratio_floor_bytes=2**20)).sentence
        assert len(registry.asked) == 1

    def test_a_layer_in_a_compression_we_do_not_read(self, refused: Refused, tars: ModuleType) -> None:
        assert refused(pushed_image([tars.layer(a=b"1")], stored=[b"\xfd7zXZ\x00rest"])).code == Refusal.UNSUPPORTED_COMPRESSION

    @pytest.mark.parametrize("compression", ["gzip", "zstd"])
    def test_a_layer_that_was_cut_or_damaged_before_it_was_pushed(
        self, refused: Refused, tars: ModuleType, compression: str
    ) -> None:
        plain = tars.layer(a=os.urandom(5000))
        packed = tars.compressed(plain, compression)
        assert refused(pushed_image([plain], stored=[packed[:3000]])).code == Refusal.TRUNCATED
        damaged = packed[:-2] + bytes([packed[-2] ^ 1]) + packed[-1:]
        assert refused(pushed_image([plain], stored=[damaged])).code == Refusal.DAMAGED

    def test_too_many_layers_are_refused_before_one_is_fetched(
        self, refused: Refused, registry: ScriptedRegistry, tars: ModuleType
    ) -> None:
        image = pushed_image([tars.layer(a=bytes([number])) for number in range(3)])
        assert refused(image, limits=IntakeLimits(layers=2)).code == Refusal.TOO_MANY_LAYERS
        assert len(registry.asked) == 1

    def test_more_bytes_than_are_taken_are_refused_before_one_is_fetched(
        self, refused: Refused, registry: ScriptedRegistry, tars: ModuleType
    ) -> None:
        image = pushed_image([tars.layer(a=os.urandom(4000))])
        assert refused(image, limits=IntakeLimits(unpacked_bytes=3000)).code == Refusal.TOO_LARGE
        assert len(registry.asked) == 1


class TestManifests:
    @pytest.mark.parametrize("size", [0, 1, -1, 10**30, None, "12", 1.5])
    def test_a_size_that_is_not_the_layers(self, refused: Refused, size: object) -> None:
        image = pushed_image()
        layers = [{**image.manifest["layers"][0], "size": size}]
        assert refused(image.remade({**image.manifest, "layers": layers})).code in (Refusal.BAD_MANIFEST, Refusal.TOO_LARGE)

    @pytest.mark.parametrize("digest", ["", "sha256:x", "sha512:" + "0" * 128, "../../x", None, "sha256:" + "0" * 64 + "/../x"])
    def test_what_is_no_digest_is_not_asked_for(self, refused: Refused, registry: ScriptedRegistry, digest: str | None) -> None:
        image = pushed_image()
        for part in ("config", "layers"):
            named = {**image.manifest["config" if part == "config" else "layers"], "digest": digest} if part == "config" else None
            layers = [{**image.manifest["layers"][0], "digest": digest}]
            document = {**image.manifest, part: named or layers}
            assert refused(image.remade(document)).code == Refusal.BAD_MANIFEST
        assert all("/manifests/sha256:" in path for path, _ in registry.asked)

    @pytest.mark.parametrize(
        "change",
        [
            {"urls": ["https://elsewhere.example.org/layer"]},
            {"mediaType": f"{DOCKER}image.rootfs.foreign.diff.tar.gzip"},
            {"mediaType": f"{OCI}layer.nondistributable.v1.tar+gzip"},
        ],
    )
    def test_layers_that_lie_elsewhere(self, refused: Refused, change: dict[str, Any]) -> None:
        image = pushed_image()
        layers = [{**image.manifest["layers"][0], **change}]
        assert refused(image.remade({**image.manifest, "layers": layers})).code == Refusal.FOREIGN_LAYER

    @pytest.mark.parametrize("media_type", ["text/plain", "", f"{OCI}config.v1+json", "application/vnd.cncf.helm.chart"])
    def test_content_of_other_types(self, refused: Refused, media_type: str) -> None:
        image = pushed_image()
        layers = [{**image.manifest["layers"][0], "mediaType": media_type}]
        assert refused(image.remade({**image.manifest, "layers": layers})).code == Refusal.MEDIA_TYPE
        config = {**image.manifest["config"], "mediaType": f"{OCI}layer.v1.tar"}
        assert refused(image.remade({**image.manifest, "config": config})).code == Refusal.MEDIA_TYPE

    @pytest.mark.parametrize("kind", [f"{DOCKER}distribution.manifest.v1+prettyjws", f"{DOCKER}distribution.manifest.v2+json"])
    def test_schema_one(self, refused: Refused, kind: str) -> None:
        old = {"schemaVersion": 1, "name": "x", "tag": "1", "architecture": "amd64", "fsLayers": [], "history": []}
        assert "schema 1" in refused(pushed_image().remade(old, kind)).sentence

    def test_a_document_that_is_manifest_and_index_at_once(self, refused: Refused) -> None:
        image = pushed_image()
        both = {**image.manifest, "manifests": []}
        assert "as a manifest and as an index" in refused(image.remade(both)).sentence
        index = image.indexed(LINUX)
        for part in ("config", "layers"):
            sentence = refused(index.remade({**index.manifest, part: image.manifest[part]})).sentence
            assert "as a manifest and as an index" in sentence

    def test_a_document_of_two_types(self, refused: Refused) -> None:
        image = pushed_image()
        assert "of several types" in refused(image.remade(image.manifest, f"{DOCKER}distribution.manifest.v2+json")).sentence

    def test_an_index_that_misstates_its_manifest(self, refused: Refused) -> None:
        index = pushed_image().indexed(LINUX)
        for change in ({"size": 1}, {"mediaType": f"{DOCKER}distribution.manifest.v2+json"}):
            entries = [{**index.manifest["manifests"][0], **change}]
            assert refused(index.remade({**index.manifest, "manifests": entries})).code == Refusal.BAD_MANIFEST

    def test_an_index_of_indexes(self, refused: Refused) -> None:
        assert "index of indexes" in refused(pushed_image().indexed(LINUX).indexed(LINUX)).sentence

    def test_an_index_with_two_images_or_none_for_this_platform(self, refused: Refused) -> None:
        assert refused(pushed_image().indexed(LINUX, LINUX)).code == Refusal.SEVERAL_IMAGES
        assert refused(pushed_image().indexed({"os": "linux", "architecture": "arm64"})).code == Refusal.NO_IMAGE
        assert refused(pushed_image().indexed()).code == Refusal.NO_IMAGE

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"null",
            b"[]",
            b"{",
            b'{"layers": [], "Layers": []}',
            b'{"config": {}, "config": {}}',
            b'{"layers": {"a": 1}}',
            b'{"a":' * 9999 + b"1" + b"}" * 9999,
            b"9" * 9999,
            "{\"layer\u017f\": [], \"layers\": []}".encode(),
        ],
    )  # fmt: skip
    def test_documents_that_are_none(self, refused: Refused, content: bytes) -> None:
        assert refused(pushed_image().remade(content)).code == Refusal.BAD_MANIFEST

    def test_a_manifest_or_config_larger_than_any(self, refused: Refused) -> None:
        image = pushed_image(settings={"Labels": {"a": "x" * 5000}})
        assert refused(image, limits=IntakeLimits(config_bytes=4000)).code == Refusal.CONFIG_TOO_LARGE
        wide = image.remade({**image.manifest, "annotations": {"a": "x" * 5000}})
        assert refused(wide, limits=IntakeLimits(config_bytes=4000)).code == Refusal.BAD_MANIFEST

    @pytest.mark.parametrize("missing", ["manifest", "config", "layer"])
    def test_parts_that_are_not_there(self, refused: Refused, missing: str) -> None:
        image = pushed_image()
        gone = {"config": image.manifest["config"]["digest"], "layer": image.manifest["layers"][0]["digest"]}.get(missing)
        blobs = {name: content for name, content in image.blobs.items() if name != gone}
        documents = {} if missing == "manifest" else image.documents
        assert refused(Pushed(blobs, documents, image.digest)).code == Refusal.NOT_IN_REGISTRY


class TestLyingRegistries:
    """None of this can be a team's doing, so none of it is a refusal."""

    def test_another_manifest_than_was_asked_for(self, trouble: Trouble, registry: ScriptedRegistry) -> None:
        image, other = registry.hold(pushed_image()), registry.hold(pushed_image(settings={"User": "x"}))
        registry.answers[registry.manifest(image.digest)] = registry.answers[registry.manifest(other.digest)]
        assert "another manifest" in trouble(image)

    @pytest.mark.parametrize("part", ["config", "layer"])
    def test_other_bytes_of_the_right_length(self, trouble: Trouble, registry: ScriptedRegistry, part: str) -> None:
        image = registry.hold(pushed_image())
        named = image.manifest["config"] if part == "config" else image.manifest["layers"][0]
        content = image.blobs[named["digest"]]
        registry.answers[registry.blob(named["digest"])] = Answer([content[:-1] + b"?"], length=len(content))
        assert "other bytes" in trouble(image)

    @pytest.mark.parametrize("compression", ["gzip", "zstd", None])
    def test_any_changed_byte_of_a_layer(
        self, trouble: Trouble, registry: ScriptedRegistry, tars: ModuleType, compression: str | None
    ) -> None:
        image = registry.hold(pushed_image([tars.layer(a=b"content")], compression=compression))
        name = image.manifest["layers"][0]["digest"]
        content = image.blobs[name]
        for at in range(0, len(content), max(1, len(content) // 40)):
            changed = content[:at] + bytes([content[at] ^ 0x10]) + content[at + 1 :]
            registry.answers[registry.blob(name)] = Answer([changed], length=len(content))
            if compression is None or at > 5:  # a changed mark of the compression is told as another layer
                assert "other bytes" in trouble(image)

    def test_a_body_that_ends_before_its_stated_length(self, trouble: Trouble, registry: ScriptedRegistry) -> None:
        image = registry.hold(pushed_image())
        for place in (registry.manifest(image.digest), registry.blob(image.manifest["layers"][0]["digest"])):
            whole = registry.answers[place]
            registry.answers[place] = Answer([b"".join(whole.body)[:-1]], headers=whole.headers, length=whole.length)
            assert "could not be read" in trouble(image)
            registry.answers[place] = whole

    def test_a_body_that_ends_early_without_stated_length(self, trouble: Trouble, registry: ScriptedRegistry) -> None:
        image = registry.hold(pushed_image())
        name = image.manifest["layers"][0]["digest"]
        registry.answers[registry.blob(name)] = Answer([image.blobs[name][:-9]])
        assert "other bytes" in trouble(image)

    @pytest.mark.parametrize("status", [301, 302, 307, 308])
    @pytest.mark.parametrize(
        "elsewhere", ["http://169.254.169.254/latest/meta-data", "/v2/other/manifests/x", "//x", "file:///etc"]
    )
    def test_being_sent_elsewhere(self, trouble: Trouble, registry: ScriptedRegistry, status: int, elsewhere: str) -> None:
        image = registry.hold(pushed_image())
        registry.answers[registry.manifest(image.digest)] = Answer(status=status, headers={"Location": elsewhere}, length=0)
        assert "sends us elsewhere" in trouble(image)
        assert len(registry.asked) == 1

    @pytest.mark.parametrize(("status", "words"), [(401, "token"), (403, "token"), (429, "429"), (500, "500"), (206, "206")])
    def test_other_answers(self, trouble: Trouble, registry: ScriptedRegistry, status: int, words: str) -> None:
        image = registry.hold(pushed_image())
        registry.answers[registry.manifest(image.digest)] = Answer([b"{}"], status=status, length=2)
        assert words in trouble(image, token="s3cret")
        assert "s3cret" not in trouble(image, token="s3cret")

    def test_an_encoding_that_would_unpack_in_our_memory(self, trouble: Trouble, registry: ScriptedRegistry) -> None:
        image = registry.hold(pushed_image())
        packed = gzip.compress(bytes(2**24))
        headers = {"Content-Type": f"{OCI}manifest.v1+json", "Content-Encoding": "gzip"}
        registry.answers[registry.manifest(image.digest)] = Answer([packed], headers=headers, length=len(packed))
        assert "encoding" in trouble(image)

    def test_nobody_answers(self, trouble: Trouble, registry: ScriptedRegistry) -> None:
        image = pushed_image()
        registry.close()
        assert "could not be read" in trouble(image)

    def test_an_answer_that_is_no_http(self, trouble: Trouble, registry: ScriptedRegistry) -> None:
        image = registry.hold(pushed_image())
        registry.answers[registry.manifest(image.digest)] = Answer(headers={"A": "b\r\n\x00:"}, length=0)
        assert "could not be read" in trouble(image)

    def test_a_registry_that_takes_too_long(self, trouble: Trouble, registry: ScriptedRegistry) -> None:
        assert "too long" in trouble(registry.hold(pushed_image()), time_limit_s=0)


class TestEndlessStreams:
    """Memory and disk stay small, and the registry is left as soon as it sends one byte more than was stated."""

    def test_an_endless_manifest(self, pull: Pull, registry: ScriptedRegistry, tmp_path: Path) -> None:
        image = registry.hold(pushed_image())
        headers = {"Content-Type": f"{OCI}manifest.v1+json"}
        registry.answers[registry.manifest(image.digest)] = Answer(itertools.repeat(b" " * 2**16), headers=headers)
        with pytest.raises(ImageRefused) as caught:
            pull(image, limits=IntakeLimits(config_bytes=2**18))
        assert caught.value.code == Refusal.BAD_MANIFEST
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("part", ["config", "layer"])
    def test_an_endless_blob(self, pull: Pull, registry: ScriptedRegistry, tmp_path: Path, part: str) -> None:
        image = registry.hold(pushed_image())
        named = image.manifest["config"] if part == "config" else image.manifest["layers"][0]
        registry.answers[registry.blob(named["digest"])] = Answer(itertools.repeat(bytes(2**16)))
        tracemalloc.start()
        try:
            with pytest.raises(ImageRefused) as caught:
                pull(image)
            assert tracemalloc.get_traced_memory()[1] < 2**23
        finally:
            tracemalloc.stop()
        assert caught.value.code == Refusal.BAD_MANIFEST
        assert list(tmp_path.iterdir()) == []

    def test_a_length_that_is_not_the_manifests(self, pull: Pull, registry: ScriptedRegistry) -> None:
        image = registry.hold(pushed_image())
        name = image.manifest["layers"][0]["digest"]
        registry.answers[registry.blob(name)].length = 10**12
        with pytest.raises(ImageRefused, match="another number"):
            pull(image)


def test_a_manifest_of_extra_fields_is_fine(pull: Pull, registry: ScriptedRegistry) -> None:
    image = pushed_image()
    more = {**image.manifest, "annotations": {"a": "b"}, "artifactType": "x", "subject": {"digest": "y"}}
    assert pull(registry.hold(image.remade(json.dumps(more).encode()))).diff_ids
