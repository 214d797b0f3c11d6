"""Wilcoxon's signed-rank test of many pairs of algorithms in many bootstrap resamples at once.

A pair's cases are sorted once; then each case, in this order, is added to all resamples together, so that a rank is a running
sum. For test-based rankings, which ask every pair of algorithms in every resample.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from sonobench_eval.statistics.paired import Alternative

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]
RESAMPLES_AT_ONCE = 1024
"""The running sums of so many fit the innermost cache."""


@dataclass(frozen=True, slots=True)
class SignedRanks:
    """Of each pair in each resample, shapes (resamples, pairs): by how much the ranks for the first algorithm exceed what
    no difference would give, its standard deviation then, and how many cases differ at all."""

    excess: FloatArray
    spread: FloatArray
    differing: FloatArray

    def z(self, alternative: Alternative) -> FloatArray:
        """Standardized and corrected for continuity, shape (resamples, pairs); 0 where no case differs."""
        correction: FloatArray | float
        correction = np.sign(self.excess) / 2 if alternative == "two-sided" else 0.5 if alternative == "greater" else -0.5
        nothing = np.zeros_like(self.excess)
        return np.asarray(np.divide(self.excess - correction, self.spread, out=nothing, where=self.differing > 0))

    def p(self, alternative: Alternative) -> FloatArray:
        """Normal approximation, shape (resamples, pairs), in [0, 1]; 1 where no case differs.

        `greater` asks whether the first algorithm is higher.
        """
        z = self.z(alternative)
        found = 2 * ndtr(-np.abs(z)) if alternative == "two-sided" else ndtr(-z) if alternative == "greater" else ndtr(z)
        return np.where(self.differing > 0, np.minimum(found, 1), 1.0)


def wilcoxon_over_resamples(differences: FloatArray, counts: FloatArray, *, alternative: Alternative = "greater") -> FloatArray:
    """p-values of Wilcoxon's signed-rank test of each pair in each resample.

    Args:
        differences: First algorithm minus second, case by case, shape (pairs, n), finite.
        counts: How often each resample holds each case, shape (resamples, n), either memory order.
        alternative: `greater` asks whether the first is higher.

    Returns:
        Shape (resamples, pairs), in [0, 1]; 1 where no case of a resample differs.

    Source: Wilcoxon 1945. Zeros are left out, equal distances share their mean rank (the copies of a case in a resample
    among them), the normal approximation has tie and continuity corrections: as R's `wilcox.test(paired=TRUE, exact=FALSE)`,
    which challengeR calls, and `scipy.stats.wilcoxon(zero_method="wilcox", correction=True, method="asymptotic")`. Both have no
    p where nothing differs. Copies of a case, or cases of one subject, are not independent: within a resample p is a
    score to rank by, not a chance.
    """
    return signed_ranks(differences, counts).p(alternative)


def signed_ranks(differences: FloatArray, counts: FloatArray) -> SignedRanks:
    """The statistic behind it; arguments as `wilcoxon_over_resamples`."""
    if not np.isfinite(differences).all():
        raise ValueError("differences must be finite numbers: give a case without a usable answer the worst score")
    pairs = [_Pair.of(row) for row in differences]
    plain = np.stack([pair.plain_mask(differences.shape[1]) for pair in pairs]) if pairs else np.zeros((0, counts.shape[1]))
    blocks = [_block(pairs, plain, differences, block) for block in _portions(counts)]
    ranks_for, ties, differing = (np.concatenate([np.empty((0, len(pairs))), *each]) for each in zip(*blocks, strict=True))
    expected = differing * (differing + 1) / 4
    variance = differing * (differing + 1) * (2 * differing + 1) / 24 - ties / 48
    return SignedRanks(ranks_for - expected, np.sqrt(np.maximum(variance, 0)), differing)


@dataclass(frozen=True, slots=True)
class _Pair:
    """The cases of a pair that differ, nearest first, in runs of equal distance: one case each mostly."""

    runs: tuple[IntArray, ...]
    for_first: frozenset[int]

    @classmethod
    def of(cls, differences: FloatArray) -> _Pair:
        distance = np.abs(differences)
        order = np.argsort(distance, kind="stable")
        order = order[np.count_nonzero(distance == 0) :]
        ends = np.flatnonzero(np.diff(distance[order])) + 1
        runs = tuple(np.split(order, ends)) if order.size else ()
        return cls(runs, frozenset(np.flatnonzero(differences > 0).tolist()))

    def plain_mask(self, cases: int) -> FloatArray:
        """1 for cases whose distance no other case shares, shape (n,)."""
        mask = np.zeros(cases)
        mask[[int(run[0]) for run in self.runs if len(run) == 1]] = 1
        return mask


def _portions(counts: FloatArray) -> Iterator[FloatArray]:
    """Counts case by case, shape (n, some resamples), contiguous."""
    for start in range(0, max(1, len(counts)), RESAMPLES_AT_ONCE):
        yield np.ascontiguousarray(counts[start : start + RESAMPLES_AT_ONCE].T)


def _block(
    pairs: list[_Pair], plain: FloatArray, differences: FloatArray, by_case: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Sum of the ranks for the first, tie correction, and number of differing cases, shapes (resamples, pairs)."""
    squares = by_case * by_case
    # A case that shares its distance with none is, c times in a resample, a run of c: mean rank `reached - (c - 1) / 2`.
    ranks_for = (plain * (differences > 0)) @ ((by_case - squares) / 2)
    ties = plain @ (squares * by_case - by_case)
    differing = (differences != 0).astype(np.float64) @ by_case
    for pair, ranks, tied in zip(pairs, ranks_for, ties, strict=True):
        _Walk(by_case, ranks, tied, np.zeros_like(ranks)).through(pair)
    return ranks_for.T, ties.T, differing.T


@dataclass(frozen=True, slots=True)
class _Walk:
    """Through one pair's cases, nearest first, in all resamples together; `ranks`, `ties`, `reached` have shape (resamples,)."""

    by_case: FloatArray
    ranks: FloatArray
    ties: FloatArray
    reached: FloatArray

    def through(self, pair: _Pair) -> None:
        product = np.empty_like(self.reached)
        for run in pair.runs:
            if len(run) > 1:
                self._share(run, [case for case in run.tolist() if case in pair.for_first])
                continue
            case = int(run[0])
            np.add(self.reached, self.by_case[case], out=self.reached)
            if case in pair.for_first:
                np.multiply(self.reached, self.by_case[case], out=product)
                np.add(self.ranks, product, out=self.ranks)

    def _share(self, run: IntArray, winners: list[int]) -> None:
        """Several cases at one distance share the mean of their ranks."""
        together = self.by_case[run].sum(axis=0)
        np.add(self.ranks, self.by_case[winners].sum(axis=0) * (self.reached + (together + 1) / 2), out=self.ranks)
        np.add(self.ties, together**3 - together, out=self.ties)
        np.add(self.reached, together, out=self.reached)
