"""Hostile zstd: uploads and layers built frame by frame. Each is refused with a cure, and nothing is left on the disk."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from types import ModuleType

import pytest
import zstandard

from sonobench_eval.intake.records import ImageRefused, IntakeLimits, Refusal, VerifiedImage
from sonobench_eval.intake.streams import PatienceWithCrumbs

Refused = Callable[..., ImageRefused]
Verify = Callable[..., VerifiedImage]

MAGIC = b"\x28\xb5\x2f\xfd"
WIDE = MAGIC + b"\x00\xff" + b"\x09\x00\x00x"
"""A frame of one raw byte that asks for a window of 3.75 TiB."""
WITH_DICTIONARY = MAGIC + b"\x01\x00\x07" + b"\x09\x00\x00x"


def repeated(content: bytes, count: int) -> bytes:
    """A frame of `count` blocks, each of which is one byte stored and 128 KiB unpacked."""
    size = 128 * 1024
    blocks = [(size << 3 | 1 << 1 | (number == count - 1)).to_bytes(3, "little") + content for number in range(count)]
    return MAGIC + b"\x00\x38" + b"".join(blocks)


def as_layer(tars: ModuleType, stored: bytes) -> bytes:
    return tars.saved_image([tars.layer(a=b"1")], stored=[stored]).tar()  # type: ignore[no-any-return]


class TestBombs:
    def test_an_upload_of_repeated_bytes(self, refusal: Refused) -> None:
        # 16 KB that unpack to 512 MiB.
        refused = refusal(repeated(b"\0", 4096), limits=IntakeLimits(ratio_floor_bytes=4 * 2**20))
        assert refused.code == Refusal.COMPRESSED_TOO_FAR

    def test_a_layer_of_repeated_bytes(self, refusal: Refused, tars: ModuleType) -> None:
        data = as_layer(tars, repeated(b"\0", 4096))
        assert refusal(data, limits=IntakeLimits(ratio_floor_bytes=4 * 2**20)).code == Refusal.COMPRESSED_TOO_FAR

    def test_a_layer_within_the_ratio_but_over_the_limit(self, refusal: Refused, tars: ModuleType) -> None:
        plain = tars.layer(a=bytes(2**21))
        image = tars.saved_image([plain], stored=[zstandard.compress(plain)])
        assert refusal(image.tar(), limits=IntakeLimits(unpacked_bytes=2**20)).code == Refusal.TOO_LARGE

    def test_zstd_inside_zstd_inside_gzip_counts_as_one_ratio(self, refusal: Refused, tars: ModuleType) -> None:
        plain = tars.layer(zeros=bytes(16 * 2**20))
        inner = tars.saved_image([plain], stored=[zstandard.compress(plain)]).tar()
        assert refusal(zstandard.compress(inner), limits=IntakeLimits(ratio_floor_bytes=2**20)).code == Refusal.COMPRESSED_TOO_FAR

    def test_an_upload_compressed_twice_is_no_tar(self, refusal: Refused, tars: ModuleType) -> None:
        whole = tars.saved_image().tar()
        for data in (zstandard.compress(zstandard.compress(whole)), zstandard.compress(gzip.compress(whole))):
            assert refusal(data).code == Refusal.NOT_AN_IMAGE_TAR

    def test_frames_of_nothing_without_end(self, refusal: Refused, tars: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(PatienceWithCrumbs, "LIMIT", 100)
        empty = b"\x50\x2a\x4d\x18\x00\x00\x00\x00"
        assert refusal(empty * 200).code == Refusal.DAMAGED
        assert refusal(as_layer(tars, empty * 200)).code == Refusal.DAMAGED

    @pytest.mark.parametrize("stored", [WIDE, WITH_DICTIONARY], ids=["window", "dictionary"])
    def test_what_needs_memory_or_a_dictionary_we_do_not_give(self, refusal: Refused, tars: ModuleType, stored: bytes) -> None:
        upload, layer = refusal(stored), refusal(as_layer(tars, stored))
        assert upload.code == layer.code == Refusal.UNSUPPORTED_COMPRESSION
        assert upload.sentence.endswith("docker save NAME:TAG | gzip > image.tar.gz")
        assert "compression=gzip,force-compression=true" in layer.sentence


class TestDamage:
    @pytest.mark.parametrize("checksum", [True, False])
    def test_a_cut_upload_is_truncated_wherever_it_is_cut(self, refusal: Refused, tars: ModuleType, checksum: bool) -> None:
        whole = zstandard.ZstdCompressor(write_checksum=checksum).compress(tars.saved_image().tar())
        for end in (4, 5, 9, len(whole) // 2, len(whole) - 1):
            assert refusal(whole[:end]).code == Refusal.TRUNCATED, end

    def test_an_upload_that_ends_between_two_frames_is_truncated(self, refusal: Refused, tars: ModuleType) -> None:
        whole = tars.saved_image([tars.layer(a=b"x" * 3000)]).tar()
        assert refusal(zstandard.compress(whole[:2048])).code == Refusal.TRUNCATED

    def test_a_cut_layer(self, refusal: Refused, tars: ModuleType) -> None:
        stored = zstandard.compress(tars.layer(a=b"1"))
        refused = refusal(as_layer(tars, stored[:-1]))
        assert refused.code == Refusal.TRUNCATED
        assert refused.sentence.startswith("Layer 1 of the image ends in its middle.")

    @pytest.mark.parametrize("tail", [b"rubbish", bytes(512), gzip.compress(b"x")], ids=["text", "zeros", "gzip"])
    def test_something_behind_the_last_frame(self, refusal: Refused, tars: ModuleType, tail: bytes) -> None:
        stored = zstandard.compress(tars.layer(a=b"1"))
        assert refusal(as_layer(tars, stored + tail)).code == Refusal.DAMAGED
        assert refusal(zstandard.compress(tars.saved_image().tar()) + tail).code == Refusal.DAMAGED

    def test_a_second_layer_hidden_in_a_second_frame_changes_the_digest(self, refusal: Refused, tars: ModuleType) -> None:
        plain = tars.layer(a=b"1")
        stored = zstandard.compress(plain) + zstandard.compress(tars.layer(evil=b"2"))
        assert refusal(as_layer(tars, stored)).code == Refusal.LAYER_DIGEST

    def test_content_in_a_skippable_frame_is_no_content(self, verify: Verify, tars: ModuleType) -> None:
        plain = tars.layer(a=b"1")
        hidden = tars.layer(evil=b"2")
        stored = b"\x5f\x2a\x4d\x18" + len(hidden).to_bytes(4, "little") + hidden + zstandard.compress(plain)
        image = verify(as_layer(tars, stored))
        assert image.diff_ids == (tars.digest(plain),)
        assert b"evil" not in image.tar.read_bytes()


class TestLayersDockerWouldUnpackOnceMore:
    """Docker looks at the first bytes of what it loads. A tar may begin with any name."""

    @pytest.mark.parametrize(
        ("mark", "name"), [(b"\x1f\x8b\x08", "gzip"), (MAGIC, "zstd"), (b"BZh9", "bzip2"), (b"\xfd7zXZ", "xz")]
    )
    def test_a_first_file_named_like_a_compression(self, refusal: Refused, tars: ModuleType, mark: bytes, name: str) -> None:
        end = b"" if name == "xz" else b"x"  # the mark of xz ends in a zero, as a name does
        plain = tars.entry(mark + end, b"content") + tars.END
        refused = refusal(tars.saved_image([plain], stored=[gzip.compress(plain)]).tar())
        assert refused.code == Refusal.BAD_LAYER
        assert f"mark of {name}" in refused.sentence
