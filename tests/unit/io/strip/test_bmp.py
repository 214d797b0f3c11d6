from __future__ import annotations

import struct
from collections.abc import Callable

import pytest

from sonobench_eval.io.strip.bmp import stripped_bmp
from sonobench_eval.io.strip.refusal import NotStrippable

Saved = Callable[..., bytes]


class TestStrippedBmp:
    def test_resolution_reserved_fields_and_what_follows_go(self, saved: Saved) -> None:
        data = bytearray(saved("BMP", dpi=(300, 300)))
        data[6:10] = b"SECR"
        without = stripped_bmp(bytes(data) + b"SECRET")
        assert without[6:10] == bytes(4)
        assert struct.unpack_from("<ii", without, 38) == (0, 0)
        assert without[54:] == data[54:]
        assert struct.unpack_from("<I", without, 2) == (len(without),)

    def test_what_lies_between_palette_and_pixels_goes(self, saved: Saved, pixels: Callable[[bytes], bytes]) -> None:
        data = saved("BMP", mode="L")
        head, rest = data[:1078], data[1078:]  # 14 + 40 + 256 colors of 4 bytes
        moved = head[:10] + struct.pack("<I", 1078 + 6) + head[14:] + b"SECRET" + rest
        assert b"SECRET" not in stripped_bmp(moved)
        assert pixels(stripped_bmp(moved)) == pixels(data)

    def test_a_color_profile_goes(self, pixels: Callable[[bytes], bytes]) -> None:
        # A header of version 5, 124 bytes; one pixel of 24 bits, padded to 4 bytes; the profile behind it.
        info = struct.pack("<IiiHHIIiiII", 124, 1, 1, 1, 24, 0, 4, 0, 0, 0, 0) + bytes(16) + b"DEBM" + b"SECRET".ljust(48)
        info += struct.pack("<IIII", 4, 128, 6, 0)
        data = b"BM" + struct.pack("<IHHI", 0, 0, 0, 138) + info + b"\1\2\3\0" + b"SECRET"
        without = stripped_bmp(data)
        assert b"SECRET" not in without
        assert len(without) == 142
        assert pixels(without) == bytes([3, 2, 1])

    def test_the_oldest_header_keeps_its_pixels(self, pixels: Callable[[bytes], bytes]) -> None:
        data = b"BM" + struct.pack("<IHHI", 0, 7, 7, 26) + struct.pack("<IHHHH", 12, 1, 1, 1, 24) + b"\1\2\3\0"
        assert pixels(stripped_bmp(data + b"SECRET")) == bytes([3, 2, 1])

    def test_a_file_of_another_format_inside_is_refused(self, saved: Saved) -> None:
        data = bytearray(saved("BMP"))
        data[30] = 4  # JPEG
        with pytest.raises(NotStrippable, match="holds a file of another format"):
            stripped_bmp(bytes(data))

    def test_one_that_does_not_say_how_long_its_packed_pixels_are_is_refused(self, saved: Saved) -> None:
        data = bytearray(saved("BMP", mode="L"))
        data[30:38] = struct.pack("<II", 1, 0)  # runs of 8 bits, length 0
        with pytest.raises(NotStrippable, match="is damaged"):
            stripped_bmp(bytes(data))

    def test_an_unknown_header_is_refused(self, saved: Saved) -> None:
        data = bytearray(saved("BMP"))
        data[14] = 41
        with pytest.raises(NotStrippable, match="unknown kind"):
            stripped_bmp(bytes(data))
