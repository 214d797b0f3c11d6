"""Adjusted p-values for several tests at once: no smaller than the raw ones and in their order, however the tests are listed.

A test is significant at a level where its adjusted p-value is at most that level.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]
AdjustmentName = Literal["none", "bonferroni", "holm", "hochberg", "benjamini-hochberg"]


def holm(p: ArrayLike) -> FloatArray:
    """Step-down; bounds the chance of any false finding, whatever the dependence between tests.

    Args:
        p: Raw p-values in [0, 1], shape (tests,) or (rows, tests): each row is a family of its own.

    Raises:
        ValueError: one is not a number in [0, 1].

    Source: Holm, A Simple Sequentially Rejective Multiple Test Procedure, 1979.
    """
    raw, order = _ascending(p)
    tests = raw.shape[-1]
    return _back(np.maximum.accumulate(raw * np.arange(tests, 0, -1), axis=-1), order)


def hochberg(p: ArrayLike) -> FloatArray:
    """Step-up; bounds the chance of any false finding where tests are independent or positively dependent.

    Source: Hochberg, A Sharper Bonferroni Procedure, Biometrika 1988.
    """
    raw, order = _ascending(p)
    tests = raw.shape[-1]
    return _back(_least_from_the_right(raw * np.arange(tests, 0, -1)), order)


def benjamini_hochberg(p: ArrayLike) -> FloatArray:
    """Step-up; bounds the expected share of false findings where tests are independent or positively dependent.

    Source: Benjamini and Hochberg, Controlling the False Discovery Rate, JRSS B 1995.
    """
    raw, order = _ascending(p)
    tests = raw.shape[-1]
    return _back(_least_from_the_right(raw * (tests / np.arange(1, tests + 1))), order)


def bonferroni(p: ArrayLike) -> FloatArray:
    """Each times the number of tests; bounds the chance of any false finding, with less power than Holm's."""
    raw = _checked(p)
    return np.asarray(np.minimum(raw * raw.shape[-1], 1))


def unadjusted(p: ArrayLike) -> FloatArray:
    """As they are."""
    return _checked(p)


ADJUSTMENTS: Mapping[AdjustmentName, Callable[[ArrayLike], FloatArray]] = {
    "none": unadjusted,
    "bonferroni": bonferroni,
    "holm": holm,
    "hochberg": hochberg,
    "benjamini-hochberg": benjamini_hochberg,
}


def _checked(p: ArrayLike) -> FloatArray:
    raw = np.array(p, dtype=np.float64, ndmin=1)
    if not ((raw >= 0) & (raw <= 1)).all():
        raise ValueError("p-values are numbers from 0 to 1; leave out tests that have none, and say so")
    return raw


def _ascending(p: ArrayLike) -> tuple[FloatArray, NDArray[np.intp]]:
    raw = _checked(p)
    order = np.argsort(raw, axis=-1, kind="stable")
    return np.take_along_axis(raw, order, axis=-1), order


def _least_from_the_right(values: FloatArray) -> FloatArray:
    return np.asarray(np.minimum.accumulate(values[..., ::-1], axis=-1)[..., ::-1])


def _back(values: FloatArray, order: NDArray[np.intp]) -> FloatArray:
    adjusted = np.empty_like(values)
    np.put_along_axis(adjusted, order, np.minimum(values, 1), axis=-1)
    return adjusted
