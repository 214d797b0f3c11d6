"""How predictions go along with the reference: Pearson, Spearman, Lin's concordance, intraclass correlation.

Every function takes the answers to n cases and counts of shape (resamples, n), and returns one value per resample,
shape (resamples,), in [-1, 1], higher is better, NaN where all references of a resample are equal (or it holds none).
Predictions that are all equal are not associated with anything: 0, where SciPy has no value.

With missing answers the value is one that no answers within the declared range would have fallen below: their
covariance is the lowest possible, and the spread that divides it whichever makes it worse (see `regression_bounds`).
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from sonobench_eval.metrics.regression_answers import FloatArray, ValueAnswers
from sonobench_eval.metrics.regression_bounds import Moments, lowest_correlation, moments
from sonobench_eval.metrics.regression_ranks import rank_moments

IccForm = Literal["2,1", "3,1"]
NUMBERS_AT_ONCE = 300_000
"""How many ranks are held at a time: few enough to stay in the processor's cache, which halves the time."""


def pearson(answers: ValueAnswers, counts: FloatArray) -> FloatArray:
    """Pearson's correlation coefficient. Source: as `scipy.stats.pearsonr`."""
    found = moments(answers, counts)
    return lowest_correlation(found.covariance, found.spread_x, least=found.least_y, most=found.most_y)


def spearman(answers: ValueAnswers, counts: FloatArray) -> FloatArray:
    """Spearman's rank correlation coefficient, of mid-ranks where values are equal; ranks are those within the resample.

    A missing answer disagrees with every other case about their order.

    Source: Spearman, Am J Psychol 1904; as `scipy.stats.spearmanr`.
    """
    at_once = max(1, NUMBERS_AT_ONCE // max(1, counts.shape[1]))
    portions = (rank_moments(answers, counts[start : start + at_once]) for start in range(0, len(counts), at_once))
    values = (lowest_correlation(each.covariance, each.spread_x, least=each.least_y, most=each.most_y) for each in portions)
    return np.concatenate([np.empty(0), *values])


def ccc(answers: ValueAnswers, counts: FloatArray) -> FloatArray:
    """Lin's concordance correlation coefficient, 2 cov / (var_x + var_y + (mean_x - mean_y)^2), moments divided by n.

    Source: Lin, Biometrics 1989; as torchmetrics' `concordance_corrcoef` but for its division by n - 1, which makes
    the means' distance weigh less.
    """
    found = moments(answers, counts)
    return _lowest_share(2 * found.covariance, found, found.spread_x + found.least_from_x, found.spread_x + found.most_from_x)


def icc(answers: ValueAnswers, counts: FloatArray, *, form: IccForm = "2,1") -> FloatArray:
    """Intraclass correlation of single measurements, reference and prediction being two raters of n cases.

    Args:
        answers: The n cases.
        counts: Shape (resamples, n).
        form: `2,1`: two-way random effects, absolute agreement. `3,1`: two-way mixed effects, consistency, for which a
            constant distance is no disagreement.

    Small samples of opposite answers can give less than -1 in the form 2,1: that is told as -1. Two cases at least.

    Source: Shrout and Fleiss, Psychol Bull 1979; McGraw and Wong, Psychol Methods 1996: ICC(A,1) and ICC(C,1). With two
    raters the mean squares reduce to the moments used here: MSR - MSE = 2 cov and MSR + MSE = var_x + var_y.
    """
    found = moments(answers, counts)
    if form == "3,1":
        least, most = found.spread_x + found.least_y, found.spread_x + found.most_y
        value = _lowest_share(2 * found.covariance, found, least, most)
    else:
        scale = np.maximum(found.cases - 1, 1.0)
        covariance = 2 * found.covariance / scale
        corrected = covariance / np.maximum(found.cases, 1.0)
        least, most = ((found.spread_x + each) / np.maximum(found.cases, 1.0) for each in (found.least_from_x, found.most_from_x))
        value = _lowest_share(covariance, found, least + corrected, most + corrected)
    return np.where(found.cases > 1, value, np.nan)


def _lowest_share(above: FloatArray, found: Moments, least: FloatArray, most: FloatArray) -> FloatArray:
    """above / below at its lowest, for a denominator between two values, not below -1."""
    below = np.where(above < 0, least, most)
    share = np.divide(above, below, out=np.sign(np.minimum(above, 0.0)), where=below > 0)
    return np.where(found.spread_x > 0, np.clip(share, -1.0, 1.0), np.nan)
