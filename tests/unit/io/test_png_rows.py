from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from unittest.mock import patch

import numpy as np
import pytest
from PIL import Image

from sonobench_eval.io import png
from sonobench_eval.io.png import decode_grey
from sonobench_eval.io.png_rows import undo_filters

PngOf = Callable[..., bytes]


def undone(*rows: bytes) -> list[list[int]]:
    """Rows, each led by its filter's number, with their filters undone."""
    out = np.full((len(rows), len(rows[0]) - 1), 99, np.uint8)
    assert undo_filters(b"".join(rows), out)
    return out.tolist()


class TestUndoFilters:
    def test_none_is_the_row_itself(self) -> None:
        assert undone(b"\x00\x07\x08\x09") == [[7, 8, 9]]

    def test_sub_adds_the_pixel_to_the_left_and_wraps_at_256(self) -> None:
        # 250, 250 + 10 = 260 = 4, 4 + 255 = 259 = 3
        assert undone(b"\x01\xfa\x0a\xff") == [[250, 4, 3]]

    def test_sub_rows_between_others_are_summed_by_themselves(self) -> None:
        assert undone(b"\x00\x01\x02\x03", b"\x01\x05\x00\x01", b"\x02\x01\x01\x01") == [[1, 2, 3], [5, 5, 6], [6, 6, 7]]

    def test_up_adds_the_pixel_above(self) -> None:
        assert undone(b"\x00\x01\xff\x03", b"\x02\x01\x02\x00", b"\x02\x00\x00\x04") == [[1, 255, 3], [2, 1, 3], [2, 1, 7]]

    def test_above_the_first_row_everything_is_0(self) -> None:
        assert undone(b"\x02\x01\x02\x03") == [[1, 2, 3]]
        assert undone(b"\x04\x01\x02\x00") == [[1, 3, 3]]

    def test_paeth_adds_the_nearest_of_left_above_and_above_left(self) -> None:
        # Row above 10 20 20. Pixel 0: left 0, above 10, corner 0, guess 10 + 1. Pixel 1: left 11, above 20, corner 10: their
        # estimate 21 is nearest to 20, so 20 + 2. Pixel 2: left 22, above 20, corner 20: 22 is nearest to the left, 22 + 0.
        assert undone(b"\x00\x0a\x14\x14", b"\x04\x01\x02\x00") == [[10, 20, 20], [11, 22, 22]]

    def test_average_is_left_to_the_slow_way(self) -> None:
        assert not undo_filters(b"\x03\x01\x01", np.empty((1, 2), np.uint8))

    def test_a_filter_that_does_not_exist_is_left_to_the_slow_way(self) -> None:
        assert not undo_filters(b"\x05\x01\x01", np.empty((1, 2), np.uint8))

    def test_dense_rows_are_summed_byte_by_byte(self) -> None:
        assert undone(b"\x01" + b"\x01" * 9, b"\x01" + b"\x02" * 9) == [list(range(1, 10)), list(range(2, 20, 2))]


class TestDecodePlain:
    @pytest.mark.parametrize("mode", ["L", "1"])
    def test_a_mask_as_pillow_writes_it_needs_no_pillow(self, png_of: PngOf, disc: np.ndarray, mode: str) -> None:
        with patch.object(png, "_pixels", side_effect=AssertionError("the slow way")):
            assert np.array_equal(decode_grey(png_of(disc, mode), height=40, width=60).pixels, disc)

    @pytest.mark.parametrize("mode", ["P", "RGB", "LA"])
    def test_what_is_not_plain_grey_goes_to_pillow(self, png_of: PngOf, disc: np.ndarray, mode: str) -> None:
        with patch.object(png, "_pixels", side_effect=png._pixels) as slow:
            decode_grey(png_of(disc, mode), height=40, width=60)
        assert slow.called

    def test_pixels_are_put_where_they_are_wanted(self, png_of: PngOf, disc: np.ndarray) -> None:
        for mode in ("L", "RGB"):
            out = np.zeros((40, 60), np.uint8)
            assert decode_grey(png_of(disc, mode), height=40, width=60, out=out).pixels is out
            assert np.array_equal(out, disc)

    def test_more_pixels_than_the_image_has_are_judged_by_pillow_alone(self) -> None:
        def chunk(name: bytes, body: bytes) -> bytes:
            return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

        header = chunk(b"IHDR", struct.pack(">IIBBBBB", 2, 1, 8, 0, 0, 0, 0))
        data = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0\1\2rest")) + chunk(b"IEND", b"")
        with Image.open(io.BytesIO(data)) as image:
            assert np.array_equal(decode_grey(data, height=1, width=2).pixels, np.asarray(image))
