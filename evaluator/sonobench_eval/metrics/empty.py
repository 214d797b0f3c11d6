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
