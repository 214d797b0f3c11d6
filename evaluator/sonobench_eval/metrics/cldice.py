"""How well center lines of thin structures (vessels, ducts, bowel) are kept, rather than how many of their pixels."""

from __future__ import annotations

import numpy as np

from sonobench_eval.metrics.empty import Empty
from sonobench_eval.metrics.mask_pair import Mask, MaskPair


def cldice(pair: MaskPair) -> float | Empty:
    """Center-line Dice: the harmonic mean of how much of each skeleton lies in the other mask.

    Args:
        pair: Prediction and reference, in two or three dimensions.

    Returns:
        A number in [0, 1], higher is better, 0 where neither skeleton meets the other mask; or which mask is empty.

    Source: Shit et al., CVPR 2021. Skeletons are scikit-image's, as in the authors' script: Zhang and Suen's in an image,
    Lee's in a volume. Where neither skeleton meets the other mask the script divides 0 by 0.
    """
    if empty := pair.empty:
        return empty
    kept, found = _share_inside(pair.prediction, pair.reference), _share_inside(pair.reference, pair.prediction)
    return 2 * kept * found / (kept + found) if kept + found else 0.0


def _share_inside(mask: Mask, other: Mask) -> float:
    """How much of a mask's skeleton lies in another mask."""
    inside = np.count_nonzero(mask.skeleton & (other.foreground != 0))
    return float(inside / np.count_nonzero(mask.skeleton))
