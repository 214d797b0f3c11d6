from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sonobench_eval.io.findings import FindingCode
from sonobench_eval.io.images import max_mask_bytes, read_mask, read_volume
from sonobench_eval.io.volumes import Geometry

Array = np.ndarray[Any, Any]


def tiff(*pages: Array, mode: str | None = None, **options: object) -> bytes:
    images = [Image.fromarray(page) if mode is None else Image.fromarray(page).convert(mode) for page in pages]
    out = io.BytesIO()
    images[0].save(out, "TIFF", save_all=len(images) > 1, append_images=images[1:], **options)
    return out.getvalue()


class TestReadMaskTiff:
    @pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_adobe_deflate", "packbits"])
    def test_grey_pixels_come_back_as_written(self, disc: Array, compression: str | None) -> None:
        read = read_mask(tiff(disc, compression=compression), expected=(40, 60), form="tiff")
        assert np.array_equal(np.asarray(read.array), disc)
        assert not read.coloured

    @pytest.mark.parametrize("mode", ["1", "RGB", "RGBA", "P"])
    def test_a_pixel_means_what_it_means_in_a_png(self, disc: Array, mode: str) -> None:
        read = read_mask(tiff(disc, mode=mode), expected=(40, 60), form="tiff")
        assert np.array_equal(np.asarray(read.array), disc)
        assert read.coloured == (mode != "1")

    def test_another_size_is_told_from_the_header_alone(self, disc: Array) -> None:
        read = read_mask(tiff(disc.T), expected=(40, 60), form="tiff")
        assert (read.problem, read.detail) == (FindingCode.WRONG_SIZE, "40 x 60 pixels instead of 60 x 40")

    def test_sixteen_bits_are_refused_and_not_guessed(self, disc: Array) -> None:
        read = read_mask(tiff(disc.astype(np.uint16)), expected=(40, 60), form="tiff")
        assert read.detail == "more than 8 bits per pixel; write 8"

    def test_several_pages_are_no_mask(self, disc: Array) -> None:
        assert read_mask(tiff(disc, disc), expected=(40, 60), form="tiff").detail == "2 pages instead of 1"

    def test_a_png_is_no_tiff_and_a_tiff_no_png(self, disc: Array) -> None:
        out = io.BytesIO()
        Image.fromarray(disc).save(out, "PNG")
        assert read_mask(out.getvalue(), expected=(40, 60), form="tiff").detail == "not a TIFF file"
        assert read_mask(tiff(disc), expected=(40, 60)).detail == "not a PNG file"

    def test_a_file_too_large_is_not_read(self) -> None:
        read = read_mask(bytes(max_mask_bytes((1, 1), "tiff") + 1), expected=(1, 1), form="tiff")
        assert read.problem is FindingCode.FILE_TOO_LARGE


class TestReadVolumeTiff:
    @pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.int32, np.float32])
    def test_pages_are_planes_and_values_are_labels(self, kind: type[Any]) -> None:
        volume = np.arange(2 * 4 * 5).reshape(2, 4, 5)
        read = read_volume(tiff(*volume.astype(kind)), expected=Geometry((2, 4, 5), None), form="tiff")
        assert read.array is not None
        assert read.array.dtype == np.uint8
        assert np.array_equal(read.array, volume)
        assert read.affine is None

    def test_another_number_of_pages_is_another_size(self) -> None:
        read = read_volume(tiff(*np.zeros((3, 4, 5), np.uint8)), expected=Geometry((2, 4, 5), None), form="tiff")
        assert (read.problem, read.detail) == (FindingCode.WRONG_SIZE, "5 x 4 x 3 voxels instead of 5 x 4 x 2")

    def test_pages_of_several_sizes_are_no_volume(self) -> None:
        data = tiff(np.zeros((4, 5), np.uint8), np.zeros((5, 4), np.uint8))
        assert read_volume(data, expected=Geometry((2, 4, 5), None), form="tiff").detail == "its pages differ in size"

    def test_colours_are_no_labels(self) -> None:
        data = tiff(*np.zeros((2, 4, 5, 3), np.uint8))
        assert "in colour" in read_volume(data, expected=Geometry((2, 4, 5), None), form="tiff").detail

    def test_fractions_are_no_labels(self) -> None:
        data = tiff(*np.full((2, 4, 5), 0.5, np.float32))
        read = read_volume(data, expected=Geometry((2, 4, 5), None), form="tiff")
        assert (read.problem, read.detail) == (FindingCode.NOT_WHOLE_NUMBERS, "fractions such as 0.5")
