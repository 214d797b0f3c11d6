"""How far apart two boundaries run. What a boundary is, is the convention (see `mask_boundary`); values of two conventions
are different metrics and never compared."""

from __future__ import annotations

from typing import Literal

import numpy as np

from sonobench_eval.metrics.empty import Empty
from sonobench_eval.metrics.mask_boundary import Convention
from sonobench_eval.metrics.mask_nearest import Distances
from sonobench_eval.metrics.mask_overlap import UUSIC25_EPSILON
from sonobench_eval.metrics.mask_pair import BoundaryDistances, MaskPair, Unit

WithDistances = Literal["surface", "pixel"]
"""The conventions of metrics that average distances or rank them: the published UUSIC25 script has none."""

_ROUNDING = 1e-12
"""Nineteen of twenty elements of 0.1 mm are 95 %, although their sum may be a little less in binary."""


def nsd(pair: MaskPair, *, convention: Convention, tolerance: float, unit: Unit) -> float | Empty:
    """Normalized surface distance (surface Dice): the share of both boundaries within a tolerance of the other.

    Both boundaries are pooled. On whole organs the conventions have been seen to differ by 0.05 in an image and 0.09 in a
    volume, on thin structures by more: enough to put two algorithms in another order.

    Args:
        pair: Prediction and reference, in two or three dimensions.
        convention: What a boundary is, and what it weighs: `surface` elements their length (area), `pixel` and `uusic25` 1
            each. `uusic25` adds 1e-6 to the denominator, as published; two masks that fill the image then score 0.
        tolerance: Largest distance that still matches (inclusive), >= 0.
        unit: Of the tolerance.

    Returns:
        A number in [0, 1], higher is better, or which mask is empty.

    Raises:
        ValueError: in mm, where the spacing is unknown.

    Source: Nikolov et al., arXiv 1809.04430, eq. 1. `surface` is surface-distance 0.1; `pixel` is MONAI's
    `compute_surface_dice` and MetricsReloaded's `normalised_surface_distance`, except that the latter gives a prediction in
    the corner up to 0.75 where the reference is empty, which here is an outcome with a name. panoptica takes the mean of the
    two directions instead of pooling them, which praises a small prediction that hugs part of a long boundary. DisTorch gives
    identical masks 0, here they have 1. A tolerance is held to 1e-9 of itself: 3 x 0.1 mm are within 0.3 mm.
    """
    if empty := pair.empty:
        return empty
    matched, total = pair.matches(convention, tolerance=tolerance, unit=unit)
    return matched / (total + UUSIC25_EPSILON) if convention == "uusic25" else matched / total


def hd(pair: MaskPair, *, convention: WithDistances, unit: Unit, percentile: float = 100.0) -> float | Empty:
    """Hausdorff distance: the larger of both directions' percentile of distances (100: the maximum).

    Args:
        pair: Prediction and reference, in two or three dimensions.
        convention: What a boundary is. With `surface` the percentile is the smallest distance within which that share of the
            boundary's length (area) lies; with `pixel` it is interpolated linearly between elements.
        unit: Of the distance.
        percentile: In [0, 100]; `hd95` has 95.

    Returns:
        A distance >= 0, lower is better, or which mask is empty.

    Raises:
        ValueError: in mm, where the spacing is unknown.

    Source: Huttenlocher et al., IEEE PAMI 1993. `surface` is surface-distance's `compute_robust_hausdorff`; `pixel` that of
    MONAI and MetricsReloaded. MedPy's `hd95` takes one percentile of both directions pooled, which a long boundary
    outvotes; at 100 all agree. SimpleITK's maximum is over whole masks, not boundaries, and so can be smaller.
    """
    if empty := pair.empty:
        return empty
    found = pair.distances(convention, unit=unit)
    if convention == "pixel" or percentile == 100:
        return float(max(np.percentile(found.of_prediction, percentile), np.percentile(found.of_reference, percentile)))
    return max(
        _weighted_percentile(found.of_prediction, found.weight_of_prediction, percentile),
        _weighted_percentile(found.of_reference, found.weight_of_reference, percentile),
    )


def assd(pair: MaskPair, *, convention: WithDistances, unit: Unit) -> float | Empty:
    """Average symmetric surface distance: the mean over the elements of both boundaries, pooled.

    Args:
        pair: Prediction and reference, in two or three dimensions.
        convention: What a boundary is; `surface` elements weigh as much as they are long (large).
        unit: Of the distance.

    Returns:
        A distance >= 0, lower is better, or which mask is empty.

    Raises:
        ValueError: in mm, where the spacing is unknown.

    Source: Heimann et al., IEEE TMI 2009. `pixel` is MedPy's `assd` (of 0.5; older ones average the directions), MONAI's
    symmetric `compute_average_surface_distance` and MetricsReloaded's.
    """
    if empty := pair.empty:
        return empty
    found = pair.distances(convention, unit=unit)
    (there, its_weight), (back, other_weight) = _weighed(found)
    return (there + back) / (its_weight + other_weight)


def masd(pair: MaskPair, *, convention: WithDistances, unit: Unit) -> float | Empty:
    """Mean average surface distance: the mean of both directions' means, however long each boundary is.

    Args:
        pair: Prediction and reference, in two or three dimensions.
        convention: What a boundary is; `surface` elements weigh as much as they are long (large).
        unit: Of the distance.

    Returns:
        A distance >= 0, lower is better, or which mask is empty.

    Raises:
        ValueError: in mm, where the spacing is unknown.

    Source: Benes and Zitova, J. of Microscopy 2015; MetricsReloaded. `pixel` is the mean of MedPy's `asd` both ways; panoptica
    calls it ASSD.
    """
    if empty := pair.empty:
        return empty
    found = pair.distances(convention, unit=unit)
    (there, its_weight), (back, other_weight) = _weighed(found)
    return (there / its_weight + back / other_weight) / 2


def _weighed(found: BoundaryDistances) -> tuple[tuple[float, float], tuple[float, float]]:
    """For each direction, the weighted sum of distances and the sum of weights."""
    return (
        (float(found.of_prediction @ found.weight_of_prediction), float(found.weight_of_prediction.sum())),
        (float(found.of_reference @ found.weight_of_reference), float(found.weight_of_reference.sum())),
    )


def _weighted_percentile(distances: Distances, weights: Distances, percentile: float) -> float:
    """The smallest distance within which this share of the weight lies."""
    order = np.argsort(distances, kind="stable")
    reached = np.cumsum(weights[order])
    first = np.searchsorted(reached, percentile / 100 * reached[-1] * (1 - _ROUNDING))
    return float(distances[order[first]])
