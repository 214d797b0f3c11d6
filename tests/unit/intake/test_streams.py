"""Gunzip and cursors: bounded, exact, and honest about ends."""

from __future__ import annotations

import gzip
import io
import zlib

import pytest

from sonobench_eval.intake.streams import (
    BlockCursor,
    Gunzip,
    PatienceWithCrumbs,
    Section,
    StreamDamagedError,
    StreamTruncatedError,
    compression_of,
)


def gunzipped(data: bytes, *, step: int = 1000) -> bytes:
    stream = Gunzip(io.BytesIO(data))
    parts = []
    while part := stream.read(step):
        assert len(part) <= step
        parts.append(part)
    return b"".join(parts)


class TestGunzip:
    def test_gives_back_what_was_compressed(self) -> None:
        content = bytes(range(256)) * 5000
        assert gunzipped(gzip.compress(content)) == content

    def test_reads_several_members_and_zero_padding(self) -> None:
        assert gunzipped(gzip.compress(b"ab") + gzip.compress(b"") + gzip.compress(b"cd") + bytes(700)) == b"abcd"

    def test_gives_no_more_than_asked_for_from_a_bomb(self) -> None:
        stream = Gunzip(io.BytesIO(gzip.compress(bytes(50_000_000))))
        assert len(stream.read(4096)) == 4096

    @pytest.mark.parametrize("step", [1, 7, 512, 2**20])
    def test_content_that_ends_exactly_at_a_step_is_whole(self, step: int) -> None:
        content = b"x" * 2048
        assert gunzipped(gzip.compress(content), step=step) == content

    @pytest.mark.parametrize("missing", [1, 8, 9, 20])
    def test_a_cut_end_is_truncation(self, missing: int) -> None:
        with pytest.raises(StreamTruncatedError):
            gunzipped(gzip.compress(b"some content that is long enough")[:-missing])

    def test_a_wrong_checksum_is_damage(self) -> None:
        data = bytearray(gzip.compress(b"content"))
        data[-5] ^= 0xFF
        with pytest.raises(StreamDamagedError):
            gunzipped(bytes(data))

    def test_rubbish_after_the_end_is_damage(self) -> None:
        with pytest.raises(StreamDamagedError):
            gunzipped(gzip.compress(b"content") + b"rubbish, no gzip member")

    def test_raw_deflate_is_not_taken_for_gzip(self) -> None:
        with pytest.raises(StreamDamagedError):
            gunzipped(zlib.compress(b"content"))

    def test_members_of_nothing_without_end_are_damage(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(PatienceWithCrumbs, "LIMIT", 50)
        with pytest.raises(StreamDamagedError):
            gunzipped(gzip.compress(b"") * 60)

    @pytest.mark.parametrize("pause", [0, 1])
    def test_what_lies_behind_a_small_member_is_not_handed_over_with_it(
        self, pause: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        given: list[int] = []
        original = zlib.decompressobj

        class Watched:
            def __init__(self, wbits: int) -> None:
                self._inner = original(wbits)

            def decompress(self, data: bytes, size: int) -> bytes:
                given.append(len(data))
                return self._inner.decompress(data, size)

            def __getattr__(self, name: str) -> object:
                return getattr(self._inner, name)

        monkeypatch.setattr("sonobench_eval.intake.streams.zlib.decompressobj", Watched)
        assert gunzipped((gzip.compress(b"x") + bytes(pause)) * 2000) == b"x" * 2000
        assert max(given) <= 1024


class TestSection:
    def test_ends_where_it_should(self) -> None:
        section = Section(io.BytesIO(b"0123456789"), 2, 5)
        assert (section.read(3), section.read(100), section.read(1)) == (b"234", b"56", b"")

    def test_a_file_that_is_too_short_is_truncation(self) -> None:
        section = Section(io.BytesIO(b"0123"), 2, 5)
        section.read(2)
        with pytest.raises(StreamTruncatedError):
            section.read(1)


class TestBlockCursor:
    def test_reads_and_skips_across_blocks(self) -> None:
        class Drip(io.BytesIO):
            def read(self, size: int | None = -1) -> bytes:
                return super().read(min(3, size or 0))

        cursor = BlockCursor(Drip(b"abcdefghij"))
        assert cursor.exact(4) == b"abcd"
        cursor.skip(2)
        assert cursor.position() == 6
        assert cursor.exact(100) == b"ghij"


class TestCompressionOf:
    def test_names_what_it_sees(self) -> None:
        heads = {b"\x1f\x8b\x08": "gzip", b"\x28\xb5\x2f\xfd": "zstd", b"BZh9": "bzip2", b"\xfd7zXZ\x00": "xz", b"plain": None}
        assert {head: compression_of(head) for head in heads} == heads

    @pytest.mark.parametrize("first", [0x50, 0x5F])
    def test_a_skippable_frame_is_zstd(self, first: int) -> None:
        assert compression_of(bytes([first]) + b"\x2a\x4d\x18") == "zstd"
        assert compression_of(b"\x60\x2a\x4d\x18") is None
