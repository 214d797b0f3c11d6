"""How much of two masks is shared, and how their sizes differ.

Nothing here has a value where a mask is empty: what an empty mask counts for is the challenge's to declare, for every metric
alike, also for those whose formula would give one (an empty prediction has a sensitivity of 0).
"""

from __future__ import annotations

from typing import Literal

from sonobench_eval.metrics.empty import Empty
from sonobench_eval.metrics.mask_pair import MaskPair, Unit

UUSIC25_EPSILON = 1e-6


def dsc(pair: MaskPair, *, convention: Literal["uusic25"] | None = None) -> float | Empty:
    """Dice similarity coefficient, 2|A and B| / (|A| + |B|).

    Args:
        pair: Prediction and reference, in two or three dimensions.
        convention: `uusic25` adds 1e-6 to the denominator, as the published script does to keep empty masks defined; the
            difference is below 1e-6 for any mask.

    Returns:
        A number in [0, 1], higher is better, or which mask is empty.

    Source: Dice, Ecology 1945. MedPy, MONAI, surface-distance and SimpleITK agree. The UUSIC25 script gives two empty masks
    0, MONAI NaN (or what one asks for), MedPy 0; here they are an outcome with a name.
    """
    if empty := pair.empty:
        return empty
    total = pair.prediction.count + pair.reference.count
    return 2.0 * pair.shared_count / (total + UUSIC25_EPSILON if convention == "uusic25" else total)


def iou(pair: MaskPair) -> float | Empty:
    """Intersection over union (Jaccard index), |A and B| / |A or B|.

    Args:
        pair: Prediction and reference, in two or three dimensions.

    Returns:
        A number in [0, 1], higher is better, or which mask is empty.

    Source: Jaccard, New Phytologist 1912. As MedPy's `jc`.
    """
    if empty := pair.empty:
        return empty
    return pair.shared_count / (pair.prediction.count + pair.reference.count - pair.shared_count)


def sensitivity(pair: MaskPair) -> float | Empty:
    """The share of the reference's foreground that the prediction holds (recall).

    Args:
        pair: Prediction and reference, in two or three dimensions.

    Returns:
        A number in [0, 1], higher is better, or which mask is empty.

    Source: Yerushalmy, Public Health Reports 1947. As MedPy's `sensitivity`.
    """
    return pair.empty or pair.shared_count / pair.reference.count


def precision(pair: MaskPair) -> float | Empty:
    """The share of the prediction's foreground that lies in the reference's (positive predictive value).

    Args:
        pair: Prediction and reference, in two or three dimensions.

    Returns:
        A number in [0, 1], higher is better, or which mask is empty.

    Source: van Rijsbergen, Information Retrieval 1979. As MedPy's `precision`.
    """
    return pair.empty or pair.shared_count / pair.prediction.count


def specificity(pair: MaskPair) -> float | Empty:
    """The share of the reference's background that the prediction leaves alone; 1 where there is no background.

    Depends on how much of the surroundings is in the image, so it compares answers to the same images only.

    Args:
        pair: Prediction and reference, in two or three dimensions.

    Returns:
        A number in [0, 1], higher is better, or which mask is empty.

    Source: Yerushalmy, Public Health Reports 1947. As MedPy's `specificity`, which gives 0 without background.
    """
    if empty := pair.empty:
        return empty
    background = pair.reference.size - pair.reference.count
    return 1 - (pair.prediction.count - pair.shared_count) / background if background else 1.0


def rve(pair: MaskPair) -> float | Empty:
    """Relative volume error (in two dimensions of the area), | |A| - |B| | / |B|, without regard to its sign.

    Args:
        pair: Prediction A and reference B, in two or three dimensions.

    Returns:
        A number >= 0, lower is better, or which mask is empty.

    Source: Heimann et al., IEEE TMI 2009, there in per cent. MedPy's `ravd` has the sign: a mean of signed errors praises an
    algorithm that is far too large in one case and far too small in the next, so a ranking needs the size alone.
    """
    return pair.empty or abs(pair.prediction.count - pair.reference.count) / pair.reference.count


def ave(pair: MaskPair, *, unit: Unit) -> float | Empty:
    """Absolute volume error (in two dimensions of the area), | |A| - |B| |.

    Args:
        pair: Prediction A and reference B, in two or three dimensions.
        unit: `mm` for cubic (square) millimetres, `px` for a number of pixels.

    Returns:
        A number >= 0, lower is better, or which mask is empty.

    Raises:
        ValueError: in mm, where the spacing is unknown.

    Source: Heimann et al., IEEE TMI 2009.
    """
    return pair.empty or abs(pair.prediction.count - pair.reference.count) * pair.pixel_size(unit)
