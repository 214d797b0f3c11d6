"""Hits and false alarms as confidence falls, in many resamples at once.

Only thresholds at which something is found matter for average precision and FROC: what lies between two of them are
false alarms, which are summed. All is one sparse matrix (thresholds by cases), so that its product with the counts gives all
resamples, at a cost that grows with detections times resamples and without a number kept for every false alarm.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy import sparse

from sonobench_eval.metrics.class_answers import BoolArray, FloatArray, IntArray
from sonobench_eval.metrics.detection_outcomes import Detections

NUMBERS_AT_ONCE = 1_000_000
"""How many numbers of a curve are held at a time (8 MB), so that they stay near the processor."""


class Steps(NamedTuple):
    """What each threshold adds at which something is found, surest first; each of shape (steps, resamples).

    `alarms_before` came since the step before, `alarms_tied` have the step's own confidence.
    """

    hits: FloatArray
    alarms_before: FloatArray
    alarms_tied: FloatArray

    @property
    def alarms(self) -> FloatArray:
        """False alarms at or above each threshold."""
        return np.asarray(np.cumsum(self.alarms_before + self.alarms_tied, axis=0))


class Given(NamedTuple):
    """What a resample holds: references to find, and images. Shapes (resamples,)."""

    to_find: FloatArray
    images: FloatArray


Judge = Callable[[Steps, Given], FloatArray]
"""Values of some resamples, resamples last."""


def along_curve(judge: Judge, detections: Detections, counts: FloatArray) -> FloatArray:
    """A judge's values of all resamples, which are the last axis; NaN where a resample has nothing to find."""
    matrix = _matrix(detections)
    at_once = max(1, NUMBERS_AT_ONCE // max(1, matrix.shape[0]))
    found = [
        _judged(judge, matrix, detections, counts[start : start + at_once]) for start in range(0, max(1, len(counts)), at_once)
    ]
    return np.concatenate(found, axis=-1)


def _judged(judge: Judge, matrix: sparse.csr_array, detections: Detections, counts: FloatArray) -> FloatArray:
    rows = np.ascontiguousarray(counts.T)
    given = Given(detections.to_find @ rows, rows.sum(axis=0))
    hits, before, tied = np.asarray(matrix @ rows).reshape(3, matrix.shape[0] // 3, len(counts))
    return np.where(given.to_find > 0, judge(Steps(hits, before, tied), given), np.nan)


def _matrix(detections: Detections) -> sparse.csr_array:
    """The three kinds of `Steps`, one below the other: how many each case adds to each step, shape (3 steps, n)."""
    order = np.argsort(-detections.confidence, kind="stable")
    hit, confidence = detections.hit[order], detections.confidence[order]
    threshold = _numbered(confidence)
    finds: BoolArray = np.bincount(threshold, weights=hit) > 0
    own_or_next: IntArray = np.cumsum(finds) - finds
    step, steps = own_or_next[threshold], int(finds.sum())
    kind = np.where(hit, 0, np.where(finds[threshold], 2, 1))
    kept = step < steps  # what lies below the last threshold that finds something
    places = (steps * kind + step)[kept], detections.case[order][kept]
    return sparse.csr_array((np.ones(len(places[0])), places), shape=(3 * steps, len(detections.to_find)))


def _numbered(sorted_confidence: FloatArray) -> IntArray:
    """The number of each detection's confidence among the confidences, counted in the order given."""
    differs = sorted_confidence[1:] != sorted_confidence[:-1]
    return np.cumsum(np.concatenate([np.zeros(min(1, len(sorted_confidence)), np.bool_), differs]))
