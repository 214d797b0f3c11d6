"""Whatever Pillow writes, with whatever headers, decodes to the same pixels without them; and no bytes make it fail."""

from __future__ import annotations

import io
from contextlib import suppress
from typing import Any

import numpy as np
from hypothesis import assume, example, given
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin, TiffImagePlugin

from sonobench_eval.io.strip.registry import NotStrippable, stripped

SECRET = b"SECRET-7291"
SIZES = st.tuples(st.integers(1, 40), st.integers(1, 40))
SEEDS = st.integers(0, 2**32 - 1)
DESCRIPTION, MAKE, DATE, XMP = 270, 271, 306, 700


def picture(mode: str, size: tuple[int, int], seed: int) -> Image.Image:
    """Random pixels: noise, which hides nothing from a decoder."""
    rng = np.random.default_rng(seed)
    if mode == "I;16":
        return Image.fromarray(rng.integers(0, 2**16, size[::-1], dtype=np.uint16))
    return Image.fromarray(rng.integers(0, 256, (*size[::-1], 3), dtype=np.uint8)).convert(mode)


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def exif() -> Image.Exif:
    made = Image.Exif()
    made[DESCRIPTION], made[MAKE], made[DATE] = SECRET.decode(), SECRET.decode(), SECRET.decode()
    return made


def looks(data: bytes) -> tuple[object, ...]:
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        return image.mode, image.size, image.tobytes(), image.getpalette(), image.info.get("transparency")


def assert_only_pixels_are_left(data: bytes) -> None:
    without = stripped(data + SECRET)
    assert looks(without) == looks(data)
    assert SECRET not in without
    assert stripped(without) == without


class TestPng:
    @given(st.sampled_from(["1", "L", "LA", "P", "RGB", "RGBA", "I;16"]), SIZES, SEEDS, st.booleans())
    def test_every_color_type_keeps_its_pixels(self, mode: str, size: tuple[int, int], seed: int, see_through: bool) -> None:
        text = PngImagePlugin.PngInfo()
        text.add_text("Comment", SECRET.decode())
        text.add_itxt("Author", SECRET.decode())
        text.add_text("Zip", SECRET.decode(), zip=True)
        clear: dict[str, Any] = {"transparency": 3} if see_through and mode in {"L", "P"} else {}
        data = saved(picture(mode, size, seed), "PNG", pnginfo=text, exif=exif(), dpi=(72, 72), icc_profile=SECRET * 9, **clear)
        assert_only_pixels_are_left(data)


class TestJpeg:
    @given(st.sampled_from(["L", "RGB", "CMYK"]), SIZES, SEEDS, st.booleans(), st.integers(0, 2), st.sampled_from([0, 1, 3]))
    def test_every_kind_of_frame_keeps_its_pixels(
        self, mode: str, size: tuple[int, int], seed: int, progressive: bool, subsampling: int, restarts: int
    ) -> None:
        data = saved(
            picture(mode, size, seed),
            "JPEG",
            progressive=progressive,
            subsampling=subsampling,
            restart_marker_blocks=restarts,
            exif=exif(),
            comment=SECRET,
            icc_profile=SECRET * 900,
            dpi=(300, 300),
        )
        assert_only_pixels_are_left(data)


class TestBmp:
    @given(st.sampled_from(["1", "L", "P", "RGB", "RGBA"]), SIZES, SEEDS)
    def test_every_depth_keeps_its_pixels(self, mode: str, size: tuple[int, int], seed: int) -> None:
        assert_only_pixels_are_left(saved(picture(mode, size, seed), "BMP", dpi=(300, 300)))


class TestTiff:
    @given(
        st.sampled_from(["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "F", "I;16"]),
        st.sampled_from([None, "packbits", "tiff_lzw", "tiff_adobe_deflate", "jpeg", "group4"]),
        SIZES,
        SEEDS,
    )
    def test_every_kind_keeps_its_pixels(self, mode: str, packing: str | None, size: tuple[int, int], seed: int) -> None:
        # What the format does not have: fax codes for grey values, JPEG for anything but 8-bit samples.
        assume(packing != "group4" or mode == "1")
        assume(packing != "jpeg" or mode in {"L", "RGB", "CMYK", "YCbCr"})
        told = TiffImagePlugin.ImageFileDirectory_v2()
        told[DESCRIPTION], told[DATE], told[XMP] = SECRET.decode() * 9, SECRET.decode(), SECRET * 9
        assert_only_pixels_are_left(
            saved(picture(mode, size, seed), "TIFF", compression=packing, tiffinfo=told, icc_profile=SECRET * 9, dpi=(9, 9))
        )


FIRST_BYTES = st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"BM", b"II*\0", b"MM\0*"])


class TestAnyBytes:
    @given(FIRST_BYTES, st.binary(max_size=200))
    @example(b"II*\0", b"\x08\0\0\0\xff\xff")
    @example(b"BM", b"\0" * 60)
    @example(b"\xff\xd8\xff", b"\xff" * 50)
    def test_they_are_stripped_or_refused(self, first: bytes, rest: bytes) -> None:
        with suppress(NotStrippable):
            stripped(first + rest)

    @given(st.sampled_from(["PNG", "JPEG", "BMP", "TIFF"]), st.integers(0, 10**6), st.integers(0, 255))
    def test_one_wrong_byte_is_stripped_or_refused(self, kind: str, at: int, value: int) -> None:
        data = bytearray(saved(picture("RGB", (9, 7), 1), kind))
        data[at % len(data)] = value
        with suppress(NotStrippable):
            stripped(bytes(data))
