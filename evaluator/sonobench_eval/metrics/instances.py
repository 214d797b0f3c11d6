"""Instances: objects told apart by number in a label image, and how much those of two images share.

A label image is reduced once to a table of areas and shared areas; every metric of instances (`panoptic`) is made from it.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from sonobench_eval.metrics.class_answers import BoolArray, FloatArray, IntArray

LabelImage = NDArray[Any]
"""Whole numbers, 0 is background; shape (rows, columns) or (planes, rows, columns)."""
Connectivity = Literal["faces", "corners"]
"""Which pixels hang together: those that share a side or face (4 in 2D, 6 in 3D), or also those that touch at an edge or a
corner (8, 26)."""
CODES_COUNTED = 4_000_000
"""Up to so many pairs of numbers are counted in a table (32 MB); beyond that, pairs are sorted."""


class Overlaps(NamedTuple):
    """What the instances of one case share.

    predicted_px, reference_px: area or volume of each instance in pixels, shapes (p,) and (r,).
    predicted, reference, shared_px: of each pair that shares pixels, their positions and how many; shapes (m,).
    """

    predicted_px: IntArray
    reference_px: IntArray
    predicted: IntArray
    reference: IntArray
    shared_px: IntArray

    @property
    def iou(self) -> FloatArray:
        """Intersection over union of each pair, shape (m,), above 0."""
        union = self.predicted_px[self.predicted] + self.reference_px[self.reference] - self.shared_px
        return np.asarray(self.shared_px / union)

    @property
    def dsc(self) -> FloatArray:
        """Dice coefficient of each pair, shape (m,), above 0."""
        return np.asarray(2 * self.shared_px / (self.predicted_px[self.predicted] + self.reference_px[self.reference]))


@dataclass(frozen=True, slots=True, eq=False)
class InstanceAnswers:
    """The answers to n cases of one task.

    overlaps: of each case; one with no predicted instances where there is no usable answer (`nothing_found`).
    unusable: cases without a usable answer, bool, shape (n,). Their references are missed, and each has one false alarm.
    """

    overlaps: tuple[Overlaps, ...]
    unusable: BoolArray
    found_before: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False)
    """What does not depend on resamples, by the rule it was found with."""

    def __post_init__(self) -> None:
        if len(self.overlaps) != len(self.unusable):
            raise ValueError(f"{len(self.overlaps)} cases, and {len(self.unusable)} said to be usable or not")
        if any(unusable and len(each.predicted_px) for each, unusable in zip(self.overlaps, self.unusable, strict=True)):
            raise ValueError("a case without a usable answer has no predicted instances")

    def take(self, which: IntArray) -> InstanceAnswers:
        """The answers to some cases, by position. Asked again, the same table."""
        key = ("some", which.tobytes())
        if key not in self.found_before:
            everything = len(which) == len(self.overlaps) and bool((which == np.arange(len(which))).all())
            self.found_before[key] = self if everything else self._some(which)
        some: InstanceAnswers = self.found_before[key]
        return some

    def _some(self, which: IntArray) -> InstanceAnswers:
        return InstanceAnswers(tuple(self.overlaps[case] for case in which), self.unusable[which])


def instance_answers(
    overlaps: Sequence[Overlaps | None], references: Sequence[LabelImage | None] | None = None
) -> InstanceAnswers:
    """The table of cases that were measured one by one.

    Args:
        overlaps: Of each case; None where there is no usable answer.
        references: The reference of each case that has no usable answer; others may be None.

    Raises:
        ValueError: a case has neither.
    """
    found = []
    for case, each in enumerate(overlaps):
        reference = None if references is None else references[case]
        if each is None and reference is None:
            raise ValueError(f"case {case} has no answer, and no reference to say what was to be found")
        found.append(each if each is not None else nothing_found(np.asarray(reference)))
    return InstanceAnswers(tuple(found), np.array([each is None for each in overlaps], dtype=np.bool_))


def instance_overlaps(prediction: LabelImage, reference: LabelImage) -> Overlaps:
    """What the instances of two label images share, by one pass over the pixels that are anything's.

    Args:
        prediction: Instance numbers, any whole numbers from 0 (background), in 2D or 3D. Pixels of one number are one
            instance, wherever they lie (`connected` makes instances of a mask).
        reference: As `prediction`, of the same shape.

    Returns:
        Instances in the order of their first pixels.

    Raises:
        ValueError: the shapes differ, or the numbers are no whole numbers from 0.
    """
    if prediction.shape != reference.shape:
        raise ValueError(f"a prediction of shape {prediction.shape} for a reference of shape {reference.shape}")
    anything = (_whole(prediction) != 0) | (_whole(reference) != 0)
    predicted, reference_of = _numbered(prediction[anything]), _numbered(reference[anything])
    across = predicted.size + 1
    code, shared = _counted(reference_of.instance * across + predicted.instance, (reference_of.size + 1) * across)
    row, column = code // across, code % across
    both = (row > 0) & (column > 0)
    return Overlaps(
        predicted_px=np.bincount(column, weights=shared, minlength=across)[1:].astype(np.intp),
        reference_px=np.bincount(row, weights=shared, minlength=reference_of.size + 1)[1:].astype(np.intp),
        predicted=column[both] - 1,
        reference=row[both] - 1,
        shared_px=shared[both],
    )


def nothing_found(reference: LabelImage) -> Overlaps:
    """The overlaps of an answer with no instance."""
    return instance_overlaps(np.zeros_like(reference), reference)


def connected(mask: LabelImage, *, connectivity: Connectivity) -> NDArray[np.int32]:
    """The connected components of a mask as instances, numbered from 1 in the order of their first pixels.

    Args:
        mask: Foreground where it is not 0, in 2D or 3D.
        connectivity: `faces` or `corners`. They differ wherever two objects touch at a corner alone, so it has no default.

    Source: `scipy.ndimage.label`.
    """
    structure = ndimage.generate_binary_structure(mask.ndim, 1 if connectivity == "faces" else mask.ndim)
    labels, _ = ndimage.label(mask != 0, structure=structure)
    return np.asarray(labels, dtype=np.int32)


class _Numbered(NamedTuple):
    """Instances as 1, 2, ... in the order of their first pixels (0 stays 0), and how many there are.

    Their own numbers say nothing, so nothing that is decided between equals may depend on them.
    """

    instance: IntArray
    size: int


class _Counted(NamedTuple):
    code: IntArray
    times: IntArray


def _whole(image: LabelImage) -> LabelImage:
    if image.dtype.kind not in "bui" or (image.dtype.kind == "i" and image.size and image.min() < 0):
        raise ValueError("instances are numbered by whole numbers, and the background is 0")
    return image


def _numbered(labels: LabelImage) -> _Numbered:
    """Of the labels of some pixels, in their order."""
    dense = _dense(labels)
    first = np.full(int(dense.max(initial=0)) + 1, len(labels), dtype=np.intp)
    first[dense[::-1]] = np.arange(len(labels))[::-1]  # of several writes to one place the last one stays: the first pixel
    first[0] = -1
    order = np.argsort(first, kind="stable")
    size = int(np.count_nonzero(first < len(labels))) - 1
    place = np.empty(len(first), dtype=np.intp)
    place[order] = np.arange(len(first))
    return _Numbered(place[dense], size)


def _dense(labels: LabelImage) -> IntArray:
    """The labels themselves, or where they are too large for a table their places among the labels, 0 staying 0."""
    if int(labels.max(initial=0)) <= CODES_COUNTED:
        return labels.astype(np.intp)
    values, index = np.unique(labels, return_inverse=True)
    return index.astype(np.intp) + int(values[0] != 0)


def _counted(codes: IntArray, possible: int) -> _Counted:
    if possible > CODES_COUNTED:
        return _Counted(*np.unique(codes, return_counts=True))
    times = np.bincount(codes, minlength=1)
    code = np.flatnonzero(times)
    return _Counted(code, times[code])
