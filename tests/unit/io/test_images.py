from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sonobench_eval.io.findings import FindingCode
from sonobench_eval.io.images import ImageUnreadable, image_size, max_png_bytes, read_mask_png

PngOf = Callable[..., bytes]


class TestImageSize:
    @pytest.mark.parametrize("suffix", ["png", "jpg", "bmp", "tif"])
    def test_height_comes_before_width(self, tmp_path: Path, suffix: str) -> None:
        path = tmp_path / f"a.{suffix}"
        Image.new("L", (60, 40)).save(path)
        assert image_size(path) == (40, 60)

    def test_a_missing_file_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(ImageUnreadable, match=r"a\.png: there is no such file"):
            image_size(tmp_path / "a.png")

    def test_a_file_of_another_kind_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "a.png").write_bytes(b"GIF89a")
        with pytest.raises(ImageUnreadable, match="not a readable PNG"):
            image_size(tmp_path / "a.png")


class TestReadMaskPng:
    def test_a_mask_is_an_array_of_grey_values(self, png_of: PngOf, disc: np.ndarray) -> None:
        read = read_mask_png(png_of(disc), expected=(40, 60))
        assert read.problem is None
        assert read.array is not None
        assert read.array.dtype == np.uint8
        assert np.array_equal(read.array, disc)

    def test_each_refusal_has_its_code(self, png_of: PngOf, disc: np.ndarray) -> None:
        assert read_mask_png(png_of(disc), expected=(60, 40)).problem is FindingCode.WRONG_SIZE
        assert read_mask_png(b"x", expected=(60, 40)).problem is FindingCode.UNREADABLE_IMAGE
        too_large = bytes(max_png_bytes(60, 40) + 1)
        assert read_mask_png(too_large, expected=(60, 40)).problem is FindingCode.FILE_TOO_LARGE
