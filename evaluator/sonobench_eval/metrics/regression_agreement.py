"""The Bland-Altman analysis: how far predictions lie from the reference, on average and for most cases."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from sonobench_eval.metrics.regression import LIMITS
from sonobench_eval.metrics.regression_answers import ValueAnswers

FEWEST = 2


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its confidence interval, in the unit of the values."""

    value: float
    ci_low: float
    ci_high: float


@dataclass(frozen=True, slots=True)
class BlandAltman:
    """Differences, predicted minus reference, of the usable answers.

    bias: their mean. sd: their standard deviation (n - 1). loa_low, loa_high: bias - and + 1.96 sd. cases: usable
    answers. unusable: cases that are not in these numbers (in the metrics they are, at their worst).
    """

    cases: int
    unusable: int
    bias: Estimate
    sd: float
    loa_low: Estimate
    loa_high: Estimate
    confidence: float


def bland_altman(answers: ValueAnswers, *, confidence: float = 0.95) -> BlandAltman | None:
    """Bias and limits of agreement, with intervals for differences that are normal and cases that are independent.

    Args:
        answers: The n cases.
        confidence: Of the intervals, in (0, 1).

    Returns:
        None for fewer than two usable answers.

    Source: Bland and Altman, Lancet 1986, and Stat Methods Med Res 1999, sec. 2: the standard error of the bias is
    sd / sqrt(n), that of a limit sqrt(sd^2 / n + 1.96^2 sd^2 / (2 (n - 1))), both with t quantiles of n - 1.
    """
    difference = (answers.predicted - answers.reference)[answers.usable]
    cases = len(difference)
    if cases < FEWEST:
        return None
    mean, sd = float(difference.mean()), float(difference.std(ddof=1))
    quantile = float(stats.t.ppf((1 + confidence) / 2, cases - 1))
    of_bias = quantile * sd / np.sqrt(cases)
    of_limit = quantile * sd * np.sqrt(1 / cases + LIMITS**2 / (2 * (cases - 1)))
    return BlandAltman(
        cases=cases,
        unusable=len(answers.reference) - cases,
        bias=_estimate(mean, of_bias),
        sd=sd,
        loa_low=_estimate(mean - LIMITS * sd, of_limit),
        loa_high=_estimate(mean + LIMITS * sd, of_limit),
        confidence=confidence,
    )


def _estimate(value: float, half_width: float) -> Estimate:
    return Estimate(value, float(value - half_width), float(value + half_width))
