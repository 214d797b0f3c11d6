"""Images as arrays: the size of an input from its header, and masks from bytes that strangers wrote."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image

from sonobench_eval.io.findings import FindingCode
from sonobench_eval.io.png import MAX_PIXELS, PngFault, PngRefused, decode_grey, max_png_bytes

__all__ = ["Decoder", "ImageUnreadable", "InProcessDecoder", "MaskRead", "image_size", "max_png_bytes", "read_mask_png"]

INPUT_FORMATS = ("PNG", "JPEG", "BMP", "TIFF")


class ImageUnreadable(Exception):
    """An organiser's image cannot be read; the message names the file."""


@dataclass(frozen=True, slots=True)
class MaskRead:
    """What became of a mask: `array` uint8 `(height, width)` of grey values 0..255, or `problem` and `detail`."""

    array: npt.NDArray[np.uint8] | None
    problem: FindingCode | None = None
    detail: str = ""
    coloured: bool = False


class Decoder(Protocol):
    """Something that decodes a hostile PNG. It never raises for what is in the bytes."""

    def decode(self, data: bytes, *, expected: tuple[int, int]) -> MaskRead:
        """Decode a mask that must be `expected` = `(height, width)`."""


class InProcessDecoder:
    """Decodes in this process: for tests, and for bytes one trusts. Scoring uses `confined.ConfinedDecoder`."""

    def decode(self, data: bytes, *, expected: tuple[int, int]) -> MaskRead:
        return read_mask_png(data, expected=expected)


def read_mask_png(data: bytes, *, expected: tuple[int, int]) -> MaskRead:
    """Decode a PNG mask to grey values, its header checked against `expected` before anything is decoded.

    Args:
        data: the file's bytes, from anyone.
        expected: `(height, width)` of the case's image, in pixels.

    Returns:
        A MaskRead; WRONG_SIZE, UNREADABLE_IMAGE and FILE_TOO_LARGE are its problems. Never raises for the bytes.
    """
    height, width = expected
    if len(data) > max_png_bytes(height, width):
        return MaskRead(None, FindingCode.FILE_TOO_LARGE)
    try:
        image = decode_grey(data, height=height, width=width)
    except PngRefused as refused:
        return refusal(refused.fault, str(refused))
    return MaskRead(image.pixels, coloured=image.coloured)


def refusal(fault: PngFault, detail: str) -> MaskRead:
    """A refused file as a MaskRead."""
    code = FindingCode.WRONG_SIZE if fault is PngFault.WRONG_SIZE else FindingCode.UNREADABLE_IMAGE
    return MaskRead(None, code, detail)


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
