"""Voxel values of any type, taken over as labels: whole numbers from 0 up, in the smallest unsigned type that holds them.

Values are never rounded: a mask of probabilities is no mask, and whoever wrote it has to be told.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from sonobench_eval.io.findings import FindingCode
from sonobench_eval.io.refused import ImageRefused, unreadable

Room = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.unsignedinteger[Any]]

MOST_BYTES_A_LABEL = 4
_TYPES: tuple[type[np.unsignedinteger[Any]], ...] = (np.uint8, np.uint16, np.uint32)


class LabelSink:
    """Takes values part by part and keeps them as labels.

    Args:
        count: how many values there will be.
        room: where to keep them: uint8 `(at least MOST_BYTES_A_LABEL * count,)`, aligned to 4 bytes. It is touched only as
            far as the labels need; a new one is made where it is not given.
    """

    def __init__(self, count: int, room: Room | None = None) -> None:
        self._room = np.empty(MOST_BYTES_A_LABEL * count, np.uint8) if room is None else room
        self._count, self._taken, self._type = count, 0, 0

    def take(self, values: npt.NDArray[Any]) -> None:
        """Take the next values.

        Args:
            values: `(n,)`, any real type.

        Raises:
            ImageRefused: NOT_WHOLE_NUMBERS for what is no whole number from 0 to 4,294,967,295; UNREADABLE_IMAGE where there
                are more values than were announced.
        """
        end = self._taken + len(values)
        if end > self._count:
            raise unreadable("it has more values than its header says")
        while not _same_values(self._as_labels()[self._taken : end], values):
            self._widen(values)
        self._taken = end

    def labels(self) -> Labels:
        """All labels, `(count,)`.

        Raises:
            ImageRefused: values are missing.
        """
        if self._taken != self._count:
            raise unreadable("the file is cut short")
        return self._as_labels()

    def _as_labels(self) -> Labels:
        kind = _TYPES[self._type]
        return self._room[: self._count * np.dtype(kind).itemsize].view(kind)

    def _widen(self, values: npt.NDArray[Any]) -> None:
        if self._type + 1 == len(_TYPES):
            raise ImageRefused(FindingCode.NOT_WHOLE_NUMBERS, _fault_of(values))
        taken = self._as_labels()[: self._taken].copy()
        self._type += 1
        self._as_labels()[: self._taken] = taken


def _same_values(labels: Labels, values: npt.NDArray[Any]) -> bool:
    """Copy values into labels; False where they do not fit and `labels` holds anything."""
    if values.dtype == labels.dtype or not len(values):
        np.copyto(labels, values)
        return True
    if values.dtype.kind in "iu":
        # All bits that any value has, the sign among them: these fit if and only if every value does.
        bits = int(np.bitwise_or.reduce(values))
        if not 0 <= bits <= np.iinfo(labels.dtype).max:
            return False
        np.copyto(labels, values, casting="unsafe")
        return True
    # What a cast makes of NaN or of numbers too large is undefined, but never equal to them.
    with np.errstate(invalid="ignore"):
        np.copyto(labels, values, casting="unsafe")
    return bool(np.array_equal(labels, values))


def _fault_of(values: npt.NDArray[Any]) -> str:
    if not np.isfinite(values).all():
        return "NaN or infinity"
    fractions = values[values != np.trunc(values)]
    if len(fractions):
        return f"fractions such as {float(fractions[0]):.6g}"
    if (values < 0).any():
        return f"negative values such as {values.min():.6g}"
    return f"values as large as {values.max():.6g}"
