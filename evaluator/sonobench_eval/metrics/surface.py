"""How far apart two outlines run: the geometry is measured once, metrics are derived from it.

Two conventions for what an outline is, both 4-connected and inside the mask:
`pixel`    a foreground pixel with a neighbour outside the mask; beyond the image is outside (as MONAI and MedPy).
`uusic25`  a foreground pixel with a background neighbour *in the image*; there is no outline along the image's edge
           (as `skimage.segmentation.find_boundaries(mode="inner")`, which the published UUSIC25 script calls).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from sonobench_eval.metrics.empty import BoolMask, Empty, emptiness

Convention = Literal["pixel", "uusic25"]
Spacing = tuple[float, float]
"""Distance between pixel centres as (row, column), in the unit distances shall have."""

PIXELS: Spacing = (1.0, 1.0)
ROUNDING = 1e-9
"""Three pixels of 0.1 mm are within 0.3 mm, although 3 * 0.1 > 0.3 in binary."""

UUSIC25_EPSILON = 1e-6


@dataclass(frozen=True, slots=True)
class OutlineDistances:
    """For each outline pixel of one mask, the distance to the nearest outline pixel of the other.

    Both are float64 vectors in the unit of the spacing, infinite where the other mask has no outline
    (possible only for `uusic25`, when a mask fills the image).
    """

    of_prediction: NDArray[np.float64]
    of_reference: NDArray[np.float64]


def outline(mask: BoolMask, convention: Convention) -> BoolMask:
    """Foreground pixels that have a 4-neighbour outside the mask.

    Args:
        mask: Foreground, bool, shape (rows, columns), the whole image.
        convention: Whether beyond the image is outside (`pixel`) or nothing at all (`uusic25`).
    """
    padded = np.pad(mask, 1, constant_values=convention == "uusic25")
    above, below, left, right = padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:]
    outlined: BoolMask = mask & ~(above & below & left & right)
    return outlined


def outline_distances(
    prediction: BoolMask, reference: BoolMask, *, convention: Convention, spacing: Spacing = PIXELS
) -> OutlineDistances | Empty:
    """Distances between the outlines of two masks, both ways.

    Args:
        prediction: Foreground of the answer, bool, shape (rows, columns), the whole image.
        reference: Foreground of the reference, bool, same shape.
        convention: What an outline is.
        spacing: (row, column) distance of pixel centres, e.g. in mm; pixels by default.

    Returns:
        The distances, or which mask is empty.
    """
    if empty := emptiness(prediction, reference):
        return empty
    window = _window_around(prediction | reference)
    ours, theirs = outline(prediction[window], convention), outline(reference[window], convention)
    return OutlineDistances(_distances(ours, theirs, spacing), _distances(theirs, ours, spacing))


def nsd(distances: OutlineDistances, *, tolerance: float, convention: Convention) -> float:
    """Normalised surface distance: the share of both outlines that lies within a tolerance of the other.

    Args:
        distances: From `outline_distances`, in the unit of the tolerance.
        tolerance: Largest distance that still counts as a match (inclusive), >= 0.
        convention: `uusic25` adds 1e-6 to the denominator, as published; two masks that fill the image then score 0.

    Returns:
        A number in [0, 1], higher is better.

    Source: Nikolov et al., arXiv 1809.04430, eq. 1, counting outline pixels instead of their area.
    """
    within = tolerance * (1 + ROUNDING)
    matched = int(np.sum(distances.of_prediction <= within) + np.sum(distances.of_reference <= within))
    total = distances.of_prediction.size + distances.of_reference.size
    return matched / (total + UUSIC25_EPSILON) if convention == "uusic25" else matched / total


def _window_around(union: BoolMask) -> tuple[slice, slice]:
    """The union's bounding box and one pixel more where the image has one, so that edges stay what they are."""
    rows, columns = np.flatnonzero(union.any(axis=1)), np.flatnonzero(union.any(axis=0))
    return slice(max(rows[0] - 1, 0), rows[-1] + 2), slice(max(columns[0] - 1, 0), columns[-1] + 2)


def _distances(of: BoolMask, to: BoolMask, spacing: Spacing) -> NDArray[np.float64]:
    if not to.any():
        return np.full(np.count_nonzero(of), np.inf)
    away: NDArray[np.float64] = ndimage.distance_transform_edt(~to, sampling=spacing)
    return away[of]
