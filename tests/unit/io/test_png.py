from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from sonobench_eval.io.findings import FindingCode
from sonobench_eval.io.png import decode_grey, max_png_bytes, read_header
from sonobench_eval.io.refused import ImageRefused

PngOf = Callable[..., bytes]


def decoded(data: bytes, shape: tuple[int, ...]) -> np.ndarray:
    pixels = decode_grey(data, height=shape[0], width=shape[1]).pixels
    return np.frombuffer(pixels, np.uint8).reshape(shape[:2])


def refused(data: bytes, *, height: int = 40, width: int = 60) -> ImageRefused:
    with pytest.raises(ImageRefused) as caught:
        decode_grey(data, height=height, width=width)
    return caught.value


class TestDecodeGrey:
    def test_grey_pixels_come_back_as_written(self, png_of: PngOf, disc: np.ndarray) -> None:
        image = decode_grey(png_of(disc), height=40, width=60)
        assert np.array_equal(decoded(png_of(disc), disc.shape), disc)
        assert not image.coloured

    def test_one_bit_pixels_are_0_and_255(self, png_of: PngOf, disc: np.ndarray) -> None:
        assert np.array_equal(decoded(png_of(disc, "1"), disc.shape), disc)

    @pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "P"])
    def test_colour_and_transparency_are_read_as_grey_and_noted(self, png_of: PngOf, disc: np.ndarray, mode: str) -> None:
        data = png_of(disc, mode)
        assert decode_grey(data, height=40, width=60).coloured
        assert np.array_equal(decoded(data, disc.shape), disc)

    def test_a_transparent_pixel_keeps_its_grey_value(self, disc: np.ndarray) -> None:
        out = io.BytesIO()
        Image.fromarray(np.dstack([disc, np.zeros_like(disc)])).save(out, "PNG")
        assert np.array_equal(decoded(out.getvalue(), disc.shape), disc)

    def test_a_palette_gives_the_grey_of_its_colours_not_the_indices(self) -> None:
        image = Image.fromarray(np.array([[0, 1, 2]], np.uint8), mode=None)
        image = image.convert("P")
        image.putpalette([0, 0, 0, 255, 255, 255, 7, 7, 7])
        out = io.BytesIO()
        image.save(out, "PNG")
        raw = decoded(out.getvalue(), (1, 3))
        assert raw.tolist() == [[0, 255, 7]]

    def test_an_interlaced_image_is_read(self, chunked: Callable[..., bytes]) -> None:
        # Adam7 of a 1 x 1 image has one pass with one pixel.
        data = chunked(
            [(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 1)), (b"IDAT", zlib.compress(b"\0\x07")), (b"IEND", b"")]
        )
        assert decoded(data, (1, 1)).tolist() == [[7]]

    def test_sixteen_bits_are_refused_and_not_guessed(self, png_of: PngOf) -> None:
        error = refused(png_of(np.zeros((40, 60), np.uint16)))
        assert error.code is FindingCode.UNREADABLE_IMAGE
        assert "16 bits" in str(error)

    def test_another_size_is_told_from_the_header_alone(self, png_of: PngOf, disc: np.ndarray) -> None:
        error = refused(png_of(disc.T))
        assert error.code is FindingCode.WRONG_SIZE
        assert str(error) == "40 x 60 pixels instead of 60 x 40"

    @pytest.mark.parametrize("data", [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n", b"P5 2 2 255 abcd", b"\xff\xd8\xff\xe0"])
    def test_what_is_no_png_is_unreadable(self, data: bytes) -> None:
        assert refused(data).code is FindingCode.UNREADABLE_IMAGE

    def test_text_profiles_and_animation_are_dropped_unread(self, chunked: Callable[..., bytes]) -> None:
        bomb = zlib.compress(bytes(50_000_000))
        data = chunked(
            [
                (b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)),
                (b"acTL", struct.pack(">II", 2**31 - 1, 0)),
                (b"iCCP", b"x\0\0" + bomb),
                (b"zTXt", b"x\0\0" + bomb),
                (b"IDAT", zlib.compress(b"\0\x05")),
                (b"IEND", b""),
            ]
        )
        assert decoded(data, (1, 1)).tolist() == [[5]]


class TestReadHeader:
    def test_size_depth_and_colour_are_read(self, png_of: PngOf, disc: np.ndarray) -> None:
        assert read_header(png_of(disc)) == (60, 40, 8, 0, False)

    @pytest.mark.parametrize(
        "fields",
        [
            (0, 1, 8, 0, 0, 0, 0),
            (1, 2**31, 8, 0, 0, 0, 0),
            (1, 1, 3, 0, 0, 0, 0),
            (1, 1, 8, 1, 0, 0, 0),
            (1, 1, 8, 0, 1, 0, 0),
            (1, 1, 8, 0, 0, 0, 2),
        ],
    )
    def test_a_header_that_contradicts_the_standard_is_refused(
        self, chunked: Callable[..., bytes], fields: tuple[int, ...]
    ) -> None:
        with pytest.raises(ImageRefused, match="makes no sense"):
            read_header(chunked([(b"IHDR", struct.pack(">IIBBBBB", *fields))]))


class TestMaxPngBytes:
    def test_an_uncompressed_colour_png_of_noise_fits(self, png_of: PngOf) -> None:
        noise = np.random.default_rng(0).integers(0, 256, (300, 200, 4), dtype=np.uint8)
        assert len(png_of(noise, compress_level=0)) < max_png_bytes(300, 200)


@pytest.fixture
def chunked() -> Callable[..., bytes]:
    """A PNG from (name, body) pairs, with right checksums."""

    def build(chunks: list[tuple[bytes, bytes]]) -> bytes:
        parts = [struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks]
        return b"\x89PNG\r\n\x1a\n" + b"".join(parts)

    return build
