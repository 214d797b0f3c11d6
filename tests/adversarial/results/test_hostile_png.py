"""Masks made to hurt the one who reads them. Each goes through the plain and the confined decoder."""

from __future__ import annotations

import struct
import time
import zlib
from collections.abc import Callable, Iterator

import pytest

from sonobench_eval.io.confined import ConfinedDecoder
from sonobench_eval.io.findings import FindingCode
from sonobench_eval.io.images import Decoder, InProcessDecoder, MaskRead

Build = Callable[..., bytes]
Header = Callable[..., tuple[bytes, bytes]]
END = (b"IEND", b"")
SIZE = (16, 16)
ROWS = (b"\0" + bytes(16)) * 16


@pytest.fixture(scope="module", params=["in process", "confined"])
def decoder(request: pytest.FixtureRequest) -> Iterator[Decoder]:
    if request.param == "in process":
        yield InProcessDecoder()
    else:
        with ConfinedDecoder(timeout_s=10) as confined:
            yield confined


@pytest.fixture
def unreadable(decoder: Decoder) -> Callable[[bytes], MaskRead]:
    """Decodes as 16 x 16 and expects a quick refusal."""

    def check(data: bytes) -> MaskRead:
        start = time.monotonic()
        read = decoder.decode(data, expected=SIZE)
        assert read.problem is FindingCode.UNREADABLE_IMAGE
        assert read.detail.isprintable()
        assert time.monotonic() - start < 5
        return read

    return check


class TestHostilePng:
    def test_a_header_that_promises_gigapixels_is_refused_unopened(
        self, decoder: Decoder, png_from: Build, header: Header
    ) -> None:
        data = png_from([header(2**31 - 1, 2**31 - 1), (b"IDAT", zlib.compress(b"")), END])
        assert decoder.decode(data, expected=SIZE).problem is FindingCode.WRONG_SIZE

    def test_gigapixels_are_refused_even_where_the_image_has_them(
        self, decoder: Decoder, png_from: Build, header: Header
    ) -> None:
        side = 2**14
        data = png_from([header(side, side), (b"IDAT", zlib.compress(b"")), END])
        read = decoder.decode(data, expected=(side, side))
        assert read.problem is FindingCode.UNREADABLE_IMAGE
        assert "more than" in read.detail

    def test_pixels_that_inflate_without_end_stop_at_the_image(self, decoder: Decoder, png_from: Build, header: Header) -> None:
        squeeze = zlib.compressobj(9)
        bomb = squeeze.compress(ROWS) + b"".join(squeeze.compress(bytes(2**20)) for _ in range(200)) + squeeze.flush()
        start = time.monotonic()
        read = decoder.decode(png_from([header(16, 16), (b"IDAT", bomb), END]), expected=SIZE)
        assert time.monotonic() - start < 5
        assert read.problem in (None, FindingCode.UNREADABLE_IMAGE)
        assert read.array is None or not read.array.any()

    @pytest.mark.parametrize("keep", [8, 20, 33, 40, 50, 60])
    def test_a_file_cut_anywhere_is_unreadable(
        self, unreadable: Callable[[bytes], MaskRead], png_from: Build, header: Header, keep: int
    ) -> None:
        unreadable(png_from([header(16, 16), (b"IDAT", zlib.compress(ROWS)), END])[:keep])

    def test_pixels_cut_short_behind_a_right_checksum_are_unreadable(
        self, unreadable: Callable[[bytes], MaskRead], png_from: Build, header: Header
    ) -> None:
        unreadable(png_from([header(16, 16), (b"IDAT", zlib.compress(ROWS[:100])), END]))
        unreadable(png_from([header(16, 16), (b"IDAT", zlib.compress(ROWS)[:-9]), END]))
        unreadable(png_from([header(16, 16), (b"IDAT", b""), END]))

    def test_a_wrong_checksum_is_unreadable(
        self, unreadable: Callable[[bytes], MaskRead], png_from: Build, header: Header
    ) -> None:
        good = png_from([header(16, 16), (b"IDAT", zlib.compress(ROWS)), END])
        for at in (29, 45, len(good) - 20):
            data = bytearray(good)
            data[at] ^= 1
            unreadable(bytes(data))

    def test_a_chunk_longer_than_the_file_is_unreadable(
        self, unreadable: Callable[[bytes], MaskRead], png_from: Build, header: Header
    ) -> None:
        start = png_from([header(16, 16)])
        for length in (2**31, 2**32 - 1, 2**31 - 1, 100):
            unreadable(start + struct.pack(">I", length) + b"IDAT" + b"x" * 20)

    def test_pixels_that_are_no_zlib_are_unreadable(
        self, unreadable: Callable[[bytes], MaskRead], png_from: Build, header: Header
    ) -> None:
        unreadable(png_from([header(16, 16), (b"IDAT", b"\xff" * 500), END]))

    def test_an_unknown_filter_is_unreadable(
        self, unreadable: Callable[[bytes], MaskRead], png_from: Build, header: Header
    ) -> None:
        unreadable(png_from([header(16, 16), (b"IDAT", zlib.compress((b"\x09" + bytes(16)) * 16)), END]))

    def test_two_headers_are_unreadable(self, unreadable: Callable[[bytes], MaskRead], png_from: Build, header: Header) -> None:
        unreadable(png_from([header(16, 16), header(9000, 9000), (b"IDAT", zlib.compress(ROWS)), END]))

    def test_a_palette_that_is_missing_or_endless_is_unreadable_or_read(
        self, unreadable: Callable[[bytes], MaskRead], decoder: Decoder, png_from: Build, header: Header
    ) -> None:
        unreadable(png_from([header(16, 16, colour=3), (b"IDAT", zlib.compress(ROWS)), END]))
        endless = png_from([header(16, 16, colour=3), (b"PLTE", bytes(3 * 5000)), (b"IDAT", zlib.compress(ROWS)), END])
        assert decoder.decode(endless, expected=SIZE).problem in (None, FindingCode.UNREADABLE_IMAGE)

    def test_an_index_beyond_the_palette_harms_nobody(self, decoder: Decoder, png_from: Build, header: Header) -> None:
        rows = (b"\0" + b"\xc8" * 16) * 16
        data = png_from([header(16, 16, colour=3), (b"PLTE", b"\x07" * 6), (b"IDAT", zlib.compress(rows)), END])
        assert decoder.decode(data, expected=SIZE).problem in (None, FindingCode.UNREADABLE_IMAGE)

    def test_an_unknown_critical_chunk_is_unreadable_and_named_safely(
        self, unreadable: Callable[[bytes], MaskRead], png_from: Build, header: Header
    ) -> None:
        read = unreadable(png_from([header(16, 16), (b"A\x1b[m", b""), (b"IDAT", zlib.compress(ROWS)), END]))
        assert "unknown chunk" in read.detail

    def test_a_hundred_thousand_tiny_chunks_are_read(self, decoder: Decoder, png_from: Build, header: Header) -> None:
        body = zlib.compress(ROWS)
        tiny = [(b"IDAT", body[at : at + 1]) for at in range(len(body))]
        data = png_from([header(16, 16), *[(b"tEXt", b"")] * 80_000, *tiny, END])
        start = time.monotonic()
        assert decoder.decode(data, expected=SIZE).problem is None
        assert time.monotonic() - start < 5

    def test_what_follows_the_end_is_ignored(self, decoder: Decoder, png_from: Build, header: Header) -> None:
        data = png_from([header(16, 16), (b"IDAT", zlib.compress(ROWS)), END]) + b"PK\x03\x04" * 1000
        assert decoder.decode(data, expected=SIZE).problem is None

    @pytest.mark.parametrize(
        "data",
        [
            b"GIF89a\x10\0\x10\0",
            b"BM" + bytes(60),
            b"II*\0" + bytes(60),
            b"%!PS-Adobe-3.0 EPSF\n",
            b"\x93NUMPY\x01\0",
            b"\x80\x04\x95",
        ],
    )
    def test_no_other_format_is_even_tried(self, unreadable: Callable[[bytes], MaskRead], data: bytes) -> None:
        assert unreadable(data).detail == "not a PNG file"
