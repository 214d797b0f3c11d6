"""Hostile uploads, built byte by byte: each is refused with the right code, and nothing is left on the disk."""

from __future__ import annotations

import gzip
import json
import lzma
import os
from collections.abc import Callable
from types import ModuleType

import pytest

from sonobench_eval.intake.records import ImageRefused, IntakeLimits, Refusal, VerifiedImage

Refused = Callable[..., ImageRefused]
Verify = Callable[..., VerifiedImage]


class TestLayerTheft:
    """Docker skips a layer's content where it has a layer of that diff_id: naming one is enough to read it."""

    def test_rubbish_under_another_teams_diff_id(self, refusal: Refused, tars: ModuleType) -> None:
        secret = tars.layer(weights=b"another team's")
        refused = refusal(tars.saved_image([secret], stored=[b"rubbish" * 100]).tar())
        assert refused.code == Refusal.LAYER_DIGEST
        assert refused.sentence.startswith("Layer 1 of the image is not the layer its config names")

    def test_an_empty_file_under_another_teams_diff_id(self, refusal: Refused, tars: ModuleType) -> None:
        assert refusal(tars.saved_image([tars.layer(a=b"1")], stored=[b""]).tar()).code == Refusal.LAYER_DIGEST

    def test_a_good_tar_of_other_content_under_another_teams_diff_id(self, refusal: Refused, tars: ModuleType) -> None:
        forged = tars.saved_image([tars.layer(mine=b"1"), tars.layer(a=b"1")], stored=[tars.layer(mine=b"1"), tars.layer(a=b"2")])
        assert refusal(forged.tar()).sentence.startswith("Layer 2 ")

    def test_the_compressed_bytes_digest_does_not_pass_for_the_diff_id(self, refusal: Refused, tars: ModuleType) -> None:
        plain = tars.layer(a=b"1")
        packed = gzip.compress(plain)
        config = tars.config([packed])
        assert refusal(tars.saved_image([plain], stored=[packed], config_bytes=config).tar()).code == Refusal.LAYER_DIGEST

    @pytest.mark.parametrize(
        "target", ["/etc/shadow", "../../../../etc/shadow", "manifest.json", "../nowhere", "layer.tar", ".", ""]
    )
    def test_a_layer_that_is_a_link(self, refusal: Refused, tars: ModuleType, target: str) -> None:
        image = tars.saved_image()
        name = tars.manifest_of(image)[0]["Layers"][0]
        link = tars.entry(name, kind=b"2", link=target)
        data = link + image.without(name).tar()
        assert refusal(data).code == Refusal.LINKED_MEMBER

    def test_a_layer_linked_to_the_manifest_or_to_another_layer_is_still_hashed(self, refusal: Refused, tars: ModuleType) -> None:
        image = tars.saved_image([tars.layer(a=b"1"), tars.layer(b=b"2")])
        first, second = tars.manifest_of(image)[0]["Layers"]
        for target in (f"../{first}", "../manifest.json"):
            link = tars.entry(second, kind=b"2", link=target)
            assert refusal(link + image.without(second).tar()).code == Refusal.LAYER_DIGEST

    def test_a_chain_of_links_is_not_followed(self, refusal: Refused, tars: ModuleType) -> None:
        image = tars.saved_image()
        name = tars.manifest_of(image)[0]["Layers"][0]
        links = tars.entry(name, kind=b"2", link="../b") + tars.entry("b", kind=b"2", link="c")
        data = links + tars.entry("c", image.members[name]) + image.without(name).tar()
        assert refusal(data).code == Refusal.LINKED_MEMBER

    @pytest.mark.parametrize("kind", [b"1", b"3", b"4", b"5", b"6"])
    def test_a_layer_that_is_a_device_folder_fifo_or_hard_link(self, refusal: Refused, tars: ModuleType, kind: bytes) -> None:
        image = tars.saved_image()
        name = tars.manifest_of(image)[0]["Layers"][0]
        assert refusal(tars.entry(name, kind=kind, link="x") + image.without(name).tar()).code == Refusal.LINKED_MEMBER


class TestConfig:
    def test_a_config_under_another_images_digest(self, refusal: Refused, tars: ModuleType) -> None:
        image, other = tars.saved_image(), tars.saved_image(settings={"User": "someone"})
        name = tars.manifest_of(image)[0]["Config"]
        data = image.with_members({name: other.members[tars.manifest_of(other)[0]["Config"]]}).tar()
        assert refusal(data).code == Refusal.CONFIG_DIGEST

    def test_a_config_that_is_a_link(self, refusal: Refused, tars: ModuleType) -> None:
        image = tars.saved_image()
        name = tars.manifest_of(image)[0]["Config"]
        data = tars.entry(name, kind=b"2", link="/etc/passwd") + image.without(name).tar()
        assert refusal(data).code == Refusal.LINKED_MEMBER

    @pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "nothing.json", "", ".", "\u0000"])
    def test_a_config_or_layer_that_is_not_in_the_upload(self, refusal: Refused, tars: ModuleType, name: str) -> None:
        image = tars.saved_image()
        for field, value in (("Config", name), ("Layers", [name])):
            manifest = [{**tars.manifest_of(image)[0], field: value}]
            assert refusal(tars.with_manifest(image, manifest).tar()).code in (Refusal.MISSING_MEMBER, Refusal.BAD_MANIFEST)

    @pytest.mark.parametrize(("layers_listed", "layers_in_config"), [(1, 2), (2, 1), (0, 1)])
    def test_fewer_or_more_layers_than_the_config_names(
        self, refusal: Refused, tars: ModuleType, layers_listed: int, layers_in_config: int
    ) -> None:
        layers = [tars.layer(a=b"1"), tars.layer(b=b"2")]
        image = tars.saved_image(layers, config_bytes=tars.config(layers[:layers_in_config]))
        manifest = [{**tars.manifest_of(image)[0], "Layers": tars.manifest_of(image)[0]["Layers"][:layers_listed]}]
        assert refusal(tars.with_manifest(image, manifest).tar()).code == Refusal.LAYER_COUNT


class TestTwoReadings:
    """Whatever two programs could read differently is refused, whichever reading would be harmless."""

    def test_two_manifests(self, refusal: Refused, tars: ModuleType) -> None:
        image = tars.saved_image()
        data = tars.entry("manifest.json", b"[]") + image.tar()
        assert refusal(data).code == Refusal.DUPLICATE_MEMBER

    @pytest.mark.parametrize("name", ["./manifest.json", "././manifest.json", "manifest.json/"])
    def test_two_manifests_under_spellings_of_one_name(self, refusal: Refused, tars: ModuleType, name: str) -> None:
        assert refusal(tars.entry(name, b"[]") + tars.saved_image().tar()).code == Refusal.DUPLICATE_MEMBER

    def test_two_manifests_of_which_a_pax_header_names_one(self, refusal: Refused, tars: ModuleType) -> None:
        data = tars.pax(path="manifest.json") + tars.entry("harmless", b"[]") + tars.saved_image().tar()
        assert refusal(data).code == Refusal.DUPLICATE_MEMBER

    def test_two_layers_of_one_name(self, refusal: Refused, tars: ModuleType) -> None:
        image = tars.saved_image()
        name = tars.manifest_of(image)[0]["Layers"][0]
        assert refusal(tars.entry(name, tars.layer(evil=b"x")) + image.tar()).code == Refusal.DUPLICATE_MEMBER

    @pytest.mark.parametrize(
        "manifest",
        [
            b'[{"Config": "a", "config": "b", "Layers": []}]',
            b'[{"Config": "a", "Config": "b", "Layers": []}]',
            b'[{"Config": "a", "RepoTags": ["x:1"], "repotags": ["victim:1"], "Layers": []}]',
            '[{"Config": "a", "Layers": [], "Layer\u017f": ["b"]}]'.encode(),
        ],
    )
    def test_keys_of_the_manifest_that_are_one_to_docker(self, refusal: Refused, tars: ModuleType, manifest: bytes) -> None:
        assert refusal(tars.saved_image().having(manifest__json=manifest).tar()).code == Refusal.BAD_MANIFEST

    def test_a_second_archive_behind_the_first(self, refusal: Refused, tars: ModuleType) -> None:
        assert refusal(tars.saved_image().tar() + tars.saved_image().tar()).code == Refusal.DAMAGED

    def test_a_pax_size_that_hides_a_manifest_inside_a_file(self, verify: Verify, tars: ModuleType) -> None:
        # A reader that overlooks the pax size takes the bytes after the header for the next entry.
        hidden = tars.entry("manifest.json", b'[{"Config": "evil.json", "Layers": []}]')
        image = tars.saved_image()
        data = tars.pax(size=str(len(hidden))) + tars.entry("cover", hidden, size=0) + image.tar()
        assert verify(data).config_digest == tars.digest(image.members[tars.manifest_of(image)[0]["Config"]])


class TestNames:
    @pytest.mark.parametrize("name", ["../x", "a/../../x", "/etc/cron.d/x", "a//b", "a/./b", "..", "./../x", "/", "//"])
    def test_names_that_lead_elsewhere(self, refusal: Refused, tars: ModuleType, name: str) -> None:
        code = refusal(tars.entry(name, b"x") + tars.saved_image().tar()).code
        assert code == Refusal.UNSAFE_NAME

    def test_names_are_shown_without_control_characters(self, refusal: Refused, tars: ModuleType) -> None:
        sentence = refusal(tars.entry(b"../\x1b[31m\n\xe2\x80\xae" + b"x" * 60) + tars.END).sentence
        assert sentence.isascii()
        assert sentence.isprintable()


class TestTags:
    def test_tags_of_the_upload_go_nowhere(self, verify: Verify, tars: ModuleType) -> None:
        image = verify(tars.saved_image(tags=["platform/scorer:1", "victim:latest"]).tar(), tag="sonobench/a:1")
        written = image.tar.read_bytes()
        assert b"sonobench/a:1" in written
        assert b"victim" not in written
        assert b"platform/scorer" not in written


class TestBombs:
    def test_a_gzip_layer_that_unpacks_too_far(self, refusal: Refused, tars: ModuleType) -> None:
        limits = IntakeLimits(ratio_floor_bytes=2**20, ratio=20)
        plain = tars.layer(zeros=bytes(8 * 2**20))
        refused = refusal(tars.saved_image([plain], stored=[gzip.compress(plain)]).tar(), limits=limits)
        assert refused.code == Refusal.COMPRESSED_TOO_FAR

    def test_a_gzip_upload_that_unpacks_too_far_is_stopped_before_it_is_on_the_disk(
        self, refusal: Refused, tars: ModuleType, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        written: list[int] = []
        monkeypatch.setattr("tempfile.TemporaryFile", counting_file(written))
        member = gzip.compress(bytes(2**20))
        refused = refusal(member * 4096, limits=IntakeLimits(ratio_floor_bytes=4 * 2**20, ratio=2))
        assert refused.code == Refusal.COMPRESSED_TOO_FAR
        assert sum(written) <= 8 * 2**20

    def test_a_gzip_upload_inside_a_gzip_layer_counts_as_one_ratio(self, refusal: Refused, tars: ModuleType) -> None:
        plain = tars.layer(zeros=bytes(16 * 2**20))
        data = gzip.compress(tars.saved_image([plain], stored=[gzip.compress(plain)]).tar())
        assert refusal(data, limits=IntakeLimits(ratio_floor_bytes=2**20)).code == Refusal.COMPRESSED_TOO_FAR

    def test_an_upload_over_the_limit_in_plain_bytes(self, refusal: Refused, tars: ModuleType) -> None:
        data = tars.saved_image([tars.layer(a=os.urandom(2**20))]).tar()
        assert refusal(data, limits=IntakeLimits(unpacked_bytes=2**20)).code == Refusal.TOO_LARGE

    def test_a_layer_listed_a_hundred_times_is_read_once(self, verify: Verify, tars: ModuleType) -> None:
        plain = tars.layer(a=bytes(2**20))
        image = tars.saved_image([plain] * 100, stored=[plain] + [b""] * 99)
        manifest = tars.manifest_of(image)
        manifest[0]["Layers"] = manifest[0]["Layers"][:1] * 100
        limits = IntakeLimits(unpacked_bytes=2 * 2**20)
        assert verify(tars.with_manifest(image, manifest).tar(), limits=limits).size_bytes < 2 * 2**20

    def test_a_million_small_files(self, refusal: Refused, tars: ModuleType) -> None:
        plain = tars.entry("f") * 20_000 + tars.END
        refused = refusal(tars.saved_image([plain]).tar(), limits=IntakeLimits(files=19_999))
        assert refused.code == Refusal.TOO_MANY_FILES

    def test_extension_headers_instead_of_files(self, refusal: Refused, tars: ModuleType) -> None:
        plain = tars.pax(path="x") * 1000 + tars.END
        assert refusal(tars.saved_image([plain]).tar()).code == Refusal.BAD_LAYER

    def test_a_sparse_file_of_eight_terabytes(self, refusal: Refused, tars: ModuleType) -> None:
        # Docker's reader fills the holes with zeros: a thousand bytes here, a full disk there.
        records = {"GNU__sparse__major": "1", "GNU__sparse__minor": "0", "GNU__sparse__realsize": str(8 * 2**40)}
        plain = (
            tars.pax(**records, GNU__sparse__name="big") + tars.entry("GNUSparseFile.0/big", b"0\n".ljust(512, b"\0")) + tars.END
        )
        refused = refusal(tars.saved_image([plain]).tar())
        assert refused.code == Refusal.BAD_LAYER
        assert "sparse" in refused.sentence

    def test_a_json_bomb_as_config(self, refusal: Refused, tars: ModuleType) -> None:
        deep = b'{"a":' * 50_000 + b"1" + b"}" * 50_000
        assert refusal(tars.saved_image(config_bytes=deep).tar()).code == Refusal.BAD_CONFIG

    def test_a_number_of_a_million_digits_as_manifest(self, refusal: Refused, tars: ModuleType) -> None:
        number = b"[" + b"9" * 1_000_000 + b"]"
        assert refusal(tars.saved_image().having(manifest__json=number).tar()).code == Refusal.BAD_MANIFEST

    def test_a_member_that_claims_eight_exbibytes(self, refusal: Refused, tars: ModuleType) -> None:
        huge = b"\x80" + (2**63 - 1).to_bytes(11, "big")
        data = tars.entry("huge", size_field=huge) + tars.saved_image().tar()
        assert refusal(data).code == Refusal.TRUNCATED


def counting_file(written: list[int]) -> Callable[..., object]:
    """A `TemporaryFile` that counts what is written to it."""
    import tempfile

    real = tempfile.TemporaryFile

    def open_counted(**options: object) -> object:
        file = real(**options)  # type: ignore[call-overload]
        file.write = lambda data, write=file.write: written.append(len(data)) or write(data)
        return file

    return open_counted


class TestLayers:
    @pytest.mark.parametrize("path", ["../../etc/cron.d/x", "a/../../x", "/../x"])
    def test_paths_that_lead_out_of_the_image(self, refusal: Refused, tars: ModuleType, path: str) -> None:
        assert refusal(tars.saved_image([tars.entry(path, b"x") + tars.END]).tar()).code == Refusal.BAD_LAYER

    def test_dots_that_stay_inside_are_fine(self, verify: Verify, tars: ModuleType) -> None:
        assert verify(tars.saved_image([tars.entry("a/../b..c", b"x") + tars.END]).tar()).tag

    def test_a_layer_that_is_no_tar_though_its_digest_is_right(self, refusal: Refused, tars: ModuleType) -> None:
        assert refusal(tars.saved_image([b"no tar at all" * 100]).tar()).code == Refusal.BAD_LAYER

    def test_a_layer_that_ends_inside_a_file(self, refusal: Refused, tars: ModuleType) -> None:
        assert refusal(tars.saved_image([tars.entry("f", b"x" * 2000)[:1024]]).tar()).code == Refusal.BAD_LAYER

    def test_a_gzip_layer_that_is_cut(self, refusal: Refused, tars: ModuleType) -> None:
        plain = tars.layer(a=os.urandom(5000))
        assert refusal(tars.saved_image([plain], stored=[gzip.compress(plain)[:3000]]).tar()).code == Refusal.TRUNCATED

    def test_a_gzip_layer_with_a_wrong_checksum(self, refusal: Refused, tars: ModuleType) -> None:
        plain = tars.layer(a=b"1")
        packed = bytearray(gzip.compress(plain))
        packed[-8] ^= 1
        assert refusal(tars.saved_image([plain], stored=[bytes(packed)]).tar()).code == Refusal.DAMAGED

    def test_a_layer_compressed_in_another_way_names_the_cure(self, refusal: Refused, tars: ModuleType) -> None:
        plain = tars.layer(a=b"1")
        refused = refusal(tars.saved_image([plain], stored=[lzma.compress(plain)]).tar())
        assert refused.code == Refusal.UNSUPPORTED_COMPRESSION
        assert "compression=gzip" in refused.sentence

    def test_data_behind_a_layers_end_is_part_of_its_digest(self, verify: Verify, refusal: Refused, tars: ModuleType) -> None:
        plain = tars.layer(a=b"1")
        assert refusal(tars.saved_image([plain], stored=[plain + b"tail"]).tar()).code == Refusal.LAYER_DIGEST
        assert verify(tars.saved_image([plain + b"tail"]).tar()).diff_ids == (tars.digest(plain + b"tail"),)


class TestWhatTheEngineWouldOpen:
    """The engine reads an image's accounts as root: a pipe there holds it up for ever, a device feeds it without end."""

    @pytest.mark.parametrize(
        "path",
        ["etc/passwd", "./etc/group", "etc/ld.so.conf", "x/passwd", "dev", "dev/../etc/group", "run/initctl", "dev/x/passwd"],
    )
    @pytest.mark.parametrize("kind", [b"3", b"4", b"6"])
    def test_pipes_and_devices_outside_dev(self, refusal: Refused, tars: ModuleType, path: str, kind: bytes) -> None:
        refused = refusal(tars.saved_image([tars.layer(a=b"1"), tars.entry(path, kind=kind) + tars.END]).tar())
        assert refused.code == Refusal.BAD_LAYER
        assert "Delete it in the Dockerfile" in refused.sentence

    @pytest.mark.parametrize("name", ["etc/passwd", "etc/group", "etc", "dev", "z/passwd", "q/etc/", "etc/passwd/.", "etc/x/.."])
    @pytest.mark.parametrize("kind", [b"1", b"2"])
    @pytest.mark.parametrize("devices_first", [True, False])
    def test_a_link_that_could_lead_to_a_device_under_dev(
        self, refusal: Refused, tars: ModuleType, name: str, kind: bytes, devices_first: bool
    ) -> None:
        layers = [tars.entry("dev/zero", kind=b"3") + tars.END, tars.entry(name, kind=kind, link="/dev/zero") + tars.END]
        refused = refusal(tars.saved_image(layers if devices_first else layers[::-1]).tar())
        assert refused.code == Refusal.BAD_LAYER
        assert "could lead to them" in refused.sentence

    def test_a_pipe_behind_a_folder_that_is_a_link(self, refusal: Refused, tars: ModuleType) -> None:
        # An unpacker follows dev/net, and makes /etc/passwd.
        whole = tars.entry("dev/", kind=b"5") + tars.entry("dev/net", kind=b"2", link="/etc")
        refused = refusal(tars.saved_image([whole + tars.entry("dev/net/passwd", kind=b"6") + tars.END]).tar())
        assert "could lead to them" in refused.sentence

    def test_a_device_under_a_second_name(self, refusal: Refused, tars: ModuleType) -> None:
        whole = tars.entry("dev/zero", kind=b"3") + tars.entry("app/weights", kind=b"1", link="./dev/zero") + tars.END
        assert "could lead to them" in refusal(tars.saved_image([whole]).tar()).sentence

    @pytest.mark.parametrize("path", ["dev/net/tun", "dev/pts/0"])
    def test_devices_where_every_system_has_them(self, verify: Verify, tars: ModuleType, path: str) -> None:
        whole = tars.entry(path, kind=b"3") + tars.entry("dev/fd", kind=b"2", link="/proc/self/fd") + tars.END
        assert verify(tars.saved_image([whole]).tar()).tag

    def test_devices_alone_and_links_alone_are_as_they_come_from_bootstrapped_and_nix_images(
        self, verify: Verify, tars: ModuleType
    ) -> None:
        devices = (
            tars.entry("dev/", kind=b"5") + tars.entry("dev/null", kind=b"3") + tars.entry("./dev/initctl", kind=b"6") + tars.END
        )
        links = tars.entry("etc/passwd", kind=b"2", link="/nix/store/passwd") + tars.END
        assert verify(tars.saved_image([devices]).tar()).tag
        assert verify(tars.saved_image([links]).tar()).tag

    def test_a_list_of_accounts_of_many_megabytes(self, refusal: Refused, tars: ModuleType) -> None:
        plain = tars.entry("etc/group", bytes(16 * 2**20 + 1)) + tars.END
        assert refusal(tars.saved_image([plain]).tar()).code == Refusal.BAD_LAYER


class TestSettings:
    def test_settings_are_judged_as_docker_reads_them(self, refusal: Refused, tars: ModuleType) -> None:
        document = json.loads(tars.config([tars.layer(a=b"1")]))
        document["CONFIG"] = {**document.pop("config"), "env": ["LD_PRELOAD=/evil.so"]}
        image = tars.saved_image([tars.layer(a=b"1")], config_bytes=json.dumps(document).encode())
        assert refusal(image.tar()).code == Refusal.UNSAFE_ENVIRONMENT

    def test_a_label_that_would_fool_the_sweeper(self, refusal: Refused, tars: ModuleType) -> None:
        assert refusal(tars.saved_image(settings={"Labels": {"org.sonobench.run": "1"}}).tar()).code == Refusal.RESERVED_LABEL
