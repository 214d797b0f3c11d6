"""What lies in front of the phantom scanner: breasts with lesions, fetal heads, livers.

Touches arrays only. Shapes are formulas, so the reference mask of a picture is exact. Signs are drawn from
distributions that overlap between classes, as they do in patients: no single sign decides.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sonobench_eval.challenge.phantom_scanner import NOTHING_DB, Array, Paint, Random, Tissue

HARMONICS = np.arange(2, 11)


@dataclass(frozen=True, slots=True)
class Outline:
    """A closed curve around `(x, y)`: an ellipse of half-axes `wide` and `tall`, turned by `turn`, with waves on it.

    `waves` are relative amplitudes of the harmonics 2 to 10, `phases` their phases in radians.
    """

    x: float
    y: float
    wide: float
    tall: float
    turn: float = 0.0
    waves: tuple[float, ...] = (0.0,) * len(HARMONICS)
    phases: tuple[float, ...] = (0.0,) * len(HARMONICS)

    def reach(self, x: Array, y: Array) -> Array:
        """Distance from the centre in units of the curve's own radius in that direction: below 1 is inside."""
        dx, dy = x - self.x, y - self.y
        across = dx * np.cos(self.turn) + dy * np.sin(self.turn)
        along = dy * np.cos(self.turn) - dx * np.sin(self.turn)
        angle = np.arctan2(along / self.tall, across / self.wide)
        radius = 1 + sum(a * np.cos(k * angle + p) for k, a, p in zip(HARMONICS, self.waves, self.phases, strict=True))
        return np.asarray(np.hypot(across / self.wide, along / self.tall) / np.maximum(radius, 0.2))

    def contains(self, x: Array, y: Array) -> NDArray[np.bool_]:
        return np.asarray(self.reach(x, y) <= 1)

    def seen_again(self, rng: Random) -> Outline:
        """The same thing in another picture of the same subject: shifted, turned and cut elsewhere, a little."""
        shift_x, shift_y, turn = rng.normal(0, [0.05, 0.03, 0.08])
        grow = rng.uniform(0.92, 1.08)
        return replace(
            self, x=self.x + shift_x, y=self.y + shift_y, turn=self.turn + turn, wide=self.wide * grow, tall=self.tall * grow
        )


@dataclass(frozen=True, slots=True)
class Lesion:
    """A mass in a breast. Contrast and losses in dB against the tissue around; `edge` is the width of its blurred border."""

    outline: Outline
    contrast_db: float
    edge: float
    loss_db: float
    specks: int = 0
    speck_seed: int = 0


@dataclass(frozen=True, slots=True)
class Signs:
    """How a kind of lesion tends to look: means of what `lesion` draws around."""

    roughness: float
    tallness: float
    contrast_db: float
    loss_db: float
    edge: float
    specks: float


BENIGN = Signs(roughness=0.014, tallness=0.66, contrast_db=-15, loss_db=-5, edge=0.05, specks=0.3)
MALIGNANT = Signs(roughness=0.038, tallness=0.98, contrast_db=-14, loss_db=11, edge=0.14, specks=3.0)
CYST = Signs(roughness=0.008, tallness=0.85, contrast_db=-38, loss_db=-7, edge=0.03, specks=0.0)
BRIGHT = Signs(roughness=0.02, tallness=0.7, contrast_db=11, loss_db=0, edge=0.08, specks=0.0)
SUBTYPES = (
    Signs(roughness=0.055, tallness=1.05, contrast_db=-12, loss_db=14, edge=0.16, specks=0.5),
    Signs(roughness=0.035, tallness=0.95, contrast_db=-15, loss_db=3, edge=0.11, specks=4.0),
    Signs(roughness=0.03, tallness=0.85, contrast_db=-11, loss_db=-1, edge=0.12, specks=13.0),
    Signs(roughness=0.015, tallness=0.8, contrast_db=-23, loss_db=-7, edge=0.04, specks=0.5),
)
"""Luminal A, luminal B, HER2, triple negative: spiculated and shadowing, mixed, calcified, round and enhancing."""


def lesion(rng: Random, signs: Signs) -> Lesion:
    """One lesion that tends to look like `signs`."""
    wide = rng.uniform(0.26, 0.5)
    tall = wide * np.clip(signs.tallness * rng.lognormal(0, 0.17), 0.45, 1.35)
    roughness = signs.roughness * rng.lognormal(0, 0.35)
    outline = Outline(
        x=rng.uniform(-0.45, 0.45),
        y=rng.uniform(0.75, 1.15),
        wide=wide,
        tall=tall,
        turn=rng.normal(0, 0.25),
        waves=tuple(np.abs(rng.normal(0, roughness, len(HARMONICS)))),
        phases=tuple(rng.uniform(0, 2 * np.pi, len(HARMONICS))),
    )
    return Lesion(
        outline,
        contrast_db=signs.contrast_db + rng.normal(0, 3),
        edge=signs.edge * rng.lognormal(0, 0.3),
        loss_db=signs.loss_db + rng.normal(0, 4),
        specks=int(rng.poisson(signs.specks)),
        speck_seed=int(rng.randint(2**31 - 1)),
    )


def breast(rng: Random, mass: Lesion) -> Paint:
    """Skin, fat with its lobules, gland, muscle, and the mass."""
    fat_ends, muscle_starts, slope = rng.uniform(0.3, 0.5), rng.uniform(1.6, 1.8), rng.normal(0, 0.06)
    lobules = [Outline(*rng.uniform([-1, 0.3, 0.1, 0.05], [1, 1.5, 0.22, 0.1])) for _ in range(4)]
    specks = _specks(mass)

    def paint(x: Array, y: Array) -> Tissue:
        inside = _soft(mass.outline.reach(x, y), mass.edge)
        echo = -14 + 10 * _step(y - fat_ends - slope * x, 0.05) - 4 * _step(y - muscle_starts - slope * x, 0.04)
        for lobule in lobules:
            echo = echo - 5 * _soft(lobule.reach(x, y), 0.3)
        echo = echo * (1 - inside) + (mass.contrast_db - 4) * inside
        mirror = np.maximum(_line(y - 0.06, 0.02, 4), _line(y - muscle_starts - slope * x, 0.012, -4))
        for speck_x, speck_y in specks:
            mirror = np.maximum(mirror, _line(np.hypot(x - speck_x, y - speck_y), 0.016, 17))
        loss = 4 + mass.loss_db * inside
        return Tissue(echo, loss, mirror, np.where(inside > 0.5, 1.0, 3.0))

    return paint


def fetal_head(rng: Random, skull: Outline) -> Paint:
    """Fluid and wall outside, a bright skull that thins at its sides, brain with its midline inside."""
    wall, thickness = rng.uniform(0.1, 0.3), rng.uniform(0.035, 0.06)
    strength, fluid = rng.uniform(2, 8), rng.uniform(-30, -22)
    cavities = [replace(skull, x=skull.x + s * 0.3 * skull.wide, wide=skull.wide * 0.14, tall=skull.tall * 0.22) for s in (-1, 1)]

    def paint(x: Array, y: Array) -> Tissue:
        reach = skull.reach(x, y)
        inside = _soft(reach, 0.03)
        side = np.abs(x - skull.x) / skull.wide
        tissue_outside = np.where((y < wall + 0.1 * x) | (y > 1.85) | (np.abs(x) > 0.93), -7.0, fluid)
        brain = -18 - 14 * sum(_soft(cavity.reach(x, y), 0.2) for cavity in cavities)
        across = (x - skull.x) * np.cos(skull.turn) + (y - skull.y) * np.sin(skull.turn)
        along = (y - skull.y) * np.cos(skull.turn) - (x - skull.x) * np.sin(skull.turn)
        ring = _line(reach - 1 + thickness, thickness, strength) - 12 * np.clip(side - 0.55, 0, 1)
        midline = np.where(np.abs(across) < 0.7 * skull.wide, _line(along, 0.014, -6), NOTHING_DB)
        echo = tissue_outside * (1 - inside) + brain * inside
        loss = np.where(np.abs(reach - 1 + thickness) < thickness, 11.0, 2.0)
        return Tissue(echo, loss, np.maximum(ring, midline), np.full_like(x, 2.0))

    return paint


def skull(rng: Random) -> Outline:
    wide = rng.uniform(0.38, 0.7)
    tall = wide * rng.uniform(0.68, 0.86)
    return Outline(rng.uniform(-0.24, 0.24), rng.uniform(0.85, 1.2), wide, tall, rng.normal(0, 0.35))


def liver(rng: Random, fat: float) -> Paint:
    """A liver with its vessels and diaphragm; `fat` 0 to 1 makes it bright near the probe, lossy, and hides both."""
    vessels = [Outline(*rng.uniform([-0.6, 0.6, 0.08, 0.03, -1], [0.6, 1.5, 0.26, 0.07, 1])) for _ in range(rng.randint(3, 7))]
    bow, depth, skin_fat = rng.uniform(0.2, 0.35), rng.uniform(1.65, 1.8), rng.uniform(0.15, 0.35)

    def paint(x: Array, y: Array) -> Tissue:
        below = y - depth + bow * x**2
        echo = -13 + 7 * fat + np.where(y < skin_fat, -3.0, 0.0) - 5 * _step(below, 0.02)
        for vessel in vessels:
            echo = echo - (20 - 14 * fat) * _soft(vessel.reach(x, y), 0.2 + 0.3 * fat)
        mirror = np.maximum(_line(y - 0.05, 0.02, 4), _line(below, 0.02, 7 - 6 * fat))
        return Tissue(echo, np.full_like(x, 4 + 9 * fat), mirror, np.full_like(x, 2.2 - 1.2 * fat))

    return paint


def _specks(mass: Lesion) -> list[tuple[float, float]]:
    """Where a lesion's calcifications lie: inside it, for every picture of it the same way."""
    rng, outline = Random(mass.speck_seed), mass.outline
    radius, angle = 0.75 * np.sqrt(rng.uniform(0, 1, mass.specks)), rng.uniform(0, 2 * np.pi, mass.specks)
    x, y = outline.x + outline.wide * radius * np.cos(angle), outline.y + outline.tall * radius * np.sin(angle)
    return list(zip(x.tolist(), y.tolist(), strict=True))


def _soft(reach: Array, edge: float) -> Array:
    """1 inside a curve, 0 outside, over a border `edge` wide."""
    return np.asarray(1 / (1 + np.exp(np.clip((reach - 1) / (edge / 4), -60, 60))))


def _step(distance: Array, width: float) -> Array:
    """0 before, 1 after, over `width`."""
    return np.asarray(1 / (1 + np.exp(np.clip(-distance / (width / 4), -60, 60))))


def _line(distance: Array, width: float, strength_db: float) -> Array:
    """A smooth interface of `strength_db` where `distance` is 0, gone beyond a few `width`s."""
    return np.asarray(np.maximum(strength_db - 8.7 * (distance / width) ** 2, NOTHING_DB))
