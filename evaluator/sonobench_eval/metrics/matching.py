"""Which prediction is of which reference object: one to one, among the pairs that are near enough.

Detections and instances are matched alike. Whoever builds the pairs says how near each is, from 0 (only just) to 1 (the same).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from scipy import sparse
from scipy.optimize import linear_sum_assignment
from scipy.sparse.csgraph import connected_components

from sonobench_eval.metrics.class_answers import BoolArray, FloatArray, IntArray, ratio

Matching = Literal["greedy", "optimal"]
ROUNDING = 1e-9
"""How far a ratio may miss its threshold and still reach it: what sums and shares of coordinates lose in floating point."""


class Pairs(NamedTuple):
    """Pairs that are near enough to match: positions of prediction and reference, and nearness in [0, 1]. Shapes (m,)."""

    predicted: IntArray
    reference: IntArray
    nearness: FloatArray

    def some(self, which: IntArray | BoolArray) -> Pairs:
        """Some of the pairs."""
        return Pairs(self.predicted[which], self.reference[which], self.nearness[which])


@dataclass(frozen=True, slots=True)
class Tally:
    """Matched references, missed ones, and false alarms; any one shape."""

    hits: FloatArray
    misses: FloatArray
    alarms: FloatArray

    @property
    def precision(self) -> FloatArray:
        """TP / (TP + FP); 0 where there is something to find and nothing was said, so that silence is no way out."""
        said = self.hits + self.alarms
        return ratio(self.hits, np.where(said > 0, said, self.misses))

    @property
    def recall(self) -> FloatArray:
        """TP / (TP + FN)."""
        return ratio(self.hits, self.hits + self.misses)

    @property
    def f1(self) -> FloatArray:
        """2 TP / (2 TP + FP + FN)."""
        return ratio(2 * self.hits, 2 * self.hits + self.misses + self.alarms)


def matched_greedily(pairs: Pairs, rank: FloatArray) -> IntArray:
    """Match the surest prediction with the nearest free reference, then the next surest.

    Args:
        pairs: Candidates, in an order that decides what confidence and nearness do not.
        rank: How sure each prediction is, shape (predictions,). Of equally sure ones the nearest pair goes first.

    Returns:
        The reference of each prediction, -1 where it has none, shape (predictions,).

    Source: COCO's and VOC's evaluation, where equally sure predictions go in the order of the file, and so can score
    differently when the file is shuffled; Metrics Reloaded, "greedy by score" and "greedy by localization".
    """
    order = np.lexsort((-pairs.nearness, -rank[pairs.predicted]))
    taken: set[int] = set()
    match: dict[int, int] = {}
    for predicted, reference in zip(pairs.predicted[order].tolist(), pairs.reference[order].tolist(), strict=True):
        if predicted not in match and reference not in taken:
            match[predicted] = reference
            taken.add(reference)
    return _as_array(match, len(rank))


def matched_optimally(pairs: Pairs, predictions: int) -> IntArray:
    """Match as many pairs as possible, and of all ways to do so take the one that is nearest in sum.

    Args:
        pairs: Candidates.
        predictions: How many predictions there are.

    Returns:
        As `matched_greedily`.

    Source: Kuhn 1955, by `scipy.optimize.linear_sum_assignment` on each group of objects that touch one another.
    """
    match: dict[int, int] = {}
    for group in _apart(pairs):
        match.update(_assigned(group))
    return _as_array(match, predictions)


def _apart(pairs: Pairs) -> list[Pairs]:
    """The pairs in groups that share no object."""
    if not len(pairs.predicted):
        return []
    predictions, references = int(pairs.predicted.max()) + 1, int(pairs.reference.max()) + 1
    size = predictions + references
    ends = (pairs.predicted, pairs.reference + predictions)
    links = sparse.coo_array((np.ones(len(pairs.predicted)), ends), shape=(size, size))
    group = connected_components(links, directed=False)[1][pairs.predicted]
    order = np.argsort(group, kind="stable")
    cuts = np.flatnonzero(np.diff(group[order])) + 1
    return [pairs.some(part) for part in np.split(order, cuts)]


def _assigned(pairs: Pairs) -> dict[int, int]:
    predicted, row = np.unique(pairs.predicted, return_inverse=True)
    reference, column = np.unique(pairs.reference, return_inverse=True)
    gain = np.zeros((len(predicted), len(reference)))
    one_more = min(gain.shape) + 1.0  # outweighs any sum of nearness, so that the number of pairs comes first
    gain[row, column] = one_more + pairs.nearness
    rows, columns = linear_sum_assignment(gain, maximize=True)
    real = gain[rows, columns] > 0
    return dict(zip(predicted[rows[real]].tolist(), reference[columns[real]].tolist(), strict=True))


def _as_array(match: dict[int, int], predictions: int) -> IntArray:
    found = np.full(predictions, -1, dtype=np.intp)
    if match:
        found[list(match)] = list(match.values())
    return found
