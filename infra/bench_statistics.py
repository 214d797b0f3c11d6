"""Statistics against SciPy and plain NumPy loops. Part of `make bench`; alone: python -m infra.bench_statistics

Both sides get the same inputs, one thread each, and take turns; values are compared before anything is timed. Told are the
quickest turn of each, their ratio, and how cost grows with the number of cases (1 is in proportion).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from sonobench_eval.statistics.delong import auc_covariance
from sonobench_eval.statistics.pairs import pair_differences, unordered_pairs
from sonobench_eval.statistics.permutation import Draws, sign_flip_test
from sonobench_eval.statistics.resampled import CountsMeasure, bootstrap_interval, replicate
from sonobench_eval.statistics.resampling import Resampling, named_generator
from sonobench_eval.statistics.signed_ranks import wilcoxon_over_resamples

FloatArray = NDArray[np.float64]
Work = Callable[[], object]
RESAMPLES, ALGORITHMS, TURNS = 1000, 15, 5
SIZES = (350, 700, 1400, 2800)
PEER_TESTS = 100
"""How many of the 105,000 Wilcoxon tests SciPy is asked for; its time is told for all of them in proportion."""


class Pair(NamedTuple):
    """Seconds of the quickest turn of each side."""

    ours: float
    peer: float


class DifferentValuesError(AssertionError):
    """The two sides do not compute the same thing, so that their times say nothing."""


def main() -> None:
    with threadpool_limits(limits=1):
        cases = SIZES[0]
        print(f"statistics: {cases} cases, {RESAMPLES} resamples, one thread, quickest of {TURNS} turns each")
        drawing(cases)
        means(cases)
        bca(cases)
        delong(cases)
        wilcoxon(cases)
        permutation(cases)
        slopes()


def drawing(cases: int) -> None:
    plan = planned(cases)

    def loop() -> FloatArray:
        generator = named_generator(plan.seed, plan.task_id)
        drawn = [np.bincount(generator.integers(cases, size=cases), minlength=cases) for _ in range(RESAMPLES)]
        return np.array(drawn, dtype=np.float64)

    must_agree("drawing", plan.counts(), loop())
    tell("draw counts", taking_turns(plan.counts, loop), "a NumPy loop over resamples")


def means(cases: int) -> None:
    plan, scores = planned(cases), np.random.default_rng(2).random(cases)
    counts = plan.counts()
    ours = mean_of(scores)

    def loop() -> FloatArray:
        return np.array([np.repeat(scores, row).mean() for row in counts.astype(np.intp)])

    must_agree("means", ours(counts), loop())
    tell("bootstrap a mean, counts given", taking_turns(lambda: ours(counts), loop), "a NumPy loop over resamples")


def bca(cases: int) -> None:
    plan, scores = planned(cases), np.random.default_rng(3).exponential(size=cases)
    settings: dict[str, Any] = {"method": "BCa", "confidence_level": 0.95}
    theirs = stats.bootstrap((scores,), np.mean, n_resamples=RESAMPLES, rng=np.random.default_rng(1), **settings)
    same = replace(theirs, bootstrap_distribution=replicate(mean_of(scores), plan).replicates)
    expected = stats.bootstrap((scores,), np.mean, n_resamples=0, bootstrap_result=same, **settings).confidence_interval
    found = bootstrap_interval(mean_of(scores), plan, confidence=0.95, kind="bca")
    must_agree("BCa", np.array([found.low, found.high], dtype=np.float64), np.array([expected.low, expected.high]))
    times = taking_turns(
        lambda: bootstrap_interval(mean_of(scores), plan, confidence=0.95, kind="bca"),
        lambda: stats.bootstrap((scores,), np.mean, n_resamples=RESAMPLES, **settings),
    )
    tell("BCa of a mean, draws included", times, "scipy.stats.bootstrap, vectorized")


def delong(cases: int) -> None:
    positive, scores = classified(cases)
    names = named(cases)
    must_agree("DeLong", auc_covariance(positive, scores, names).covariance, all_pairs(positive, scores))
    times = taking_turns(lambda: auc_covariance(positive, scores, names), lambda: all_pairs(positive, scores))
    tell(f"DeLong's covariance of {ALGORITHMS} algorithms", times, "all pairs in NumPy")


def wilcoxon(cases: int) -> None:
    differences, counts = compared(cases), planned(cases).counts()
    asked = [(row, row % len(differences)) for row in range(PEER_TESTS)]

    def peer() -> FloatArray:
        return np.array([scipys_wilcoxon(differences[pair], counts[row]) for row, pair in asked])

    found = wilcoxon_over_resamples(differences, counts)
    must_agree("Wilcoxon", np.array([found[row, pair] for row, pair in asked]), peer())
    times = taking_turns(lambda: wilcoxon_over_resamples(differences, counts), peer)
    scaled = times._replace(peer=times.peer * RESAMPLES * len(differences) / PEER_TESTS)
    tell(f"Wilcoxon, {len(differences)} pairs in every resample", scaled, f"scipy.stats.wilcoxon, from {PEER_TESTS} of them")


def permutation(cases: int) -> None:
    # Random flips are each side's own, so what is compared is an exact p of few cases.
    exact = np.random.default_rng(5).normal(0.3, 1, size=12)
    theirs = stats.permutation_test((exact,), np.mean, permutation_type="samples", n_resamples=np.inf, vectorized=False)
    must_agree("permutation", np.array([sign_flip_test(exact, named(12), Draws(1, "T")).p]), np.array([theirs.pvalue]))
    differences = np.random.default_rng(5).normal(0.1, 1, size=cases)
    names = named(cases)
    times = taking_turns(
        lambda: sign_flip_test(differences, names, Draws(1, "T", 9999)),
        lambda: stats.permutation_test(
            (differences,), np.mean, permutation_type="samples", n_resamples=9999, vectorized=True, batch=1000
        ),
    )
    tell("sign flips, 9,999 of them", times, "scipy.stats.permutation_test, vectorized")


def slopes() -> None:
    """How cost grows with the number of cases: the exponent of a power law through all sizes."""
    for name, prepare in GROWING.items():
        seconds = [quickest(prepare(cases)) for cases in SIZES]
        exponent = float(np.polyfit(np.log(SIZES), np.log(seconds), 1)[0])
        told = ", ".join(f"{cases}: {1e3 * each:.2f} ms" for cases, each in zip(SIZES, seconds, strict=True))
        print(f"growth of {name} with cases: exponent {exponent:.2f} ({told})")


def growing_mean(cases: int) -> Work:
    measure, counts = mean_of(np.random.default_rng(2).random(cases)), planned(cases).counts()
    return lambda: measure(counts)


def growing_delong(cases: int) -> Work:
    (positive, scores), names = classified(cases), named(cases)
    return lambda: auc_covariance(positive, scores, names)


def growing_wilcoxon(cases: int) -> Work:
    differences, counts = compared(cases), planned(cases).counts()
    return lambda: wilcoxon_over_resamples(differences, counts)


GROWING: dict[str, Callable[[int], Work]] = {
    "draw counts": lambda cases: planned(cases).counts,
    "mean": growing_mean,
    "DeLong": growing_delong,
    "Wilcoxon": growing_wilcoxon,
}


def planned(cases: int) -> Resampling:
    return Resampling(named(cases), resamples=RESAMPLES, seed=1, task_id="bench")


def named(cases: int) -> list[str]:
    return [f"{number:06d}" for number in range(cases)]


def classified(cases: int) -> tuple[NDArray[np.bool_], FloatArray]:
    generator = np.random.default_rng(4)
    positive = generator.random(cases) < 0.4
    return positive, generator.normal(size=(ALGORITHMS, cases)) + positive


def compared(cases: int) -> FloatArray:
    scores = np.random.default_rng(6).random((ALGORITHMS, cases))
    return pair_differences(scores, unordered_pairs(ALGORITHMS))


def mean_of(scores: FloatArray) -> CountsMeasure:
    return lambda counts: np.asarray(counts @ scores / counts.sum(axis=1))


def all_pairs(positive: NDArray[np.bool_], scores: FloatArray) -> FloatArray:
    """DeLong's covariance from its definition: every positive against every negative."""
    above, below = scores[:, positive][:, :, np.newaxis], scores[:, ~positive][:, np.newaxis, :]
    won = (above > below) + 0.5 * (above == below)
    return np.asarray(np.cov(won.mean(axis=2)) / won.shape[1] + np.cov(won.mean(axis=1)) / won.shape[2])


def scipys_wilcoxon(differences: FloatArray, counts: FloatArray) -> float:
    sample = np.repeat(differences, counts.astype(np.intp))
    found = stats.wilcoxon(sample, zero_method="wilcox", correction=True, alternative="greater", method="asymptotic")
    return float(found.pvalue)


def must_agree(name: str, ours: FloatArray, peers: FloatArray) -> None:
    if not np.allclose(ours, peers, rtol=0, atol=1e-12):
        raise DifferentValuesError(f"{name}: values differ by up to {np.max(np.abs(ours - peers)):g}")


def taking_turns(ours: Work, peer: Work) -> Pair:
    turns = [(seconds_of(ours), seconds_of(peer)) for _ in range(TURNS)]
    return Pair(*(min(side) for side in zip(*turns, strict=True)))


def quickest(work: Work) -> float:
    return min(seconds_of(work) for _ in range(TURNS))


def seconds_of(work: Work) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def tell(name: str, times: Pair, peer: str) -> None:
    print(f"{name}: {shown(times.ours)}, {peer} {shown(times.peer)}, ratio {times.peer / times.ours:.1f}")


def shown(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{1e3 * seconds:.2f} ms"


if __name__ == "__main__":
    main()
