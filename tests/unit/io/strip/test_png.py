from __future__ import annotations

import struct
import zlib
from collections.abc import Callable

import pytest
from PIL import Image

from sonobench_eval.io.strip.png import stripped_png
from sonobench_eval.io.strip.refusal import NotStrippable

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunk(name: bytes, body: bytes = b"") -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def names(data: bytes) -> list[bytes]:
    at, found = 8, []
    while at < len(data):
        found.append(data[at + 4 : at + 8])
        at += 12 + struct.unpack_from(">I", data, at)[0]
    return found


# Two rows of two grey pixels, no filter.
HEADER = chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 2, 8, 0, 0, 0, 0))
PIXELS = zlib.compress(b"\0\x01\x02\0\x03\x04")
END = chunk(b"IEND")


class TestStrippedPng:
    def test_only_what_pixels_need_is_left(self) -> None:
        extra = [
            chunk(name, b"SECRET") for name in (b"tEXt", b"zTXt", b"iTXt", b"tIME", b"eXIf", b"pHYs", b"iCCP", b"gAMA", b"teSt")
        ]
        data = SIGNATURE + HEADER + b"".join(extra) + chunk(b"IDAT", PIXELS) + chunk(b"tEXt", b"SECRET") + END + b"SECRET"
        assert stripped_png(data) == SIGNATURE + HEADER + chunk(b"IDAT", PIXELS) + END

    @pytest.mark.parametrize(
        ("color", "name", "body", "stays"),
        [
            (2, b"sRGB", b"\0", True),  # OpenCV turns colors to grey in linear light then
            (3, b"gAMA", struct.pack(">I", 45455), True),
            (6, b"gAMA", struct.pack(">I", 45455), True),
            (0, b"gAMA", struct.pack(">I", 45455), False),  # there is nothing to turn to grey
            (4, b"sRGB", b"\0", False),
            (2, b"gAMA", b"SECRET", False),  # not what it should be, so no reader heeds it
            (2, b"gAMA", bytes(4), False),
            (2, b"sRGB", b"\4", False),
            (0, b"sBIT", b"\5", True),  # ITK shifts samples by three bits then
            (0, b"sBIT", b"\x08", False),
            (0, b"sBIT", b"\x09", False),
            (0, b"sBIT", b"\5\5", False),
            (6, b"sBIT", b"\5\6\5\x08", True),
        ],
    )
    def test_what_common_readers_take_for_part_of_the_pixels_stays(
        self, color: int, name: bytes, body: bytes, stays: bool
    ) -> None:
        header = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, color, 0, 0, 0))
        palette = chunk(b"PLTE", b"rgb") if color == 3 else b""
        data = SIGNATURE + header + chunk(name, body) + palette + chunk(b"IDAT", PIXELS) + END
        left = stripped_png(data)
        assert names(left) == [b"IHDR", *([name] if stays else []), *([b"PLTE"] if palette else []), b"IDAT", b"IEND"]
        assert stripped_png(left) == left

    def test_what_stands_too_late_or_twice_is_heeded_by_no_reader(self) -> None:
        header = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
        first, second = chunk(b"sRGB", b"\0"), chunk(b"sRGB", b"\1")
        pixels = chunk(b"IDAT", PIXELS)
        assert stripped_png(SIGNATURE + header + first + second + pixels + END) == SIGNATURE + header + first + pixels + END
        assert stripped_png(SIGNATURE + header + pixels + first + END) == SIGNATURE + header + pixels + END

    def test_how_the_pixels_were_cut_into_chunks_does_not_show(self, pixels: Callable[[bytes], bytes]) -> None:
        parts = b"".join(chunk(b"IDAT", PIXELS[at : at + 1]) for at in range(len(PIXELS)))
        data = stripped_png(SIGNATURE + HEADER + parts + END)
        assert names(data) == [b"IHDR", b"IDAT", b"IEND"]
        assert pixels(data) == bytes([1, 2, 3, 4])

    def test_palette_and_transparency_stay(self, saved: Callable[..., bytes]) -> None:
        assert names(stripped_png(saved("PNG", mode="P", transparency=3))) == [b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"]

    def test_an_interlaced_image_keeps_its_pixels(self, pixels: Callable[[bytes], bytes]) -> None:
        # Adam7 on 2 x 2: pass 1 has the first pixel, pass 6 the one beside it, pass 7 the second row.
        header = chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 2, 8, 0, 0, 0, 1))
        data = SIGNATURE + header + chunk(b"IDAT", zlib.compress(b"\0\x01\0\x02\0\x03\x04")) + END
        assert pixels(stripped_png(data)) == pixels(data) == bytes([1, 2, 3, 4])

    def test_an_animation_is_refused(self, picture: Image.Image, saved: Callable[..., bytes]) -> None:
        data = saved("PNG", save_all=True, append_images=[Image.new("RGB", picture.size)])
        with pytest.raises(NotStrippable, match="is an animation"):
            stripped_png(data)

    @pytest.mark.parametrize(
        "body",
        [
            chunk(b"IDAT", PIXELS[:4]) + chunk(b"tEXt") + chunk(b"IDAT", PIXELS[4:]),
            chunk(b"IDAT", PIXELS[:4]) + chunk(b"tRNS", b"\0\1") + chunk(b"IDAT", PIXELS[4:]),
            chunk(b"IDAT", PIXELS) + chunk(b"tRNS", b"\0\1"),
            chunk(b"tRNS", b"\0\1") * 2 + chunk(b"IDAT", PIXELS),
        ],
    )
    def test_chunks_out_of_order_are_refused(self, body: bytes) -> None:
        with pytest.raises(NotStrippable, match="do not stand in order"):
            stripped_png(SIGNATURE + HEADER + body + END)

    @pytest.mark.parametrize(
        ("body", "said"),
        [
            (chunk(b"IDAT", PIXELS)[:-1] + b"\0", "a checksum is wrong"),
            (chunk(b"CgBI") + chunk(b"IDAT", PIXELS), "unknown chunk 'CgBI'"),
            (b"", "chunks are missing"),
        ],
    )
    def test_a_damaged_file_is_refused_with_the_reason(self, body: bytes, said: str) -> None:
        with pytest.raises(NotStrippable, match=f"^is damaged: .*{said}"):
            stripped_png(SIGNATURE + HEADER + body + END)
