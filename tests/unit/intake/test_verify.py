"""Honest uploads of every shape come out as the same verified tar, whole or not at all."""

from __future__ import annotations

import errno
import gzip
import json
import os
import tarfile
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import zstandard

from sonobench_eval.intake.records import ImageRefused, IntakeLimits, Refusal, VerifiedImage
from sonobench_eval.intake.verify import verify_image

Verify = Callable[..., VerifiedImage]

DOCUMENTS = 5
"""In a verified tar: config, manifest, index.json, manifest.json, oci-layout."""


def blob(digest: str) -> str:
    return "blobs/sha256/" + digest.removeprefix("sha256:")


def content_of(image: VerifiedImage) -> dict[str, bytes]:
    with tarfile.open(image.tar) as tar:
        return {m.name: tar.extractfile(m).read() for m in tar}  # type: ignore[union-attr]


class TestDockerArchives:
    def test_what_is_written_is_ours_around_the_bytes_that_were_hashed(self, verify: Verify, tars: ModuleType) -> None:
        layers = [tars.layer(a=b"1"), tars.layer(b=b"2")]
        upload = tars.saved_image(layers, tags=["victim/model:latest"])
        image = verify(upload.tar(), tag="sonobench/team-1:7")

        config = tars.config(layers)
        assert image.config_digest == tars.digest(config)
        assert image.diff_ids == tuple(tars.digest(each) for each in layers)
        written = content_of(image)
        assert json.loads(written["manifest.json"]) == [
            {
                "Config": blob(image.config_digest),
                "RepoTags": ["sonobench/team-1:7"],
                "Layers": [blob(each) for each in image.diff_ids],
            }
        ]
        assert set(written) == {
            *map(blob, (*image.diff_ids, image.config_digest, image.manifest_digest)),
            "index.json",
            "manifest.json",
            "oci-layout",
        }
        assert [written[blob(each)] for each in image.diff_ids] == layers
        assert written[blob(image.config_digest)] == config
        assert image.size_bytes == image.tar.stat().st_size

    def test_the_oci_layout_beside_it_names_the_same_blobs_by_digest_and_size(self, verify: Verify, tars: ModuleType) -> None:
        image = verify(tars.saved_image([tars.layer(a=b"1"), tars.layer(b=b"2"), tars.layer(a=b"1")]).tar())
        written = content_of(image)
        index, manifest = json.loads(written["index.json"]), json.loads(written[blob(image.manifest_digest)])
        (descriptor,) = index["manifests"]
        assert descriptor["digest"] == image.manifest_digest
        assert [each["digest"] for each in manifest["layers"]] == list(image.diff_ids)
        assert manifest["config"]["digest"] == image.config_digest
        for named in (descriptor, manifest["config"], *manifest["layers"]):
            assert (tars.digest(written[blob(named["digest"])]), len(written[blob(named["digest"])])) == (
                named["digest"],
                named["size"],
            )

    @pytest.mark.parametrize(
        ("tag", "name"),
        [
            ("model:1", "docker.io/library/model:1"),
            ("team/model:1", "docker.io/team/model:1"),
            ("sonobench.local/submitted:sub-1", "sonobench.local/submitted:sub-1"),
            ("localhost/model:1", "localhost/model:1"),
        ],
    )
    def test_the_tag_is_told_to_containerd_in_full(self, verify: Verify, tars: ModuleType, tag: str, name: str) -> None:
        (descriptor,) = json.loads(content_of(verify(tars.saved_image().tar(), tag=tag))["index.json"])["manifests"]
        assert descriptor["annotations"]["io.containerd.image.name"] == name

    def test_both_digests_are_the_images_alone_whatever_the_tag(self, verify: Verify, tars: ModuleType) -> None:
        one, two = (verify(tars.saved_image(tags=["x:1"]).tar(), tag=tag) for tag in ("a:1", "b:2"))
        assert (one.config_digest, one.manifest_digest) == (two.config_digest, two.manifest_digest)

    @pytest.mark.parametrize(
        "shape",
        [
            "plain",
            "gzip outside",
            "gzip inside",
            "zstd outside",
            "zstd inside",
            "manifest first",
            "names with ./",
            "oci with manifest",
            "oci",
            "oci uncompressed",
            "oci zstd",
        ],
    )
    def test_one_image_gives_the_same_bytes_however_it_was_saved(
        self, verify: Verify, tars: ModuleType, shape: str, tmp_path: Path
    ) -> None:
        layers = [tars.layer(a=b"1" * 700), tars.layer(b=b"2")]
        plain = tars.saved_image(layers)
        expected = verify(plain.tar()).tar.read_bytes()
        image = verify(saved_as(shape, layers, tars))
        assert image.tar.read_bytes() == expected
        assert sorted(p.name for p in tmp_path.iterdir()) == ["upload.tar", "verified.tar"]

    def test_a_repeated_layer_saved_as_a_link_is_followed(self, verify: Verify, tars: ModuleType) -> None:
        # Engines up to 24 write the second copy of a layer as a symbolic link to the first.
        layers = [tars.layer(a=b"1"), tars.layer(b=b"2"), tars.layer(a=b"1")]
        image = tars.saved_image(layers)
        names = tars.manifest_of(image)[0]["Layers"]
        parts = [tars.entry(name, content) for name, content in image.members.items() if name != names[2]]
        link = tars.entry(names[2], kind=b"2", link=f"../{names[0]}")
        verified = verify(link + b"".join(parts) + tars.END)
        assert len(verified.diff_ids) == 3
        assert len(content_of(verified)) == 2 + DOCUMENTS

    def test_a_repeated_layer_listed_twice_is_written_once(self, verify: Verify, tars: ModuleType) -> None:
        layers = [tars.layer(a=b"1"), tars.layer(a=b"1")]
        image = tars.saved_image(layers)
        manifest = tars.manifest_of(image)
        manifest[0]["Layers"] = manifest[0]["Layers"][:1] * 2
        verified = verify(tars.with_manifest(image, manifest).tar())
        assert len(content_of(verified)) == 1 + DOCUMENTS

    def test_a_layer_without_end_marker_or_content_is_fine_as_it_is_by_docker(self, verify: Verify, tars: ModuleType) -> None:
        layers = [tars.entry("a", b"1"), bytes(1024), b""]
        assert verify(tars.saved_image(layers).tar()).diff_ids == tuple(tars.digest(each) for each in layers)

    def test_a_newer_engines_extra_fields_are_passed_over(self, verify: Verify, tars: ModuleType) -> None:
        image = tars.saved_image()
        manifest = tars.manifest_of(image)
        manifest[0]["LayerSources"] = {"sha256:0": {"mediaType": "application/vnd.oci.image.layer.v1.tar", "size": 1}}
        assert verify(tars.with_manifest(image, manifest).tar()).tag == "sonobench/test:1"


def saved_as(shape: str, layers: list[bytes], tars: ModuleType) -> bytes:
    """The same image in another dress."""
    plain = tars.saved_image(layers)
    match shape:
        case "plain":
            return plain.tar()
        case "gzip outside":
            half = len(plain.tar()) // 2
            return gzip.compress(plain.tar()[:half]) + gzip.compress(plain.tar()[half:])
        case "gzip inside":
            return tars.saved_image(layers, stored=[gzip.compress(each) for each in layers]).tar()
        case "zstd outside":
            half = len(plain.tar()) // 2
            return zstandard.compress(plain.tar()[:half]) + zstandard.compress(plain.tar()[half:])
        case "zstd inside":
            return tars.saved_image(layers, stored=[zstandard.compress(each) for each in layers]).tar()
        case "manifest first":
            names = sorted(plain.members, reverse=True)
            return b"".join(tars.entry(n, plain.members[n]) for n in names) + tars.END
        case "names with ./":
            parts = [tars.entry("./", kind=b"5")] + [tars.entry("./" + n, c) for n, c in plain.members.items()]
            return b"".join(parts) + tars.END
        case "oci with manifest":
            oci = tars.oci_layout(layers)
            blobs = {c: n for n, c in oci.members.items()}
            manifest = [
                {"Config": blobs[tars.config(layers)], "Layers": [blobs[tars.compressed(each, "gzip")] for each in layers]}
            ]
            return tars.with_manifest(oci, manifest).tar()
        case "oci":
            return tars.oci_layout(layers).tar()
        case "oci zstd":
            return tars.oci_layout(layers, compression="zstd").tar()
        case _:
            return tars.oci_layout(layers, compression=None).tar()


def manifest_blob(layout: Any) -> tuple[str, bytes]:
    """Name and content of the image's manifest among the blobs."""
    return next((name, content) for name, content in layout.members.items() if b'"layers": [' in content)


class TestOciLayouts:
    def test_an_image_for_another_platform_alone_is_refused(self, verify: Verify, tars: ModuleType) -> None:
        with pytest.raises(ImageRefused) as caught:
            verify(tars.oci_layout(platform={"os": "linux", "architecture": "arm64"}).tar())
        assert caught.value.code == Refusal.NO_IMAGE

    def test_a_blob_that_is_not_what_it_is_named_after_is_refused(self, verify: Verify, tars: ModuleType) -> None:
        layout = tars.oci_layout()
        name, manifest = manifest_blob(layout)
        changed = layout.with_members({name: manifest + b" "})
        with pytest.raises(ImageRefused) as caught:
            verify(changed.tar())
        assert caught.value.code == Refusal.BAD_MANIFEST

    @pytest.mark.parametrize(
        "media_type",
        [
            "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
            "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
            "text/plain",
        ],
    )
    def test_unknown_media_types_are_refused(self, verify: Verify, tars: ModuleType, media_type: str) -> None:
        layout = tars.oci_layout()
        manifest_name, manifest = manifest_blob(layout)
        changed = manifest.replace(b"application/vnd.oci.image.layer.v1.tar+gzip", media_type.encode())
        descriptor = {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": tars.digest(changed)}
        members = {
            "blobs/sha256/" + tars.digest(changed)[7:]: changed,
            "index.json": json.dumps({"manifests": [descriptor]}).encode(),
        }
        with pytest.raises(ImageRefused) as caught:
            verify(layout.without(manifest_name).with_members(members).tar())
        assert caught.value.code == Refusal.MEDIA_TYPE
        assert media_type in caught.value.sentence

    def test_two_images_are_refused(self, verify: Verify, tars: ModuleType) -> None:
        one, two = tars.oci_layout(), tars.oci_layout([tars.layer(other=b"x")])
        inner = [json.loads(each.members["index.json"])["manifests"][0] for each in (one, two)]
        both = one.with_members(two.members).with_members({"index.json": json.dumps({"manifests": inner}).encode()})
        with pytest.raises(ImageRefused) as caught:
            verify(both.tar())
        assert caught.value.code == Refusal.SEVERAL_IMAGES

    def test_indexes_without_end_are_refused(self, verify: Verify, tars: ModuleType) -> None:
        members, digest = {}, "sha256:" + "0" * 64
        for depth in range(40):
            descriptor = {"mediaType": "application/vnd.oci.image.index.v1+json", "digest": digest}
            index = json.dumps({"depth": depth, "manifests": [descriptor]}).encode()
            digest = tars.digest(index)
            members["blobs/sha256/" + digest[7:]] = index
        with pytest.raises(ImageRefused) as caught:
            verify(tars.Forged({**members, "index.json": index}).tar())
        assert caught.value.code == Refusal.BAD_MANIFEST


class TestOnTheDisk:
    def test_a_full_disk_is_the_platforms_trouble_and_leaves_nothing(
        self, tmp_path: Path, tars: ModuleType, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        upload = tmp_path / "upload.tar"
        upload.write_bytes(tars.saved_image().tar())

        def full(descriptor: int) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            verify_image(upload, tmp_path / "verified.tar", tag="a:1")
        assert list(tmp_path.iterdir()) == [upload]

    def test_an_older_verified_tar_stays_when_the_next_upload_is_refused(self, verify: Verify, tars: ModuleType) -> None:
        before = verify(tars.saved_image().tar()).tar.read_bytes()
        with pytest.raises(ImageRefused):
            verify(tars.saved_image(stored=[tars.layer(other=b"x")]).tar())
        image = verify(tars.saved_image().tar())
        assert image.tar.read_bytes() == before

    def test_layers_of_more_than_eight_gibibytes_get_a_header_other_programs_read(self) -> None:
        from sonobench_eval.intake.rewrite import _header

        block = _header("a" * 64 + "/layer.tar", 9 * 2**30)
        info = tarfile.TarInfo.frombuf(block, "utf-8", "strict")
        assert (info.name, info.size, info.isreg()) == ("a" * 64 + "/layer.tar", 9 * 2**30, True)

    @pytest.mark.parametrize("tag", ["", "noversion", "UPPER:1", "a:1 ", "a b:1", "-a:1", "a@sha256:0", "a:" + "x" * 129])
    def test_a_tag_that_is_none_is_the_callers_mistake(self, tmp_path: Path, tag: str) -> None:
        with pytest.raises(ValueError, match="is not a tag"):
            verify_image(tmp_path / "x", tmp_path / "y", tag=tag)


class TestProgress:
    @pytest.mark.parametrize("compression", [None, "gzip", "zstd"])
    def test_it_rises_to_the_size_of_the_upload(self, verify: Verify, tars: ModuleType, compression: str | None) -> None:
        data = tars.saved_image([tars.layer(a=os.urandom(3_000_000)), tars.layer(b=os.urandom(2_000_000))]).tar()
        data = tars.compressed(data, compression)
        told: list[tuple[int, int]] = []
        verify(data, progress=lambda done, total: told.append((done, total)))
        done = [each for each, _ in told]
        assert done == sorted(done)
        assert len(set(done)) > 4
        assert told[-1] == (len(data), len(data))


class TestLimits:
    def test_an_image_at_its_limits_is_taken(self, verify: Verify, tars: ModuleType) -> None:
        layers = [tars.layer(a=b"1", b=b"2"), tars.layer(c=b"3")]
        image = tars.saved_image(layers)
        largest = max(len(tars.config(layers)), len(image.members["manifest.json"]))
        limits = IntakeLimits(unpacked_bytes=sum(map(len, layers)), files=3, layers=2, config_bytes=largest, members=4)
        assert len(verify(image.tar(), limits=limits).diff_ids) == 2

    @pytest.mark.parametrize(
        ("limits", "code"),
        [
            (IntakeLimits(unpacked_bytes=4000), Refusal.TOO_LARGE),
            (IntakeLimits(files=2), Refusal.TOO_MANY_FILES),
            (IntakeLimits(layers=1), Refusal.TOO_MANY_LAYERS),
            (IntakeLimits(config_bytes=100), Refusal.BAD_MANIFEST),
            (IntakeLimits(members=3), Refusal.TOO_MANY_MEMBERS),
        ],
    )
    def test_an_image_over_one_is_not(
        self, refusal: Callable[..., ImageRefused], tars: ModuleType, limits: IntakeLimits, code: Refusal
    ) -> None:
        layers = [tars.layer(a=b"1", b=b"2"), tars.layer(c=b"3")]
        assert refusal(tars.saved_image(layers).tar(), limits=limits).code == code

    def test_a_config_may_be_no_larger_than_its_limit(self, refusal: Callable[..., ImageRefused], tars: ModuleType) -> None:
        data = tars.saved_image(settings={"Labels": {"a": "x" * 5000}}).tar()
        assert refusal(data, limits=IntakeLimits(config_bytes=4000)).code == Refusal.CONFIG_TOO_LARGE


def test_the_verified_tar_can_be_verified_again(verify: Verify, tars: ModuleType) -> None:
    first = verify(tars.saved_image().tar())
    again = verify(first.tar.read_bytes())
    assert (again.config_digest, again.manifest_digest, again.diff_ids) == (
        first.config_digest,
        first.manifest_digest,
        first.diff_ids,
    )
