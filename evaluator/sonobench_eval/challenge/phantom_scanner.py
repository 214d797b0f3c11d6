"""An ultrasound scanner that never existed: tissue in, a speckled B-mode image out.

Touches arrays only. A picture is made the way a scanner makes one: scatterers along beams give Rayleigh or
K-distributed speckle, sound is lost on its way down and back, the envelope is log-compressed, and beams are
converted to pixels (a rectangle for a linear probe, a sector for a curved one).

Coordinates: `x` in [-1, 1] from left to right, `y` in [0, 2] from the probe downwards.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates

Array = NDArray[np.float64]
Random = np.random.RandomState
"""The legacy generator on purpose: NumPy promises that its streams never change."""

SECTOR_APEX = 0.55
SECTOR_HALF_ANGLE = 0.62
DEPTH = 2.0
NOTHING_DB = -90.0


@dataclass(frozen=True, slots=True)
class Tissue:
    """What lies at each point of a grid, all arrays of one shape.

    `echo_db`: strength of the scatterers; `loss_db`: lost per unit of depth, there and back; `mirror_db`: strength
    of smooth interfaces (they reflect without speckle, `NOTHING_DB` where there is none); `mottle_db`: spread of the slow
    unevenness of the scatterers.
    """

    echo_db: Array
    loss_db: Array
    mirror_db: Array
    mottle_db: Array


Paint = Callable[[Array, Array], Tissue]
"""Tissue at the points `(x, y)`."""


@dataclass(frozen=True, slots=True)
class Look:
    """How one centre's scanner and its operators make pictures look.

    `axial`, `lateral`: size of the speckle as a fraction of the picture. `scatterers`: shape of the K distribution
    (large: Rayleigh). `gain_db` and `dynamic_range_db`: white is 0 dB less the gain, black a dynamic range below it.
    `tgc_error_db`: depth gain set wrongly, per unit of depth. `reverberation_db`: false layers below the probe.
    `dropouts`: beams lost to poor contact, on average. `marks`: calipers burnt into the picture.
    """

    probe: Literal["linear", "curved"]
    axial: float
    lateral: float
    dynamic_range_db: float
    gain_db: float
    gamma: float
    noise_db: float
    scatterers: float = 50.0
    tgc_error_db: float = 0.0
    reverberation_db: float = NOTHING_DB
    dropouts: float = 0.0
    marks: bool = False

    def with_probe(self, probe: Literal["linear", "curved"]) -> Look:
        return replace(self, probe=probe)


def pixel_grid(size: int) -> tuple[Array, Array]:
    """`(x, y)` of the pixel centres, each `(size, size)`."""
    steps = (np.arange(size) + 0.5) / size
    y, x = np.meshgrid(steps * DEPTH, steps * 2 - 1, indexing="ij")
    return x, y


def scan(paint: Paint, look: Look, rng: Random, *, size: int) -> NDArray[np.uint8]:
    """One picture `(size, size)` of the painted tissue, 0 black to 255 white."""
    x, y, depth = _beams(look, size)
    echo = _along_beams(paint(x, y), look, rng, depth)
    grey = np.clip(1 + (20 * np.log10(np.maximum(echo, 1e-9)) + look.gain_db) / look.dynamic_range_db, 0, 1) ** look.gamma
    picture = _to_pixels(grey, look, size)
    if look.marks:
        picture = _with_marks(picture, rng)
    return np.rint(picture * 255).astype(np.uint8)


def _beams(look: Look, size: int) -> tuple[Array, Array, Array]:
    """Where each sample of each beam lies: `(x, y, depth)`, rows along the beam."""
    steps = (np.arange(size) + 0.5) / size
    if look.probe == "linear":
        depth, x = np.meshgrid(steps * DEPTH, steps * 2 - 1, indexing="ij")
        return x, depth, depth
    depth, angle = np.meshgrid(steps * DEPTH, (steps * 2 - 1) * SECTOR_HALF_ANGLE, indexing="ij")
    radius = SECTOR_APEX + depth
    return radius * np.sin(angle), radius * np.cos(angle) - SECTOR_APEX, depth


def _along_beams(tissue: Tissue, look: Look, rng: Random, depth: Array) -> Array:
    """The envelope of the echoes, linear, 1 for unattenuated tissue of 0 dB."""
    size = depth.shape[0]
    blur = (look.axial * size, look.lateral * size)
    mottle = _smooth_noise(rng, depth.shape, (0.035 * size, 0.035 * size)) * tissue.mottle_db
    loss = np.cumsum(tissue.loss_db, axis=0) * (DEPTH / size) - look.tgc_error_db * depth
    scattered = _speckle(rng, depth.shape, blur, look.scatterers) * 10 ** ((tissue.echo_db + mottle - loss) / 20)
    mirrored = gaussian_filter(10 ** ((tissue.mirror_db - loss) / 20), (blur[0], blur[1] / 2))
    layers = np.maximum(np.cos(2 * np.pi * depth / 0.16), 0) ** 6 * np.exp(-1.6 * depth)
    false_layers = 10 ** (look.reverberation_db / 20) * layers
    noise = 10 ** ((look.noise_db + 6 * depth) / 20) * np.abs(_speckle(rng, depth.shape, (0.6, 0.6), 1e6))
    return np.asarray(np.abs(scattered + mirrored + false_layers) * _contact(rng, look, size) + noise)


def _speckle(rng: Random, shape: tuple[int, int], blur: tuple[float, float], scatterers: float) -> NDArray[np.complex128]:
    """Fully developed speckle of mean power 1; with few scatterers its power is gamma-distributed (K distribution)."""
    field = _smooth_noise(rng, shape, blur) + 1j * _smooth_noise(rng, shape, blur)
    if scatterers < 1e3:
        field *= np.sqrt(rng.gamma(scatterers, 1 / scatterers, shape))
    return np.asarray(field / np.sqrt(2))


def _smooth_noise(rng: Random, shape: tuple[int, int], blur: tuple[float, float]) -> Array:
    """Gaussian noise of mean 0 and variance 1 with a Gaussian correlation of `blur` samples."""
    noise = gaussian_filter(rng.standard_normal(shape), blur, mode="wrap")
    return np.asarray(noise / max(float(noise.std()), 1e-12))


def _contact(rng: Random, look: Look, size: int) -> Array:
    """How well each beam reaches the skin, `(1, beams)`: 1, and less where gel is missing."""
    strength = np.ones(size)
    for _ in range(rng.poisson(look.dropouts)):
        middle, width = rng.uniform(0, size), rng.uniform(0.02, 0.05) * size
        strength *= 1 - 0.85 * np.exp(-0.5 * ((np.arange(size) - middle) / width) ** 2)
    return strength[None, :]


def _to_pixels(grey: Array, look: Look, size: int) -> Array:
    """Beams to pixels; outside a sector there is nothing."""
    if look.probe == "linear":
        return grey
    x, y = pixel_grid(size)
    radius, angle = np.hypot(x, y + SECTOR_APEX), np.arctan2(x, y + SECTOR_APEX)
    rows = (radius - SECTOR_APEX) / DEPTH * size - 0.5
    columns = (angle / SECTOR_HALF_ANGLE + 1) / 2 * size - 0.5
    inside = (np.abs(angle) <= SECTOR_HALF_ANGLE) & (radius >= SECTOR_APEX) & (radius <= SECTOR_APEX + DEPTH)
    return np.asarray(np.where(inside, map_coordinates(grey, (rows, columns), order=1, mode="nearest"), 0.0))


def _with_marks(picture: Array, rng: Random) -> Array:
    """Two calipers and a bar of text, as an operator leaves them."""
    size = picture.shape[0]
    marked = picture.copy()
    arm = max(size // 50, 1)
    for row, column in rng.randint(size // 5, size - size // 5, (2, 2)):
        marked[row, column - arm : column + arm + 1] = 1
        marked[row - arm : row + arm + 1, column] = 1
    marked[size - size // 20 : size - size // 40, size // 20 : size // 5 : 2] = 0.9
    return marked
