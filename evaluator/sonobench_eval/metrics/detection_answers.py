"""The answers to the cases of a detection task, as the metrics of boxes are given them.

Boxes are continuous, `low` to `high` along each axis, as in COCO (no pixel is added to a side, as VOC 2007 does). Axes
stand in the order x, y, and z for volumes. A found center with a radius is the box around it (`around`).

A case without a usable answer finds nothing, and counts as one false alarm of each class that outranks all others: as
bad as an answer that puts one box of each class where nothing is. Leaving out an image with nothing to find would
otherwise pay.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from sonobench_eval.metrics.class_answers import BoolArray, FloatArray, IntArray


class ToFind(NamedTuple):
    """One reference box. `box` is (x0, y0, x1, y1), or (x0, y0, z0, x1, y1, z1), in pixels. An `ignored` one (VOC's
    `difficult`, COCO's `ignore`) need not be found, and detections of it are no false alarms."""

    kind: int
    box: tuple[float, ...]
    ignored: bool = False


class Found(NamedTuple):
    """One predicted box; `box` as in `ToFind`. Where the team gives no confidences, they are all 1."""

    kind: int
    box: tuple[float, ...]
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class BoxTable:
    """Boxes of all cases in one table.

    case: which case each belongs to, integers in [0, n), shape (m,), in any order.
    kind: class, integers in [0, classes), shape (m,).
    low, high: corners in pixels, shape (m, axes), `low <= high`, finite.
    """

    case: IntArray
    kind: IntArray
    low: FloatArray
    high: FloatArray

    def __post_init__(self) -> None:
        if not np.isfinite(self.low).all() or not np.isfinite(self.high).all() or (self.low > self.high).any():
            raise ValueError("corners of boxes are finite, and `low` does not lie beyond `high`")

    def __len__(self) -> int:
        return len(self.case)

    @property
    def center(self) -> FloatArray:
        """Shape (m, axes)."""
        return np.asarray((self.low + self.high) / 2)

    def rows(self, which: IntArray, case: IntArray) -> BoxTable:
        """Some of the boxes, by position, as those of other cases."""
        return BoxTable(case, self.kind[which], self.low[which], self.high[which])


@dataclass(frozen=True, slots=True, eq=False)
class DetectionAnswers:
    """The answers to n cases of one task.

    classes: how many classes there are.
    reference: what there is to find.
    ignored: which reference boxes need not be found, bool, shape (len(reference),).
    predicted: what the team found; nothing in unusable cases.
    confidence: of each predicted box, finite, higher is surer, shape (len(predicted),).
    unusable: cases without a usable answer, bool, shape (n,).
    spacing_mm: distance of pixels along each axis (x, y, z), shape (n, axes); None where unknown.
    """

    classes: int
    reference: BoxTable
    ignored: BoolArray
    predicted: BoxTable
    confidence: FloatArray
    unusable: BoolArray
    spacing_mm: FloatArray | None = None
    found_before: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False)
    """What does not depend on resamples (who matches whom), by the rule it was found with."""

    def __post_init__(self) -> None:
        if not np.isfinite(self.confidence).all():
            raise ValueError("confidences are finite")
        for boxes in (self.reference, self.predicted):
            if len(boxes) and (boxes.kind.min() < 0 or boxes.kind.max() >= self.classes):
                raise ValueError(f"classes of boxes count from 0 to {self.classes - 1}")
        if self.unusable[self.predicted.case].any():
            raise ValueError("a case without a usable answer has no predicted boxes")

    @property
    def cases(self) -> int:
        return len(self.unusable)

    def take(self, which: IntArray) -> DetectionAnswers:
        """The answers to some cases, by position; one that is named twice comes twice. Asked again, the same table."""
        key = ("some", which.tobytes())
        if key not in self.found_before:
            everything = len(which) == self.cases and bool((which == np.arange(self.cases)).all())
            self.found_before[key] = self if everything else self._some(which)
        some: DetectionAnswers = self.found_before[key]
        return some

    def _some(self, which: IntArray) -> DetectionAnswers:
        asked, told = _rows_of(self.reference.case, which, self.cases), _rows_of(self.predicted.case, which, self.cases)
        return DetectionAnswers(
            classes=self.classes,
            reference=self.reference.rows(asked.row, asked.case),
            ignored=self.ignored[asked.row],
            predicted=self.predicted.rows(told.row, told.case),
            confidence=self.confidence[told.row],
            unusable=self.unusable[which],
            spacing_mm=None if self.spacing_mm is None else self.spacing_mm[which],
        )


def detection_answers(
    to_find: Sequence[Sequence[ToFind]],
    found: Sequence[Sequence[Found] | None],
    *,
    classes: int,
    spacing_mm: FloatArray | None = None,
) -> DetectionAnswers:
    """The table of cases that were read one by one.

    Args:
        to_find: The reference boxes of each case; an empty list where there is nothing to find.
        found: The predicted boxes of each case, an empty list where nothing was found; None where there is no usable answer.
        classes: How many classes the task has.
        spacing_mm: Distance of pixels along x, y (and z), shape (n, axes); None where unknown.

    Raises:
        ValueError: a class or a coordinate is impossible, or there are not as many answers as cases.
    """
    if len(to_find) != len(found):
        raise ValueError(f"{len(found)} answers to {len(to_find)} cases")
    usable = [boxes or () for boxes in found]
    corners = [box.box for boxes in to_find for box in boxes] + [box.box for boxes in usable for box in boxes]
    axes = len(corners[0]) // 2 if corners else 2
    return DetectionAnswers(
        classes=classes,
        reference=_table(to_find, axes),
        ignored=np.array([box.ignored for boxes in to_find for box in boxes], dtype=np.bool_),
        predicted=_table(usable, axes),
        confidence=np.array([box.confidence for boxes in usable for box in boxes], dtype=np.float64),
        unusable=np.array([boxes is None for boxes in found], dtype=np.bool_),
        spacing_mm=spacing_mm,
    )


def around(center: Sequence[float], radius: float) -> tuple[float, ...]:
    """The box of a center and a radius, such as LUNA16's nodules."""
    return (*(at - radius for at in center), *(at + radius for at in center))


class _Rows(NamedTuple):
    """Rows of a table, and the case that each is now of."""

    row: IntArray
    case: IntArray


def _rows_of(case: IntArray, which: IntArray, cases: int) -> _Rows:
    order = np.argsort(case, kind="stable")
    held = np.bincount(case, minlength=cases)
    first = np.cumsum(held) - held
    length = held[which]
    new_case = np.repeat(np.arange(len(which)), length)
    within = np.arange(len(new_case)) - np.repeat(np.cumsum(length) - length, length)
    return _Rows(order[np.repeat(first[which], length) + within], new_case)


def _table(per_case: Sequence[Sequence[ToFind]] | Sequence[Sequence[Found]], axes: int) -> BoxTable:
    case = np.repeat(np.arange(len(per_case)), [len(boxes) for boxes in per_case])
    kind = np.array([box.kind for boxes in per_case for box in boxes], dtype=np.intp)
    corners = np.array([box.box for boxes in per_case for box in boxes], dtype=np.float64).reshape(-1, 2 * axes)
    return BoxTable(case, kind, corners[:, :axes], corners[:, axes:])
