"""Files as others write them, and as others read them: OpenCV, scikit-image's imageio, SimpleITK, nibabel."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import cv2
import imageio.v3 as iio
import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk  # noqa: N813
from PIL import Image

from sonobench_eval.io import png
from sonobench_eval.io.confined import ConfinedDecoder
from sonobench_eval.io.images import image_geometry, read_mask, read_volume
from sonobench_eval.io.volumes import Geometry

Array = np.ndarray[Any, Any]


def by_pillow(mask: Array) -> bytes:
    out = io.BytesIO()
    Image.fromarray(mask).save(out, "PNG")
    return out.getvalue()


WRITERS: dict[str, Callable[[Array], bytes]] = {
    "Pillow": by_pillow,
    "OpenCV": lambda mask: cv2.imencode(".png", mask)[1].tobytes(),
    "imageio": lambda mask: iio.imwrite("<bytes>", mask, extension=".png"),
}


def masks() -> dict[str, Array]:
    """A disc, labels, soft edges, noise, nothing, and odd sizes."""
    y, x = np.mgrid[:256, :301]
    disc = np.where((y - 120) ** 2 + (x - 140) ** 2 < 70**2, 255, 0).astype(np.uint8)
    labels = (disc // 255 + 2 * ((y - 90) ** 2 + (x - 200) ** 2 < 50**2)).astype(np.uint8)
    noise = np.random.default_rng(0).integers(0, 256, (64, 65), dtype=np.uint8)
    soft = np.asarray(cv2.GaussianBlur(disc, (21, 21), 5))
    return {"disc": disc, "labels": labels, "soft": soft, "noise": noise, "empty": 0 * disc, "a pixel": disc[120:121, 140:141]}


@pytest.fixture(scope="module")
def decoder() -> Iterator[ConfinedDecoder]:
    with ConfinedDecoder() as found:
        yield found


class TestPngOfOthers:
    @pytest.mark.parametrize("writer", WRITERS)
    @pytest.mark.parametrize("name", masks())
    def test_pixels_are_those_that_opencv_reads(self, decoder: ConfinedDecoder, writer: str, name: str) -> None:
        mask = masks()[name]
        data = WRITERS[writer](mask)
        theirs = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
        assert np.array_equal(theirs, mask)
        assert np.array_equal(np.asarray(read_mask(data, expected=mask.shape).array), theirs)
        assert np.array_equal(np.asarray(decoder.decode(data, expected=mask.shape).array), theirs)

    @pytest.mark.parametrize("writer", WRITERS)
    @pytest.mark.parametrize("name", ["disc", "labels", "empty", "a pixel"])
    def test_masks_as_they_are_usually_written_take_the_fast_way(self, writer: str, name: str) -> None:
        mask = masks()[name]
        with patch.object(png, "_pixels", side_effect=AssertionError("the slow way")):
            assert np.array_equal(np.asarray(read_mask(WRITERS[writer](mask), expected=mask.shape).array), mask)


class TestNiftiOfOthers:
    @pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
    def test_a_mask_that_simpleitk_writes_lies_where_nibabel_sees_it(
        self, tmp_path: Path, decoder: ConfinedDecoder, name: str
    ) -> None:
        labels = np.random.default_rng(1).integers(0, 4, (5, 20, 30), dtype=np.uint8)
        image = sitk.GetImageFromArray(labels)
        image.SetSpacing((0.7, 0.8, 2.5))
        image.SetOrigin((-100, 50.5, 13))
        # Turned by 20 degrees about the long axis.
        c, s = np.cos(np.radians(20)), np.sin(np.radians(20))
        image.SetDirection((c, -s, 0, s, c, 0, 0, 0, 1))
        sitk.WriteImage(image, str(tmp_path / name))
        seen = nib.load(tmp_path / name)
        expected = Geometry((5, 20, 30), np.asarray(seen.affine))
        assert image_geometry(tmp_path / name).shape == expected.shape
        data = (tmp_path / name).read_bytes()
        for read in (read_volume(data, expected=expected), decoder.decode_volume(data, expected=expected)):
            assert np.array_equal(np.asarray(read.array), labels)
            assert read.spacing_mm == pytest.approx((2.5, 0.8, 0.7), rel=1e-6)
            assert np.allclose(np.asarray(read.affine), seen.affine, atol=1e-5)

    def test_a_mask_saved_from_nibabels_floats_is_the_same_mask(self, tmp_path: Path, decoder: ConfinedDecoder) -> None:
        labels = np.random.default_rng(2).integers(0, 4, (5, 6, 7), dtype=np.uint8)
        nib.save(nib.Nifti1Image(labels.T, np.diag((1.0, 1, 2, 1))), tmp_path / "image.nii.gz")
        image = nib.load(tmp_path / "image.nii.gz")
        nib.save(nib.Nifti1Image(image.get_fdata(), image.affine), tmp_path / "mask.nii.gz")
        expected = image_geometry(tmp_path / "image.nii.gz")
        read = decoder.decode_volume((tmp_path / "mask.nii.gz").read_bytes(), expected=expected)
        assert np.array_equal(np.asarray(read.array), labels)


class TestTiffOfOthers:
    def test_a_mask_that_opencv_writes_is_read(self, decoder: ConfinedDecoder) -> None:
        mask = masks()["disc"]
        data = cv2.imencode(".tiff", mask)[1].tobytes()
        read = decoder.decode(data, expected=mask.shape, form="tiff")
        assert np.array_equal(np.asarray(read.array), mask)
