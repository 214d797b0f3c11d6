"""A made-up test set as data, and what all of them are made with: named chance, speckle, and answers of known quality.

Pure: numbers in, arrays and bytes out. `making.py` writes.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sonobench_eval.challenge.model import Case

Array = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.intp]
Picture = NDArray[np.uint8]
Random = np.random.RandomState
"""The legacy generator on purpose: NumPy promises that its streams never change."""

RECIPE = 1
"""Raised whenever what a seed gives changes, so that a folder made before is not taken for the same."""
SIZE_PX = 48
Algorithm = Literal["perfect", "good", "poor"]
ALGORITHMS: tuple[Algorithm, ...] = ("perfect", "good", "poor")
"""The examples, best first. `good` and `poor` make the same mistakes, larger and more of them: what is right in `poor` is
right in `good`."""


@dataclass(frozen=True, slots=True)
class SyntheticSet:
    """A test set with answers to it.

    images: by path below the folder of images. masks: by path below the folder of references, 0 and 255. predictions: of
    each algorithm, the bytes of every file by its path in the output folder. beside: files beside the challenge.
    """

    cases: tuple[Case, ...]
    images: Mapping[str, Picture]
    predictions: Mapping[Algorithm, Mapping[str, bytes]]
    masks: Mapping[str, Picture] = field(default_factory=dict)
    beside: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Quality:
    """How far an algorithm is off: `error` scales the noise of its scores, `missed` and `alarms` are shares of what there is."""

    error: float
    missed: float
    alarms: float


QUALITIES: Mapping[Algorithm, Quality] = {
    "perfect": Quality(0.0, 0.0, 0.0),
    "good": Quality(0.9, 0.12, 0.15),
    "poor": Quality(2.2, 0.45, 0.7),
}


def chance(preset: str, seed: int, *words: object) -> Random:
    """A generator of its own for every name, so that nothing depends on how many others there are."""
    digest = hashlib.sha256(f"sonobench preset {RECIPE} {preset} {seed} {words}".encode()).digest()
    return Random(np.frombuffer(digest, dtype="<u4"))


# Pictures -----------------------------------------------------------------------------------------------------


def speckled(rng: Random, marked: BoolArray | None = None, *, faintness: float = 0.85) -> Picture:
    """A picture of fully developed speckle, shape (SIZE_PX, SIZE_PX); what is `marked` is darker by so much.

    Speckle hides it: single pixels tell next to nothing, a mean over the place does.
    """
    grey = rng.rayleigh(60.0, (SIZE_PX, SIZE_PX))
    if marked is not None:
        grey *= np.where(marked, faintness, 1.0)
    return np.clip(np.rint(grey), 0, 255).astype(np.uint8)


def ellipse(*, center_px: tuple[float, float], radii_px: tuple[float, float]) -> BoolArray:
    """The pixels within an ellipse; `(x, y)`."""
    y, x = np.mgrid[0:SIZE_PX, 0:SIZE_PX] + 0.5
    return np.asarray(((x - center_px[0]) / radii_px[0]) ** 2 + ((y - center_px[1]) / radii_px[1]) ** 2 <= 1)


def png(picture: Picture) -> bytes:
    """As a PNG file."""
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, format="PNG", compress_level=1)
    return buffer.getvalue()


# Answers ------------------------------------------------------------------------------------------------------


def binary_probabilities(labels: Array | IntArray, noise: Array, error: float) -> Array:
    """The probability of class 1 of each case, shape (...): on the right side of 0.5 by as much as the noise allows.

    A larger `error` brings no two cases into order that were out of it, and makes none right that was wrong.
    """
    if error == 0:
        return labels.astype(np.float64)
    return np.asarray(np.round(1 / (1 + np.exp(-1.5 * (2 * labels - 1 + error * noise))), 6))


def class_probabilities(labels: IntArray, noise: Array, error: float) -> Array:
    """Probabilities of every class, shape (n, classes): a case is right until its noise, scaled by `error`, is too large."""
    held = labels[:, np.newaxis] == np.arange(noise.shape[1])
    if error == 0:
        return np.asarray(held, dtype=np.float64)
    strength = 4 * (held + error * noise)
    powers = np.exp(strength - strength.max(axis=1, keepdims=True))
    return np.asarray(np.round(powers / powers.sum(axis=1, keepdims=True), 6))


# Files --------------------------------------------------------------------------------------------------------


def json_bytes(content: object) -> bytes:
    """A JSON file."""
    return (json.dumps(content) + "\n").encode()


def csv_bytes(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """A CSV file with a line of headings."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return buffer.getvalue().encode()


def numbered(folder: str, number: int) -> str:
    """`planes/0007.png`."""
    return f"{folder}/{number:04d}.png"
