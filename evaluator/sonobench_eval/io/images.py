"""Images as arrays: the size of an input from its header, and masks from bytes that strangers wrote."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image

from sonobench_eval.io.findings import FindingCode
from sonobench_eval.io.nifti import HEAD_BYTES, decode_nifti, max_nifti_bytes, nifti_geometry
from sonobench_eval.io.png import MAX_PIXELS, decode_grey, max_png_bytes
from sonobench_eval.io.refused import ImageRefused
from sonobench_eval.io.tiff import decode_tiff, decode_tiff_volume, max_tiff_bytes
from sonobench_eval.io.volumes import Geometry, Shape, VolumeRead, placed

__all__ = [
    "Decoder", "ImageUnreadable", "InProcessDecoder", "MaskForm", "MaskRead", "MaskRequest", "VolumeForm", "VolumeRequest",
    "image_geometry", "image_size", "is_tiff", "max_mask_bytes", "max_png_bytes", "max_volume_bytes", "read_mask",
    "read_mask_png", "read_reference", "read_volume",
]  # fmt: skip

INPUT_FORMATS = ("PNG", "JPEG", "BMP", "TIFF")
MaskForm = Literal["png", "tiff"]
VolumeForm = Literal["nifti", "tiff"]


class ImageUnreadable(Exception):
    """An organiser's image cannot be read; the message names the file."""


@dataclass(frozen=True, slots=True)
class MaskRead:
    """What became of a mask: `array` uint8 `(height, width)` of grey values 0..255, or `problem` and `detail`."""

    array: npt.NDArray[np.uint8] | None
    problem: FindingCode | None = None
    detail: str = ""
    coloured: bool = False


class MaskRequest(NamedTuple):
    """A mask to be decoded: a file's bytes, from anyone, and the `(height, width)` it must have, in pixels."""

    data: bytes
    expected: tuple[int, int]
    form: MaskForm = "png"


class VolumeRequest(NamedTuple):
    """A volume to be decoded: a file's bytes, from anyone, and the size and place it must have."""

    data: bytes
    expected: Geometry
    form: VolumeForm = "nifti"


class Decoder(Protocol):
    """Something that decodes hostile images. It never raises for what is in the bytes."""

    def decode(self, data: bytes, *, expected: tuple[int, int], form: MaskForm = "png") -> MaskRead:
        """Decode a mask that must be `expected` = `(height, width)`."""

    def decode_stream(self, requests: Iterable[MaskRequest | MaskRead]) -> Iterator[MaskRead]:
        """Decode masks in order, a few of them ahead of the one asked for: `requests` is read ahead too.

        What was read elsewhere, or cannot be, keeps its place: a MaskRead among the requests comes out as it is.
        """

    def decode_volume(self, data: bytes, *, expected: Geometry, form: VolumeForm = "nifti") -> VolumeRead:
        """Decode a volume that must have this size, and lie in this place if that is known."""

    def decode_volume_stream(self, requests: Iterable[VolumeRequest | VolumeRead]) -> Iterator[VolumeRead]:
        """Decode volumes in order, ahead of the one asked for (see `decode_stream`)."""


class InProcessDecoder:
    """Decodes in this process: for tests, and for bytes one trusts. Scoring uses `confined.ConfinedDecoder`."""

    def decode(self, data: bytes, *, expected: tuple[int, int], form: MaskForm = "png") -> MaskRead:
        return read_mask(data, expected=expected, form=form)

    def decode_stream(self, requests: Iterable[MaskRequest | MaskRead]) -> Iterator[MaskRead]:
        for each in requests:
            yield each if isinstance(each, MaskRead) else self.decode(each.data, expected=each.expected, form=each.form)

    def decode_volume(self, data: bytes, *, expected: Geometry, form: VolumeForm = "nifti") -> VolumeRead:
        return read_volume(data, expected=expected, form=form)

    def decode_volume_stream(self, requests: Iterable[VolumeRequest | VolumeRead]) -> Iterator[VolumeRead]:
        for each in requests:
            yield each if isinstance(each, VolumeRead) else self.decode_volume(each.data, expected=each.expected, form=each.form)


def read_mask_png(data: bytes, *, expected: tuple[int, int]) -> MaskRead:
    """Decode a PNG mask (see `read_mask`)."""
    return read_mask(data, expected=expected)


def read_mask(data: bytes, *, expected: tuple[int, int], form: MaskForm = "png") -> MaskRead:
    """Decode a mask to grey values, its header checked against `expected` before anything is decoded.

    Args:
        data: the file's bytes, from anyone.
        expected: `(height, width)` of the case's image, in pixels.
        form: the format the file must have; no other is tried.

    Returns:
        A MaskRead; WRONG_SIZE, UNREADABLE_IMAGE and FILE_TOO_LARGE are its problems. Never raises for the bytes.
    """
    if len(data) > max_mask_bytes(expected, form):
        return MaskRead(None, FindingCode.FILE_TOO_LARGE)
    height, width = expected
    try:
        image = (decode_grey if form == "png" else decode_tiff)(data, height=height, width=width)
    except ImageRefused as refused:
        return MaskRead(None, refused.code, str(refused))
    return MaskRead(image.pixels, coloured=image.coloured)


def read_volume(data: bytes, *, expected: Geometry, form: VolumeForm = "nifti") -> VolumeRead:
    """Decode a volume of labels, its header checked against `expected` before anything is decoded.

    Args:
        data: the file's bytes, from anyone.
        expected: size and place of the case's image. The place is not compared where either is unknown.
        form: the format the file must have; no other is tried.

    Returns:
        A VolumeRead; WRONG_SIZE, WRONG_GEOMETRY, NOT_WHOLE_NUMBERS, UNREADABLE_IMAGE and FILE_TOO_LARGE are its problems.
        Never raises for the bytes.
    """
    if len(data) > max_volume_bytes(expected.shape, form):
        return VolumeRead(None, problem=FindingCode.FILE_TOO_LARGE)
    try:
        if form == "tiff":
            return placed(decode_tiff_volume(data, shape=expected.shape), None, expected)
        labels, affine = decode_nifti(data, shape=expected.shape)
    except ImageRefused as refused:
        return VolumeRead(None, None, refused.code, str(refused))
    return placed(labels, affine, expected)


def read_reference(path: Path, size: tuple[int, int] | Geometry) -> MaskRead | VolumeRead:
    """Read an organiser's mask in this process: a PNG or TIFF of an image, a NIfTI or TIFF of a volume, by its ending.

    Args:
        path: the file.
        size: `(height, width)` in pixels of the case's image; of a volume its size and place.

    Raises:
        OSError: the file cannot be read.
    """
    data = path.read_bytes()
    if isinstance(size, Geometry):
        return read_volume(data, expected=size, form="tiff" if is_tiff(path) else "nifti")
    return read_mask(data, expected=size, form="tiff" if is_tiff(path) else "png")


def is_tiff(path: Path) -> bool:
    """By its ending."""
    return path.name.lower().endswith((".tif", ".tiff"))


def max_mask_bytes(expected: tuple[int, int], form: MaskForm = "png") -> int:
    """The largest file that a mask of this `(height, width)` can sensibly be."""
    return max_png_bytes(*expected) if form == "png" else max_tiff_bytes(expected)


def max_volume_bytes(shape: Shape, form: VolumeForm = "nifti") -> int:
    """The largest file that a volume of labels of this `(z, y, x)` can sensibly be."""
    return max_nifti_bytes(shape) if form == "nifti" else max_tiff_bytes(shape)


def image_size(path: Path) -> tuple[int, int]:
    """`(height, width)` in pixels of an organiser's image, from its header alone.

    Raises:
        ImageUnreadable: the file is missing, is no PNG, JPEG, BMP or TIFF, or is gigantic.
    """
    try:
        with Image.open(path, formats=INPUT_FORMATS) as image:
            return image.height, image.width
    except FileNotFoundError as error:
        raise ImageUnreadable(f"{path}: there is no such file") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageUnreadable(f"{path}: has more pixels than can be scored; at most {MAX_PIXELS:,}") from error
    except (OSError, ValueError, SyntaxError) as error:
        raise ImageUnreadable(f"{path}: is not a readable PNG, JPEG, BMP or TIFF image") from error


def image_geometry(path: Path) -> Geometry:
    """Size and place of an organiser's NIfTI image or reference, from its header alone.

    Raises:
        ImageUnreadable: the file is missing, or is no NIfTI file of three dimensions.
    """
    try:
        with path.open("rb") as file:
            return nifti_geometry(file.read(HEAD_BYTES))
    except FileNotFoundError as error:
        raise ImageUnreadable(f"{path}: there is no such file") from error
    except OSError as error:
        raise ImageUnreadable(f"{path}: cannot be read: {error.strerror}") from error
    except ImageRefused as refused:
        raise ImageUnreadable(f"{path}: is not a readable NIfTI image: {refused}") from refused
