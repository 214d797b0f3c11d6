"""Paired permutation tests: if two algorithms were the same, swapping their results on a subject would change nothing.

All of a subject's cases are swapped together. Few subjects are swapped in every possible way, many at random under a named seed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sonobench_eval.statistics.interval import Sample, sample_of
from sonobench_eval.statistics.paired import Alternative, PairedTest, unit_sums
from sonobench_eval.statistics.resampled import CountsMeasure
from sonobench_eval.statistics.resampling import named_generator

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]
PERMUTATIONS = 10_000
NUMBERS_AT_ONCE = 4_000_000
_ROUNDING = 1e-12
"""Sums of the same numbers in another order differ by less than this share of them, and count as equal."""
NO_VALUE = "a metric has no value for the results as they are, or for some swaps of them"


class Draws(NamedTuple):
    """How many random permutations, under which seed and name (a task's id)."""

    seed: int
    name: str
    permutations: int = PERMUTATIONS


def sign_flip_test(
    differences: FloatArray, unit_of_case: Sequence[str], draws: Draws, *, alternative: Alternative = "two-sided"
) -> PairedTest:
    """Whether the mean difference is 0, by flipping the signs of whole units.

    Args:
        differences: First algorithm minus second, one for each case, finite, shape (n,), at least one.
        unit_of_case: What each case belongs to (its subject, or itself), length n.
        draws: Random flips, where there are more possible ones than that.
        alternative: `greater` asks whether the first is higher.

    Returns:
        The mean difference over cases, and p. Exact where all flips of the units that differ are no more than
        `draws.permutations`; else (b + 1) / (m + 1) with b of m random ones at least as extreme, so that it is never 0. It
        depends neither on the order of cases nor on the units' names.

    Source: Good, Permutation Tests, 2000; Phipson and Smyth, Permutation P-values Should Never Be Zero, 2010.
    """
    (found,) = sign_flip_tests(differences[np.newaxis], unit_of_case, draws, alternative=alternative)
    return found


def sign_flip_tests(
    differences: FloatArray, unit_of_case: Sequence[str], draws: Draws, *, alternative: Alternative = "two-sided"
) -> tuple[PairedTest, ...]:
    """The same for several pairs of algorithms, shape (pairs, n), with the same random flips for each."""
    if not np.isfinite(differences).all():
        raise ValueError("differences must be finite numbers: give a case without a usable answer the worst score")
    sums, _ = unit_sums(differences, unit_of_case)
    # A sum and its opposite are flips of each other, so the distances, in descending order, are all that matters: no
    # names, no order, and units that do not differ stand last, where they can be left out.
    distances, observed = -np.sort(-np.abs(sums), axis=1), sums.sum(axis=1)
    differing = np.count_nonzero(distances, axis=1)
    exactly = 2.0**differing <= draws.permutations
    p = np.empty(len(sums))
    for pair in np.flatnonzero(exactly):
        used = int(differing[pair])
        flips = _signs(_every(used))
        p[pair] = _extreme(distances[pair : pair + 1, :used], observed[pair : pair + 1], flips, alternative)[0] / 2.0**used
    flips = _signs(_random(draws, sums.shape[1]))
    extreme = _extreme(distances[~exactly], observed[~exactly], flips, alternative) if not exactly.all() else 0
    p[~exactly] = (extreme + 1) / (draws.permutations + 1)
    sample, means = sample_of(unit_of_case), differences.mean(axis=1)
    described = zip(means.tolist(), p.tolist(), exactly.tolist(), differing.tolist(), strict=True)
    return tuple(
        _told(f"all {2**used} sign flips" if exact else None, mean, each, sample=sample, draws=draws, alternative=alternative)
        for mean, each, exact, used in described
    )


def swap_test(
    measure: CountsMeasure, unit_of_case: Sequence[str], draws: Draws, *, alternative: Alternative = "two-sided"
) -> PairedTest:
    """Whether any metric differs between two algorithms, by swapping their answers on whole units.

    The answers of both stand in one table of 2n cases, the first algorithm's n before the second's; a permutation is then
    one more row of counts. Where the metric compares cases with each other (AUC), the two algorithms' scores must
    be on one scale: take the ranks of each among its own before.

    Args:
        measure: The metric of the joined table, from counts of shape (permutations, 2n).
        unit_of_case: What each of the n cases belongs to (its subject, or itself).
        draws: Random swaps, where there are more possible ones than that.
        alternative: `greater` asks whether the first is higher.

    Returns:
        The difference, first minus second, and p as in `sign_flip_test`, but that flips of units which do not differ count
        towards what is possible. No p where the metric has no value for some swap.

    Source: Good, Permutation Tests, 2000; for AUC Venkatraman and Begg, Biometrika 1996, and Braun and Alonzo, 2008.
    """
    names, index = np.unique(np.asarray(unit_of_case, dtype=object), return_inverse=True)
    exact = 2.0 ** len(names) <= draws.permutations
    observed = float(_differences(measure, np.ones((1, len(index)), dtype=bool))[0])
    masks = _every(len(names)) if exact else _random(draws, len(names))
    swapped = np.concatenate([_differences(measure, kept[:, index]) for kept in masks])
    extreme = int(_at_least(swapped, observed, _ROUNDING, alternative).sum())
    p = extreme / 2.0 ** len(names) if exact else (extreme + 1) / (draws.permutations + 1)
    undefined = bool(np.isnan(observed) or np.isnan(swapped).any())
    how = f"all {2 ** len(names)} swaps" if exact else None
    sample = sample_of(unit_of_case)
    return _told(how, observed, None if undefined else p, sample=sample, draws=draws, alternative=alternative)


def _differences(measure: CountsMeasure, kept: BoolArray) -> FloatArray:
    """The metric of the first algorithm, with some cases swapped, minus that of the second; shape (rows,)."""
    first = np.concatenate([kept, ~kept], axis=1).astype(np.float64)
    return np.asarray(measure(first) - measure(1 - first))


def _extreme(distances: FloatArray, observed: FloatArray, flips: Iterable[FloatArray], alternative: Alternative) -> IntArray:
    """How many flips are at least as extreme, for each pair; distances (pairs, units), blocks of flips (some, units or more)."""
    rounding = _ROUNDING * distances.sum(axis=1)
    found = np.zeros(len(distances), dtype=np.int64)
    for block in flips:
        sums = block[:, : distances.shape[1]] @ distances.T
        found += _at_least(sums, observed, rounding, alternative).sum(axis=0)
    return found


def _at_least(
    sums: FloatArray, observed: FloatArray | float, rounding: FloatArray | float, alternative: Alternative
) -> BoolArray:
    if alternative == "two-sided":
        return np.asarray(np.abs(sums) >= np.abs(observed) - rounding)
    return np.asarray(sums >= observed - rounding if alternative == "greater" else sums <= observed + rounding)


def _every(units: int) -> Iterator[BoolArray]:
    """Every choice of units, shape (2^units, units)."""
    numbers = np.arange(2**units)[:, np.newaxis]
    yield np.asarray(numbers >> np.arange(units) & 1 == 0)


def _random(draws: Draws, units: int) -> Iterator[BoolArray]:
    """Random choices of units, shape (permutations, units) in blocks."""
    generator = named_generator(draws.seed, draws.name)
    at_once = max(1, NUMBERS_AT_ONCE // max(1, units))
    for start in range(0, draws.permutations, at_once):
        rows = min(at_once, draws.permutations - start)
        bits = np.unpackbits(np.frombuffer(generator.bytes(rows * -(-units // 8)), dtype=np.uint8))
        yield bits.reshape(rows, -1)[:, :units] == 0


def _signs(masks: Iterator[BoolArray]) -> Iterator[FloatArray]:
    return (np.where(mask, 1.0, -1.0) for mask in masks)


def _told(
    exactly: str | None, difference: float, p: float | None, *, sample: Sample, draws: Draws, alternative: Alternative
) -> PairedTest:
    how = exactly or f"{draws.permutations} random permutations"
    return PairedTest(
        method=f"paired permutation, {how} of {sample.drawn}",
        difference=difference,
        statistic=None,
        p=p,
        alternative=alternative,
        sample=sample,
        draws=0 if exactly else draws.permutations,
        seed=None if exactly else draws.seed,
        why_none="" if p is not None else NO_VALUE,
    )
