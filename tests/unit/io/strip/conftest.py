from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

Saved = Callable[..., bytes]


@pytest.fixture
def picture() -> Image.Image:
    """Seven rows of nine noisy RGB pixels."""
    return Image.fromarray(np.random.default_rng(3).integers(0, 256, (7, 9, 3), dtype=np.uint8))


@pytest.fixture
def saved(picture: Image.Image) -> Saved:
    """That picture as a file: `saved("PNG", mode="P", dpi=(72, 72))`."""

    def save(kind: str, *, mode: str = "RGB", **options: Any) -> bytes:
        out = io.BytesIO()
        picture.convert(mode).save(out, kind, **options)
        return out.getvalue()

    return save


@pytest.fixture
def pixels() -> Callable[[bytes], bytes]:
    """What a file decodes to."""

    def decode(data: bytes) -> bytes:
        with Image.open(io.BytesIO(data)) as image:
            return image.tobytes()

    return decode
