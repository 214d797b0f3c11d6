"""Boundaries of images and the distances between them, for who has not yet a `MaskPair` (see `mask_boundary`, `mask_surface`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sonobench_eval.metrics.empty import BoolMask, Empty
from sonobench_eval.metrics.mask_ball import ROUNDING
from sonobench_eval.metrics.mask_overlap import UUSIC25_EPSILON
from sonobench_eval.metrics.mask_pair import Mask, MaskPair

Convention = Literal["pixel", "uusic25"]
Spacing = tuple[float, float]
"""Distance between pixel centers as (row, column), in the unit distances shall have."""

PIXELS: Spacing = (1.0, 1.0)


@dataclass(frozen=True, slots=True)
class OutlineDistances:
    """For each outline pixel of one mask, the distance to the nearest outline pixel of the other.

    Both are float64 vectors in the unit of the spacing, infinite where the other mask has no outline
    (possible only for `uusic25`, when a mask fills the image).
    """

    of_prediction: NDArray[np.float64]
    of_reference: NDArray[np.float64]


def outline(mask: BoolMask, convention: Convention) -> BoolMask:
    """Foreground pixels that have a 4-neighbor outside the mask.

    Args:
        mask: Foreground, bool, shape (rows, columns), the whole image.
        convention: Whether beyond the image is outside (`pixel`) or nothing at all (`uusic25`).
    """
    outlined = np.zeros(mask.shape, dtype=np.bool_)
    measured = Mask(mask)
    if not measured.is_empty:
        _, rows, columns = measured.boundary(convention).places
        outlined[rows, columns] = True
    return outlined


def outline_distances(
    prediction: BoolMask, reference: BoolMask, *, convention: Convention, spacing: Spacing = PIXELS
) -> OutlineDistances | Empty:
    """Distances between the outlines of two masks, both ways.

    Args:
        prediction: Foreground of the answer, bool, shape (rows, columns), the whole image.
        reference: Foreground of the reference, bool, same shape.
        convention: What an outline is.
        spacing: (row, column) distance of pixel centers, e.g. in mm; pixels by default.

    Returns:
        The distances, or which mask is empty.
    """
    pair = MaskPair(prediction, reference, spacing=spacing)
    if empty := pair.empty:
        return empty
    found = pair.distances(convention, unit="mm")
    return OutlineDistances(found.of_prediction, found.of_reference)


def nsd(distances: OutlineDistances, *, tolerance: float, convention: Convention) -> float:
    """Normalized surface distance: the share of both outlines that lies within a tolerance of the other.

    Args:
        distances: From `outline_distances`, in the unit of the tolerance.
        tolerance: Largest distance that still counts as a match (inclusive), >= 0.
        convention: `uusic25` adds 1e-6 to the denominator, as published; two masks that fill the image then score 0.

    Returns:
        A number in [0, 1], higher is better.
    """
    within = tolerance * (1 + ROUNDING)
    matched = int(np.sum(distances.of_prediction <= within) + np.sum(distances.of_reference <= within))
    total = distances.of_prediction.size + distances.of_reference.size
    return matched / (total + UUSIC25_EPSILON) if convention == "uusic25" else matched / total
