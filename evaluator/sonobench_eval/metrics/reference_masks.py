"""The reference engine for masks: other people's software on whole images, slow and without short cuts.

What MedPy has is MedPy's. The rest is written out with SciPy: borders by erosion, corners by correlation, distances by
distance transform. Arguments and returns are those of the functions of the same names in `mask_overlap` and `mask_surface`.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from medpy.metric import binary
from numpy.typing import NDArray
from scipy import ndimage

from sonobench_eval.metrics.empty import BoolMask, Empty
from sonobench_eval.metrics.mask_ball import ROUNDING
from sonobench_eval.metrics.mask_boundary import Convention
from sonobench_eval.metrics.mask_overlap import UUSIC25_EPSILON
from sonobench_eval.metrics.mask_pair import MaskPair, Unit
from sonobench_eval.metrics.mask_surface import WithDistances
from sonobench_eval.metrics.mask_surfels import areas, lengths

FloatVector = NDArray[np.float64]


class _Direction(NamedTuple):
    """Distances of one boundary's elements to the other, and what each weighs."""

    distances: FloatVector
    weights: FloatVector


def dsc(pair: MaskPair, *, convention: Literal["uusic25"] | None = None) -> float | Empty:
    if empty := pair.empty:
        return empty
    ours, theirs = _images(pair)
    if convention == "uusic25":
        return float(2 * np.logical_and(ours, theirs).sum() / (ours.sum() + theirs.sum() + UUSIC25_EPSILON))
    return float(binary.dc(ours, theirs))


def iou(pair: MaskPair) -> float | Empty:
    return pair.empty or float(binary.jc(*_images(pair)))


def sensitivity(pair: MaskPair) -> float | Empty:
    return pair.empty or float(binary.sensitivity(*_images(pair)))


def precision(pair: MaskPair) -> float | Empty:
    return pair.empty or float(binary.precision(*_images(pair)))


def specificity(pair: MaskPair) -> float | Empty:
    if empty := pair.empty:
        return empty
    ours, theirs = _images(pair)
    return 1.0 if theirs.all() else float(binary.specificity(ours, theirs))


def rve(pair: MaskPair) -> float | Empty:
    return pair.empty or abs(float(binary.ravd(*_images(pair))))


def ave(pair: MaskPair, *, unit: Unit) -> float | Empty:
    if empty := pair.empty:
        return empty
    ours, theirs = _images(pair)
    return float(abs(int(ours.sum()) - int(theirs.sum())) * np.prod(_spacing(pair, unit)))


def nsd(pair: MaskPair, *, convention: Convention, tolerance: float, unit: Unit) -> float | Empty:
    if empty := pair.empty:
        return empty
    there, back = _both_ways(pair, convention, unit)
    within = tolerance * (1 + ROUNDING)
    matched = sum(float(each.weights[each.distances <= within].sum()) for each in (there, back))
    total = float(there.weights.sum() + back.weights.sum())
    return matched / (total + (UUSIC25_EPSILON if convention == "uusic25" else 0.0))


def hd(pair: MaskPair, *, convention: WithDistances, unit: Unit, percentile: float = 100.0) -> float | Empty:
    if empty := pair.empty:
        return empty
    if convention == "pixel" and percentile == 100:
        return float(binary.hd(*_images(pair), voxelspacing=_spacing(pair, unit)))
    both = _both_ways(pair, convention, unit)
    if convention == "pixel":
        return max(float(np.percentile(each.distances, percentile)) for each in both)
    return max(_weighted_percentile(each, percentile / 100) for each in both)


def assd(pair: MaskPair, *, convention: WithDistances, unit: Unit) -> float | Empty:
    if empty := pair.empty:
        return empty
    if convention == "pixel":
        return float(binary.assd(*_images(pair), voxelspacing=_spacing(pair, unit)))
    there, back = _both_ways(pair, convention, unit)
    distances, weights = np.concatenate([there.distances, back.distances]), np.concatenate([there.weights, back.weights])
    return float(np.average(distances, weights=weights))


def masd(pair: MaskPair, *, convention: WithDistances, unit: Unit) -> float | Empty:
    if empty := pair.empty:
        return empty
    if convention == "pixel":
        (ours, theirs), spacing = _images(pair), _spacing(pair, unit)
        return float(np.mean([binary.asd(ours, theirs, voxelspacing=spacing), binary.asd(theirs, ours, voxelspacing=spacing)]))
    return float(np.mean([np.average(each.distances, weights=each.weights) for each in _both_ways(pair, convention, unit)]))


def _images(pair: MaskPair) -> tuple[BoolMask, BoolMask]:
    return pair.prediction.foreground != 0, pair.reference.foreground != 0


def _spacing(pair: MaskPair, unit: Unit) -> tuple[float, ...]:
    if unit == "px":
        return (1.0,) * len(pair.reference.shape)
    if pair.spacing is None:
        raise ValueError("a distance in mm needs the spacing of every case")
    return pair.spacing


def _both_ways(pair: MaskPair, convention: Convention, unit: Unit) -> tuple[_Direction, _Direction]:
    spacing = _spacing(pair, unit)
    ours, theirs = (_elements(image, convention, spacing) for image in _images(pair))
    return _from_to(ours, theirs, spacing), _from_to(theirs, ours, spacing)


def _elements(image: BoolMask, convention: Convention, spacing: tuple[float, ...]) -> FloatVector:
    """What each place of the image, or each corner, weighs as an element of the boundary; 0 where there is none."""
    if convention != "surface":
        cross = ndimage.generate_binary_structure(image.ndim, 1)
        inside = ndimage.binary_erosion(image, structure=cross, border_value=convention == "uusic25")
        return np.asarray(image & ~inside, dtype=np.float64)
    kernel = 2.0 ** np.arange(2**image.ndim)[::-1].reshape((2,) * image.ndim)
    codes = ndimage.correlate(np.pad(image, [(0, 1)] * image.ndim).astype(np.float64), kernel, mode="constant")
    sizes = lengths(*spacing) if image.ndim == 2 else areas(*spacing)
    found: FloatVector = sizes.take(np.rint(codes).astype(np.int64))
    return found


def _from_to(of: FloatVector, to: FloatVector, spacing: tuple[float, ...]) -> _Direction:
    there = of > 0
    if not (to > 0).any():
        return _Direction(np.full(np.count_nonzero(there), np.inf), of[there])
    away = ndimage.distance_transform_edt(to == 0, sampling=spacing)
    return _Direction(away[there], of[there])


def _weighted_percentile(direction: _Direction, share: float) -> float:
    for distance in np.unique(direction.distances):
        if direction.weights[direction.distances <= distance].sum() >= share * direction.weights.sum() * (1 - 1e-12):
            return float(distance)
    return float(direction.distances.max())
