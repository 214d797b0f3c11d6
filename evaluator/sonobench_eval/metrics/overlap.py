"""How much of two masks is shared."""

from __future__ import annotations

import numpy as np

from sonobench_eval.metrics.empty import BoolMask, Empty, emptiness


def dsc(prediction: BoolMask, reference: BoolMask) -> float | Empty:
    """Dice similarity coefficient, 2|A and B| / (|A| + |B|).

    Args:
        prediction: Foreground of the answer, bool, shape (rows, columns).
        reference: Foreground of the reference, bool, same shape.

    Returns:
        A number in [0, 1], higher is better, or which mask is empty.

    Source: Dice, Ecology 1945. The published UUSIC25 script adds 1e-6 to the denominator to keep empty
    masks defined; the difference to this value is below 1e-6 for any mask.
    """
    if empty := emptiness(prediction, reference):
        return empty
    shared = np.count_nonzero(prediction & reference)
    return 2.0 * shared / (np.count_nonzero(prediction) + np.count_nonzero(reference))
