"""Masks drawn in a test, and masks of chance that look like organs."""

from __future__ import annotations

import numpy as np
from scipy import ndimage


def mask(*rows: str) -> np.ndarray:
    """One image: `#` is foreground."""
    return np.array([[cell == "#" for cell in row] for row in rows])


def volume(*planes: tuple[str, ...]) -> np.ndarray:
    """One volume, plane by plane."""
    return np.stack([mask(*plane) for plane in planes])


def dots(shape: tuple[int, ...], *places: tuple[int, ...]) -> np.ndarray:
    """Single pixels."""
    drawn = np.zeros(shape, dtype=bool)
    for place in places:
        drawn[place] = True
    return drawn


def blobs(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Smooth or ragged regions that may touch every edge, a single pixel, or nearly everything; never empty."""
    kind = rng.integers(0, 8)
    if kind == 0:
        return dots(shape, tuple(rng.integers(0, side) for side in shape))
    noise = ndimage.gaussian_filter(rng.standard_normal(shape), rng.uniform(0, 3))
    drawn = noise > np.quantile(noise, rng.uniform(0.02, 0.98))
    return drawn if drawn.any() else dots(shape, (0,) * len(shape))


def pair_of_blobs(rng: np.random.Generator, dimensions: int) -> tuple[np.ndarray, np.ndarray]:
    """Two of them in one image, far from each other or near."""
    shape = tuple(int(side) for side in rng.integers(1, 150 if dimensions == 2 else 26, dimensions))
    one = blobs(rng, shape)
    if rng.random() < 0.5:
        return one, blobs(rng, shape)
    moved = np.roll(one, rng.integers(-3, 4, dimensions), axis=tuple(range(dimensions)))
    return one, moved ^ (rng.random(shape) < 0.01) if rng.random() < 0.5 and (moved ^ one).any() else moved
