"""The Dice coefficient of two images, for who has not yet a `MaskPair` (see `mask_overlap`)."""

from __future__ import annotations

from sonobench_eval.metrics import mask_overlap
from sonobench_eval.metrics.empty import BoolMask, Empty
from sonobench_eval.metrics.mask_pair import MaskPair


def dsc(prediction: BoolMask, reference: BoolMask) -> float | Empty:
    """`mask_overlap.dsc` of two masks, bool, shape (rows, columns)."""
    return mask_overlap.dsc(MaskPair(prediction, reference))
