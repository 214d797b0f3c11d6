from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

PngOf = Callable[..., bytes]


@pytest.fixture
def png_of() -> PngOf:
    """Bytes of an array saved as PNG by Pillow."""

    def save(array: np.ndarray, mode: str | None = None, **options: object) -> bytes:
        image = Image.fromarray(array)
        out = io.BytesIO()
        (image if mode is None else image.convert(mode)).save(out, "PNG", **options)
        return out.getvalue()

    return save


@pytest.fixture
def disc() -> np.ndarray:
    """A 40 x 60 mask, uint8, foreground 255."""
    y, x = np.mgrid[:40, :60]
    return np.where((y - 18) ** 2 + (x - 33) ** 2 < 150, 255, 0).astype(np.uint8)
