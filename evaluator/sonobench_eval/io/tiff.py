"""TIFF masks and volumes from a stranger, decoded by Pillow: every page's size and kind first, then its pixels.

A mask is one page; what a pixel means is as for PNG (`png.py`). A volume is a page for each plane, in order, whose values are the
labels; a TIFF says nothing of where it lies.
"""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, TiffImagePlugin

from sonobench_eval.io.labels import Labels, LabelSink, Room
from sonobench_eval.io.png import MAX_PIXELS, GreyImage
from sonobench_eval.io.refused import ImageRefused, refuse_size, unreadable
from sonobench_eval.io.volumes import MAX_VOXELS, Shape

_GREY = {"1", "L"}
_COLOURED = {"P", "PA", "LA", "RGB", "RGBA", "RGBX"}
_LABELS = {"I;16": "<u2", "I;16B": ">u2", "I": "=i4", "F": "=f4"}


def max_tiff_bytes(shape: tuple[int, ...]) -> int:
    """The largest file that a mask or a volume of this shape can sensibly be: stored uncompressed with 64 bits a pixel."""
    return 2**20 + math.prod(shape) * 8 + 2**14 * (shape[0] if len(shape) == 3 else 1)


def decode_tiff(data: bytes | memoryview, *, height: int, width: int, out: npt.NDArray[np.uint8] | None = None) -> GreyImage:
    """Decode a mask of one page that must be `height` x `width` (see `png.decode_grey`).

    Raises:
        ImageRefused: for every other file.
    """
    with _opened(data, pages=1, expected=(height, width)) as image:
        if height * width > MAX_PIXELS:
            raise unreadable(f"more than {MAX_PIXELS:,} pixels")
        if image.mode not in _GREY | _COLOURED:
            raise unreadable("more than 8 bits per pixel; write 8")
        coloured = image.mode in _COLOURED
        grey = _values(image if image.mode == "L" else image.convert("L"), "|u1", (height, width))
        pixels = np.empty((height, width), np.uint8) if out is None else out
        np.copyto(pixels, grey)
    return GreyImage(pixels, coloured)


def decode_tiff_volume(data: bytes | memoryview, *, shape: Shape, room: Room | None = None) -> Labels:
    """Decode a volume of one page for each plane.

    Args:
        data: the file's bytes, from anyone.
        shape: `(z, y, x)`.
        room: where the labels are to be put (see `LabelSink`).

    Raises:
        ImageRefused: for every other file.
    """
    planes, *size = shape
    with _opened(data, pages=planes, expected=shape) as image:
        if math.prod(shape) > MAX_VOXELS:
            raise unreadable(f"more than {MAX_VOXELS:,} voxels")
        sink = LabelSink(math.prod(shape), room)
        for plane in range(planes):
            image.seek(plane)
            if (image.height, image.width) != (size[0], size[1]):
                raise unreadable("its pages differ in size")
            sink.take(_plane(image, (size[0], size[1])).reshape(-1))
    return sink.labels().reshape(shape)


def _plane(image: Image.Image, size: tuple[int, int]) -> npt.NDArray[Any]:
    if image.mode in _LABELS:
        return _values(image, _LABELS[image.mode], size)
    if image.mode not in _GREY:
        raise unreadable("it is in colour; write the labels as they are")
    return _values(image if image.mode == "L" else image.convert("L"), "|u1", size)


def _values(image: Image.Image, kind: str, size: tuple[int, int]) -> npt.NDArray[Any]:
    values = np.frombuffer(image.tobytes(), np.dtype(kind))
    if values.size != math.prod(size):
        raise unreadable("the pixels cannot be decoded")
    return values.reshape(size)


@contextmanager
def _opened(data: bytes | memoryview, *, pages: int, expected: tuple[int, ...]) -> Iterator[TiffImagePlugin.TiffImageFile]:
    if bytes(data[:4]) not in {b"II*\0", b"MM\0*"}:
        raise unreadable("not a TIFF file" if len(data) else "the file is empty")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with TiffImagePlugin.TiffImageFile(io.BytesIO(data)) as image:
                found = (image.height, image.width) if len(expected) == 2 else (image.n_frames, image.height, image.width)
                if found != expected:
                    refuse_size(found, expected)
                if image.n_frames != pages:
                    raise unreadable(f"{image.n_frames:,} pages instead of {pages}")
                yield image
    except ImageRefused:
        raise
    # Any error of the decoder, of whatever type, costs this one file and nothing else.
    except Exception as error:
        raise unreadable("the pixels cannot be decoded") from error
