"""Boxes as an algorithm of known quality finds them: some moved, some missed, some where there is nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sonobench_eval.challenge.model import Box
from sonobench_eval.presets.synthetic import SIZE_PX, Array, BoolArray, Quality, Random, ellipse

_SHIFT = 0.12
"""Of a box's width and height, by how much a corner is off where the error is 1."""


class FoundBox(NamedTuple):
    """A box with how sure the algorithm is; corners in pixels, to a hundredth."""

    kind: str
    corners: tuple[float, float, float, float]
    confidence: float


def draw_boxes(rng: Random, kinds: Sequence[str]) -> tuple[Box, ...]:
    """One box for each kind, somewhere in the picture, corners on whole pixels."""
    found = []
    for kind in kinds:
        width, height = (int(rng.randint(10, 20)) for _ in range(2))
        left, top = int(rng.randint(0, SIZE_PX - width)), int(rng.randint(0, SIZE_PX - height))
        found.append(Box.model_validate({"class": kind, "box": (left, top, left + width, top + height)}))
    return tuple(found)


def shadow_of(boxes: Sequence[Box]) -> BoolArray:
    """The pixels of ellipses that fill the boxes."""
    shadow = np.zeros((SIZE_PX, SIZE_PX), dtype=np.bool_)
    for left, top, right, bottom in (box.box for box in boxes):
        shadow |= ellipse(center_px=((left + right) / 2, (top + bottom) / 2), radii_px=((right - left) / 2, (bottom - top) / 2))
    return shadow


def find_boxes(rng: Random, boxes: Sequence[Box], kinds: Sequence[str], quality: Quality) -> list[FoundBox]:
    """What an algorithm finds where these boxes are; `rng` gives every algorithm the same luck.

    Boxes that are found are sure, by less the larger the error; of false alarms some are nearly as sure.
    """
    found = []
    for box in boxes:
        luck, off, doubt = rng.uniform(), rng.standard_normal(4), rng.uniform()
        if luck >= quality.missed:
            found.append(FoundBox(box.kind, _moved(box.box, off, quality.error), round(1 - 0.25 * quality.error * doubt, 4)))
    luck, kind, doubt = rng.uniform(), kinds[int(rng.randint(len(kinds)))], rng.uniform()
    (alarm,) = draw_boxes(rng, [kind])
    if luck < quality.alarms:
        found.append(FoundBox(kind, alarm.box, round(0.1 + 0.85 * doubt, 4)))
    return found


def _moved(box: tuple[float, float, float, float], off: Array, error: float) -> tuple[float, float, float, float]:
    left, top, right, bottom = box
    step_x, step_y = _SHIFT * error * (right - left), _SHIFT * error * (bottom - top)
    x = np.clip([left + step_x * off[0], right + step_x * off[2]], 0, SIZE_PX).round(2)
    y = np.clip([top + step_y * off[1], bottom + step_y * off[3]], 0, SIZE_PX).round(2)
    return float(x.min()), float(y.min()), float(max(x.max(), x.min() + 0.5)), float(max(y.max(), y.min() + 0.5))
