from __future__ import annotations

import gzip
from typing import Any

import nibabel
import numpy as np
import pytest

from sonobench_eval.io.strip.registry import NotStrippable, stripped

SECRET = b"Hospital A, patient 17"


def volume(kind: Any = nibabel.Nifti1Image, dtype: str = "int16", *, order: str = "<", planes: int = 3) -> bytes:
    """A small volume with a scaling, a place, and something to hide in every text it has room for."""
    voxels = np.arange(2 * 5 * planes).reshape(2, 5, planes).astype(dtype)
    affine = np.array([[0.5, 0, 0, -10], [0, 0.7, 0.1, 3], [0, -0.1, 2.0, 40], [0, 0, 0, 1]])
    header = kind.header_class(endianness=order)
    header.set_data_dtype(np.dtype(dtype).newbyteorder(order))
    image = kind(voxels, affine, header)
    image.header["descrip"] = SECRET
    image.header["aux_file"] = SECRET
    image.header["intent_name"] = SECRET[:15]
    image.header.set_slope_inter(2.0, 5.0)
    image.header.extensions.append(nibabel.nifti1.Nifti1Extension("comment", SECRET))
    return bytes(image.to_bytes())


class TestStrippedNifti:
    @pytest.mark.parametrize("kind", [nibabel.Nifti1Image, nibabel.Nifti2Image])
    @pytest.mark.parametrize("order", ["<", ">"])
    @pytest.mark.parametrize("dtype", ["uint8", "int16", "float32"])
    def test_voxels_and_place_stay_and_every_text_goes(self, kind: Any, order: str, dtype: str) -> None:
        before = volume(kind, dtype, order=order)
        after = stripped(before)
        assert SECRET[:10] in before
        assert SECRET[:10] not in after
        old, new = kind.from_bytes(before), kind.from_bytes(after)
        assert np.array_equal(np.asanyarray(old.dataobj), np.asanyarray(new.dataobj))
        assert np.array_equal(old.affine, new.affine)
        assert (new.header.get_zooms(), new.header.get_xyzt_units()) == (old.header.get_zooms(), old.header.get_xyzt_units())

    def test_gzipped_ones_stay_gzipped_and_lose_name_and_time(self) -> None:
        before = gzip.compress(volume(), mtime=1_700_000_000)
        after = stripped(before)
        assert gzip.decompress(after) == stripped(volume())
        assert after[4:8] == bytes(4)

    @pytest.mark.parametrize("packed", [False, True])
    def test_twice_is_once(self, packed: bool) -> None:
        once = stripped(gzip.compress(volume()) if packed else volume())
        assert stripped(once) == once

    def test_what_follows_the_voxels_goes(self) -> None:
        assert stripped(volume() + SECRET) == stripped(volume())

    @pytest.mark.parametrize(
        "data",
        [
            volume()[:-1],
            volume()[:200],
            b"\x1f\x8b" + bytes(40),
            gzip.compress(volume())[:-9],
            volume().replace(b"n+1\0", b"ni1\0"),
            volume()[:40] + bytes(16) + volume()[56:],
        ],
    )
    def test_damaged_and_foreign_ones_are_refused(self, data: bytes) -> None:
        with pytest.raises(NotStrippable):
            stripped(data)
