"""Center lines of a mask, by scikit-image, which is loaded only when a challenge asks for them."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from sonobench_eval.metrics.empty import BoolMask


def skeleton_of(mask: BoolMask) -> BoolMask:
    """What is left of a mask when it is thinned to lines of one pixel's width.

    Args:
        mask: Foreground, bool, shape (rows, columns) or (planes, rows, columns).

    Returns:
        A part of the mask, of the same shape; not empty where the mask is not.

    Source: Zhang and Suen, Communications of the ACM 1984, for an image; Lee, Kashyap and Chu, CVGIP 1994, for a volume.
    """
    from skimage import morphology

    held = tuple(slice(int(used[0]), int(used[-1]) + 1) for used in map(np.unique, mask.nonzero()) if used.size)
    skeleton = np.zeros(mask.shape, dtype=np.bool_)
    if held:  # thinning does not see beyond the bounding box
        skeleton[held] = cast(Any, morphology).skeletonize(np.ascontiguousarray(mask[held]))
    return skeleton
