"""Empty masks are an outcome with a name, not a number. What they count for is the challenge's to declare."""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

BoolMask = NDArray[np.bool_]


class Empty(StrEnum):
    """Which of two masks holds no foreground; named as in the challenge's `undefined` policy."""

    BOTH = "both_empty"
    PREDICTION = "prediction_empty"
    REFERENCE = "reference_empty"


def emptiness(prediction: BoolMask, reference: BoolMask) -> Empty | None:
    """Which of the two masks is empty, or None where neither is."""
    has_prediction, has_reference = bool(prediction.any()), bool(reference.any())
    if has_prediction and has_reference:
        return None
    if has_reference:
        return Empty.PREDICTION
    return Empty.REFERENCE if has_prediction else Empty.BOTH
