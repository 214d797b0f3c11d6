from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest

from sonobench_eval.io.findings import FindingCode
from sonobench_eval.io.images import ImageUnreadable, image_geometry, max_volume_bytes, read_volume
from sonobench_eval.io.nifti import TRAILING_BYTES
from sonobench_eval.io.volumes import Geometry

SHAPE = (3, 5, 7)
AFFINE = np.diag((0.5, 0.75, 2.0, 1.0))
ANYWHERE = Geometry(SHAPE, None)
Labels = np.ndarray[Any, Any]


@pytest.fixture
def labels() -> Labels:
    """Every voxel different from its neighbours, so that no axis can be taken for another; shape (z, y, x)."""
    return (np.arange(3 * 5 * 7, dtype=np.uint8) % 101).reshape(SHAPE)


def nifti(array: Labels, affine: Labels | None = AFFINE, *, kind: type[Any] = nib.Nifti1Image, **header: object) -> bytes:
    """A file of an array in nibabel's own order, (x, y, z)."""
    image = kind(array, affine)
    for name, value in header.items():
        image.header[name] = value
    return bytes(image.to_bytes())


class TestReadVolume:
    def test_the_axes_of_the_file_come_in_reverse_order(self, labels: Labels) -> None:
        x_y_z = labels.transpose(2, 1, 0)
        read = read_volume(nifti(x_y_z), expected=ANYWHERE)
        assert read.array is not None
        assert read.array.dtype == np.uint8
        assert read.array[2, 3, 4] == x_y_z[4, 3, 2]
        assert np.array_equal(read.array, labels)

    def test_the_affine_and_its_spacing_come_along(self, labels: Labels) -> None:
        read = read_volume(nifti(labels.T), expected=Geometry(SHAPE, AFFINE))
        assert read.spacing_mm == (2, 0.75, 0.5)
        assert np.array_equal(np.asarray(read.affine), AFFINE)

    @pytest.mark.parametrize("kind", [nib.Nifti1Image, nib.Nifti2Image])
    @pytest.mark.parametrize("stored", ["u1", "i2", "u2", "i4", "f4", "f8"])
    def test_both_versions_and_every_type_are_read_plain_and_gzipped(self, labels: Labels, kind: type[Any], stored: str) -> None:
        data = nifti(labels.T.astype(stored), kind=kind)
        for each in (data, gzip.compress(data)):
            assert np.array_equal(np.asarray(read_volume(each, expected=ANYWHERE).array), labels)

    def test_the_other_byte_order_is_read(self, labels: Labels) -> None:
        header = nib.Nifti1Header(endianness=">")
        image = nib.Nifti1Image(labels.T.astype(">i2"), AFFINE, header)
        data = image.to_bytes()
        assert data[:4] == b"\0\0\x01\x5c"
        assert np.array_equal(np.asarray(read_volume(data, expected=Geometry(SHAPE, AFFINE)).array), labels)

    def test_slope_and_intercept_are_applied(self, labels: Labels) -> None:
        # Stored 0, 1, 2, ... with slope 2 and intercept 3 means 3, 5, 7, ...
        data = bytearray(nifti(labels.T))
        data[112:120] = np.array([2, 3], "<f4").tobytes()
        read = read_volume(bytes(data), expected=ANYWHERE)
        assert np.array_equal(np.asarray(read.array), 2 * labels.astype(int) + 3)

    def test_a_slope_of_0_means_values_as_they_stand(self, labels: Labels) -> None:
        data = bytearray(nifti(labels.T))
        data[112:120] = np.array([0, 3], "<f4").tobytes()
        assert np.array_equal(np.asarray(read_volume(bytes(data), expected=ANYWHERE).array), labels)

    def test_a_fourth_dimension_of_one_is_none(self, labels: Labels) -> None:
        assert read_volume(nifti(labels.T[..., np.newaxis]), expected=ANYWHERE).problem is None

    def test_one_plane_may_be_written_flat(self) -> None:
        flat = np.arange(35, dtype=np.uint8).reshape(7, 5)
        read = read_volume(nifti(flat), expected=Geometry((1, 5, 7), None))
        assert np.array_equal(np.asarray(read.array)[0], flat.T)

    def test_extensions_before_the_voxels_are_skipped(self, labels: Labels) -> None:
        image = nib.Nifti1Image(labels.T, AFFINE)
        image.header.extensions.append(nib.nifti1.Nifti1Extension(6, b"who wrote this " * 100))
        for data in (image.to_bytes(), gzip.compress(image.to_bytes())):
            assert np.array_equal(np.asarray(read_volume(data, expected=ANYWHERE).array), labels)

    def test_gzip_members_that_follow_one_another_are_one_file(self, labels: Labels) -> None:
        data = nifti(labels.T)
        for cut in (1, 352, 400, len(data) - 1):
            both = gzip.compress(data[:cut]) + gzip.compress(data[cut:])
            assert np.array_equal(np.asarray(read_volume(both, expected=ANYWHERE).array), labels)

    def test_a_little_behind_the_voxels_is_ignored_and_much_is_not(self, labels: Labels) -> None:
        data = nifti(labels.T)
        for pack in (bytes, gzip.compress):
            assert read_volume(pack(data + bytes(TRAILING_BYTES)), expected=ANYWHERE).problem is None
            much = read_volume(pack(data + bytes(TRAILING_BYTES + 1)), expected=ANYWHERE)
            assert much.detail == "it has more bytes than its header says"

    def test_another_size_is_told_from_the_header_alone(self, labels: Labels) -> None:
        read = read_volume(nifti(labels)[:400], expected=ANYWHERE)
        assert read.problem is FindingCode.WRONG_SIZE
        assert read.detail == "3 x 5 x 7 voxels instead of 7 x 5 x 3"

    def test_another_place_is_wrong_geometry_and_nothing_is_resampled(self, labels: Labels) -> None:
        read = read_volume(nifti(labels.T, np.eye(4)), expected=Geometry(SHAPE, AFFINE))
        assert read.array is None
        assert read.problem is FindingCode.WRONG_GEOMETRY
        assert read.detail == "voxels of 1 x 1 x 1 mm instead of 0.5 x 0.75 x 2 mm"

    def test_probabilities_are_no_labels(self) -> None:
        read = read_volume(nifti(np.full(SHAPE[::-1], 0.5)), expected=ANYWHERE)
        assert read.problem is FindingCode.NOT_WHOLE_NUMBERS
        assert read.detail == "fractions such as 0.5"

    def test_a_file_too_large_is_not_read(self) -> None:
        read = read_volume(bytes(max_volume_bytes((1, 1, 1)) + 1), expected=Geometry((1, 1, 1), None))
        assert read.problem is FindingCode.FILE_TOO_LARGE

    @pytest.mark.parametrize(
        "data", [b"", b"junk", b"\x1f\x8b", *(gzip.compress(each, mtime=0) for each in (b"", b"junk" * 200))]
    )
    def test_what_is_no_nifti_is_unreadable(self, data: bytes) -> None:
        assert read_volume(data, expected=ANYWHERE).problem is FindingCode.UNREADABLE_IMAGE


class TestAffine:
    def test_the_sform_comes_first_then_the_qform_then_the_voxel_sizes(self, labels: Labels) -> None:
        image = nib.Nifti1Image(labels.T, AFFINE)
        image.set_qform(np.diag((1.0, 2.0, 3.0, 1.0)), code=1)
        found = []
        for sform_code, qform_code in ((2, 1), (0, 1), (0, 0)):
            data = bytearray(image.to_bytes())
            data[252:256] = np.array([qform_code, sform_code], "<i2").tobytes()
            read = read_volume(bytes(data), expected=ANYWHERE)
            assert read.affine is not None
            assert np.allclose(read.affine, nib.Nifti1Image.from_bytes(bytes(data)).affine, atol=1e-6)
            found.append(read.affine[0, 0])
        assert found == [0.5, 1, -1]


class TestImageGeometry:
    def test_size_and_place_are_read_from_the_header(self, tmp_path: Path, labels: Labels) -> None:
        for name in ("a.nii", "a.nii.gz"):
            nib.save(nib.Nifti1Image(labels.T, AFFINE), tmp_path / name)
            found = image_geometry(tmp_path / name)
            assert found.shape == SHAPE
            assert np.array_equal(np.asarray(found.affine), AFFINE)

    def test_what_cannot_be_read_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "a.nii").write_bytes(b"junk")
        with pytest.raises(ImageUnreadable, match=r"a\.nii: is not a readable NIfTI image"):
            image_geometry(tmp_path / "a.nii")
        with pytest.raises(ImageUnreadable, match=r"b\.nii: there is no such file"):
            image_geometry(tmp_path / "b.nii")
