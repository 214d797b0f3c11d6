"""Unzstd: bounded, exact, and honest about ends; frames are built byte by byte where the library would not make them."""

from __future__ import annotations

import io
import os
import tracemalloc

import pytest
import zstandard

from sonobench_eval.intake.streams import PatienceWithCrumbs, StreamDamagedError, StreamTruncatedError, StreamUnsupportedError
from sonobench_eval.intake.zstd import WINDOW_LIMIT_BYTES, Unzstd

MAGIC = b"\x28\xb5\x2f\xfd"
SMALL_WINDOW = b"\x00\x00"
"""A frame header: no flags, a window of 1 KiB."""


def unzstd(data: bytes, *, step: int = 1000) -> bytes:
    stream = Unzstd(io.BytesIO(data))
    parts = []
    while part := stream.read(step):
        assert len(part) <= step
        parts.append(part)
    assert stream.read(step) == b""
    return b"".join(parts)


def block(content: bytes, *, kind: int = 0, last: bool = True, size: int | None = None) -> bytes:
    """One block; kind 0 is raw, 1 a byte repeated `size` times."""
    stated = len(content) if size is None else size
    return (stated << 3 | kind << 1 | last).to_bytes(3, "little") + content


def skippable(content: bytes, *, number: int = 0) -> bytes:
    return bytes([0x50 + number]) + b"\x2a\x4d\x18" + len(content).to_bytes(4, "little") + content


def windowed(window: int) -> bytes:
    """A frame whose header asks for a window of this descriptor."""
    return MAGIC + b"\x00" + bytes([window]) + block(b"x")


class TestWhatIsRead:
    @pytest.mark.parametrize("level", [-5, 1, 3, 19, 22])
    @pytest.mark.parametrize("content", [b"", b"x", b"abc" * 100_000, os.urandom(400_000)], ids=["none", "one", "text", "noise"])
    def test_gives_back_what_was_compressed(self, level: int, content: bytes) -> None:
        assert unzstd(zstandard.compress(content, level), step=70_001) == content

    @pytest.mark.parametrize("step", [1, 7, 512, 2**20])
    def test_content_that_ends_exactly_at_a_step_is_whole(self, step: int) -> None:
        assert unzstd(zstandard.compress(b"x" * 2048), step=step) == b"x" * 2048

    def test_a_stream_of_unknown_length_with_checksum(self) -> None:
        writer = zstandard.ZstdCompressor(write_checksum=True, write_content_size=False).compressobj()
        data = b"".join(writer.compress(os.urandom(1000) * 300) for _ in range(3)) + writer.flush()
        assert len(unzstd(data)) == 900_000

    def test_several_frames_and_skippable_ones_between_before_and_after(self) -> None:
        frames = [zstandard.compress(each) for each in (b"ab", b"", b"cd")]
        data = skippable(b"") + frames[0] + skippable(MAGIC * 9, number=15) + frames[1] + frames[2] + skippable(b"index")
        assert unzstd(data) == b"abcd"

    def test_raw_and_repeated_blocks(self) -> None:
        data = MAGIC + SMALL_WINDOW + block(b"raw", last=False) + block(b"r", kind=1, size=5)
        assert unzstd(data) == b"rawrrrrr"

    def test_a_window_as_large_as_the_limit(self) -> None:
        assert unzstd(windowed(17 << 3)) == b"x"

    def test_nothing_at_all_is_nothing(self) -> None:
        assert unzstd(b"") == b""


class TestMemory:
    def test_gives_no_more_than_asked_for_from_a_bomb(self) -> None:
        stream = Unzstd(io.BytesIO(zstandard.compress(bytes(200_000_000), 19)))
        tracemalloc.start()
        try:
            assert len(stream.read(4096)) == 4096
            assert tracemalloc.get_traced_memory()[1] < 2**21
        finally:
            tracemalloc.stop()

    @pytest.mark.parametrize("descriptor", [17 << 3 | 1, 18 << 3, 31 << 3 | 7])
    def test_a_window_over_the_limit_is_refused_before_memory_is_taken(self, descriptor: int) -> None:
        with pytest.raises(StreamUnsupportedError) as caught:
            unzstd(windowed(descriptor))
        assert "of memory to unpack" in caught.value.what
        assert "--long" in caught.value.cure

    def test_a_frame_in_one_segment_of_more_than_the_limit_is_refused(self) -> None:
        header = bytes([0b11_1_00_0_00]) + (WINDOW_LIMIT_BYTES + 1).to_bytes(8, "little")
        with pytest.raises(StreamUnsupportedError):
            unzstd(MAGIC + header + block(b"x"))

    def test_a_dictionary_is_refused_with_a_cure(self) -> None:
        with pytest.raises(StreamUnsupportedError, match="dictionary"):
            unzstd(MAGIC + b"\x01\x00\x07" + block(b"x"))


class TestDamage:
    def test_a_cut_at_any_byte_is_truncation_except_between_frames(self) -> None:
        frame = zstandard.ZstdCompressor(write_checksum=True).compress(b"some content " * 9)
        whole = skippable(b"abc") + frame + frame
        between = {0, 11, 11 + len(frame), len(whole)}
        for end in range(len(whole) + 1):
            if end in between:
                unzstd(whole[:end])
            else:
                with pytest.raises(StreamTruncatedError):
                    unzstd(whole[:end])

    @pytest.mark.parametrize("tail", [b"r", b"\0" * 4, b"rubbish", MAGIC[:3] + b"\xfe", b"\x1f\x8b\x08\x00"])
    def test_rubbish_after_a_frame_is_refused(self, tail: bytes) -> None:
        with pytest.raises((StreamDamagedError, StreamTruncatedError)):
            unzstd(zstandard.compress(b"content") + tail)

    def test_a_wrong_checksum(self) -> None:
        data = bytearray(zstandard.ZstdCompressor(write_checksum=True).compress(b"content"))
        data[-1] ^= 0xFF
        with pytest.raises(StreamDamagedError):
            unzstd(bytes(data))

    @pytest.mark.parametrize("stated", [4, 6])
    def test_another_length_than_the_header_states(self, stated: int) -> None:
        with pytest.raises(StreamDamagedError):
            unzstd(MAGIC + bytes([0b00_1_00_0_00, stated]) + block(b"12345"))

    @pytest.mark.parametrize(
        "frame",
        [
            MAGIC + b"\x08\x00" + block(b"x"),  # a reserved bit
            MAGIC + SMALL_WINDOW + block(b"x", kind=3),  # a reserved kind of block
            MAGIC + SMALL_WINDOW + block(b"x" * 2000),  # a block larger than its window
            MAGIC + b"\x00\x88" + block(b"", size=128 * 1024 + 1),  # a block larger than any may be
            MAGIC + b"\x00\x88" + block(b"r", kind=1, size=2**21 - 1),  # the same, of one byte repeated
            MAGIC + SMALL_WINDOW + block(b"\xff" * 50, kind=2),  # nonsense where compressed bytes should be
            b"\x27\xb5\x2f\xfd" + SMALL_WINDOW + block(b"x"),  # zstd 0.7, which had another format
        ],
    )
    def test_frames_that_break_the_format(self, frame: bytes) -> None:
        with pytest.raises(StreamDamagedError):
            unzstd(frame)

    @pytest.mark.parametrize(
        "empty", [skippable(b""), zstandard.compress(b""), MAGIC + SMALL_WINDOW + block(b"", last=False) * 100], ids=len
    )
    def test_pieces_of_nothing_without_end(self, empty: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(PatienceWithCrumbs, "LIMIT", 50)
        with pytest.raises(StreamDamagedError):
            unzstd(empty * 60)
