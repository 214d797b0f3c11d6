"""Two ways to the same values: rows of a PNG put together by numpy and by Pillow, volumes read here and by nibabel."""

from __future__ import annotations

import gzip
import struct
import zlib
from typing import Any
from unittest.mock import patch

import nibabel as nib
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from sonobench_eval.io import png
from sonobench_eval.io.images import read_volume
from sonobench_eval.io.refused import ImageRefused
from sonobench_eval.io.volumes import Geometry, is_elsewhere

Array = np.ndarray[Any, Any]


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def paeth(left: int, upper: int, corner: int) -> int:
    """The nearest to left + upper - corner, as the PNG standard has it: left before upper before corner."""
    return min((left, upper, corner), key=lambda each: abs(left + upper - corner - each))


def filtered(rows: Array, filters: list[int]) -> bytes:
    """The rows of an image, each filtered as asked: the standard's text, pixel by pixel."""
    above, out = [0] * rows.shape[1], bytearray()
    for row, kind in zip(rows.tolist(), filters, strict=True):
        out.append(kind)
        for at, value in enumerate(row):
            left, corner = (row[at - 1], above[at - 1]) if at else (0, 0)
            guess = (0, left, above[at], (left + above[at]) // 2, paeth(left, above[at], corner))[kind]
            out.append((value - guess) % 256)
        above = row
    return bytes(out)


@st.composite
def pictures(draw: st.DrawFn) -> Array:
    """Label images of a few flat patches, and some noise."""
    shape = draw(npst.array_shapes(min_dims=2, max_dims=2, max_side=24))
    values = [0, *draw(st.lists(st.integers(0, 255), min_size=1, max_size=3))]
    patches = draw(npst.arrays(np.uint8, tuple(-(-side // 6) for side in shape), elements=st.sampled_from(values)))
    flat = np.kron(patches, np.ones((6, 6), np.uint8))[: shape[0], : shape[1]]
    if draw(st.booleans()):
        return flat
    return flat ^ draw(npst.arrays(np.uint8, shape, elements=st.integers(0, 3)))


def decoded(data: bytes, shape: tuple[int, ...]) -> Array | str:
    try:
        return png.decode_grey(data, height=shape[0], width=shape[1]).pixels
    except ImageRefused as refused:
        return str(refused)


class TestPng:
    @settings(max_examples=150, deadline=None)
    @given(pictures(), st.data(), st.sampled_from([(0, 1, 2, 4), (0, 1, 2, 3, 4), (1,), (2,), (4,)]), st.booleans())
    def test_numpy_and_pillow_put_the_same_rows_together(
        self, picture: Array, data: st.DataObject, kinds: tuple[int, ...], one_bit: bool
    ) -> None:
        rows = np.packbits(picture > 100, axis=1) if one_bit else picture
        filters = data.draw(st.lists(st.sampled_from(kinds), min_size=len(rows), max_size=len(rows)))
        raw = filtered(rows, filters)
        raw = data.draw(st.sampled_from([raw, raw, raw, raw[:-1], raw + b"\0", b"\x06" + raw[1:]]))
        body = zlib.compress(raw)
        cut = data.draw(st.integers(0, len(body)))
        header = struct.pack(">IIBBBBB", picture.shape[1], picture.shape[0], 1 if one_bit else 8, 0, 0, 0, 0)
        parts = [(b"IHDR", header), (b"IDAT", body[:cut]), (b"IDAT", body[cut:]), (b"IEND", b"")]
        file = b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)
        ours = decoded(file, picture.shape)
        with patch.object(png, "_decode_plain", return_value=False):
            pillows = decoded(file, picture.shape)
        assert np.array_equal(ours, pillows)
        if len(raw) == rows.shape[0] * (rows.shape[1] + 1) and raw[0] != 6:
            assert np.array_equal(ours, np.where(picture > 100, 255, 0) if one_bit else picture)


KINDS = st.sampled_from(["u1", "i2", "u2", "i4", "f4", "f8"])


@st.composite
def affines(draw: st.DrawFn) -> Array:
    """Voxels of a few millimetres, turned any way and perhaps mirrored, anywhere in a room."""
    turn, _ = np.linalg.qr(draw(npst.arrays(np.float64, (3, 3), elements=st.integers(-9, 9).map(float))) + 20 * np.eye(3))
    sizes = draw(npst.arrays(np.float64, 3, elements=st.floats(0.1, 8)))
    affine = np.eye(4)
    affine[:3, :3] = turn * sizes * draw(st.sampled_from([(1, 1, 1), (-1, 1, 1), (1, -1, 1)]))
    affine[:3, 3] = draw(npst.arrays(np.float64, 3, elements=st.floats(-300, 300)))
    return affine


class TestNifti:
    @settings(max_examples=100, deadline=None)
    @given(
        npst.arrays(np.uint8, npst.array_shapes(min_dims=3, max_dims=3, max_side=6)),
        affines(),
        KINDS,
        st.booleans(),
        st.booleans(),
    )
    def test_labels_and_place_are_those_that_nibabel_writes_and_reads(
        self, labels: Array, affine: Array, kind: str, by_quaternion: bool, packed: bool
    ) -> None:
        image = nib.Nifti1Image(labels.T.astype(kind), None if by_quaternion else affine)
        if by_quaternion:
            image.set_qform(affine, code=1)
        data = image.to_bytes()
        read = read_volume(gzip.compress(data) if packed else data, expected=Geometry(labels.shape, None))
        assert read.array is not None
        assert read.affine is not None
        assert np.array_equal(read.array, labels)
        assert np.allclose(read.affine, nib.Nifti1Image.from_bytes(data).affine, rtol=1e-6, atol=1e-5)
        assert not is_elsewhere(read.affine, Geometry(labels.shape, affine))

    @settings(max_examples=100, deadline=None)
    @given(st.integers(0, 400), st.integers(0, 255))
    def test_one_changed_byte_never_raises(self, at: int, value: int) -> None:
        data = bytearray(nib.Nifti1Image(np.ones((3, 4, 5), np.uint8), np.eye(4)).to_bytes())
        data[at % len(data)] = value
        for file in (bytes(data), gzip.compress(bytes(data))):
            read = read_volume(file, expected=Geometry((5, 4, 3), np.eye(4)))
            assert (read.array is None) == (read.problem is not None)
            assert read.array is None or read.array.shape == (5, 4, 3)

    @settings(max_examples=60, deadline=None)
    @given(st.binary(max_size=600))
    def test_no_bytes_raise(self, data: bytes) -> None:
        for file in (data, b"\x1f\x8b" + data, gzip.compress(data)):
            assert read_volume(file, expected=Geometry((1, 1, 1), None)).problem is not None
            assert read_volume(b"II*\0" + file, expected=Geometry((1, 1, 1), None), form="tiff").problem is not None
