"""Bootstraps of metrics against a loop over scikit-learn or SciPy:   python -m infra.bench_classes [--short]

Both are given the same cases and the same resamples, in turn, in one process and on one thread; their values are compared
before their times are. Prints ratios, and how the time of an AUC grows with the cases and with the algorithms; asserts no
time, for time on a shared machine proves nothing. Ends with an error where values differ by more than 1e-12.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from statistics import median

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from sklearn import metrics as sk
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from sonobench_eval.metrics import class_decisions, class_ranks, regression_association
from sonobench_eval.metrics.class_answers import ClassAnswers
from sonobench_eval.metrics.regression_answers import ValueAnswers
from sonobench_eval.metrics.roc import auc_of_many

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]
RESAMPLES = 1000
LOOPED = 100
"""How many resamples the loop goes through in a round; its time is told for all."""
CALLS = 5
"""Ours is called so often in a round, as for as many algorithms: resamples are drawn once for all of them."""
ROUNDS, SHORT_ROUNDS = 7, 3
TOLERANCE = 1e-12
TARGET = 450


@dataclass(frozen=True, slots=True)
class Sample:
    """Cases with scores that tie, and bootstrap resamples of them: the drawn positions, and the same as counts."""

    answers: ClassAnswers
    drawn: IntArray
    counts: FloatArray


@dataclass(frozen=True, slots=True)
class Contest:
    """One metric two ways: all resamples at once, and one resample of drawn cases."""

    name: str
    ours: Callable[[Sample], FloatArray]
    theirs: Callable[[Sample, IntArray], float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="fewer rounds")
    with threadpool_limits(1):
        run(SHORT_ROUNDS if parser.parse_args().short else ROUNDS)


def run(rounds: int) -> None:
    """Every contest, then how the time grows."""
    timed = f"a loop's time from {LOOPED} of them, ours of {CALLS} calls"
    print(f"{RESAMPLES} resamples, one thread, median of {rounds} rounds in turn: {timed}")
    for cases in (350, 1000, 2000):
        show(CONTESTS[0], sample_of(cases), rounds, note=f" (target: {TARGET})")
    for contest in CONTESTS[1:]:
        show(contest, sample_of(350), rounds)
    show_growth(rounds)
    show_algorithms(rounds)


def show(contest: Contest, sample: Sample, rounds: int, *, note: str = "") -> None:
    """Compare values, then times.

    Raises:
        SystemExit: the values differ.
    """
    few = sample.drawn[:LOOPED]
    ours, theirs = contest.ours(sample)[:LOOPED], [contest.theirs(sample, each) for each in few]
    apart = float(np.nanmax(np.abs(ours - theirs)))
    if apart > TOLERANCE:
        raise SystemExit(f"{contest.name}: values differ by {apart:.1e}")
    fast, slow = [], []
    for _ in range(rounds):
        fast.append(seconds_of(lambda: [contest.ours(sample) for _ in range(CALLS)]) / CALLS)
        slow.append(seconds_of(lambda: [contest.theirs(sample, each) for each in few]) * RESAMPLES / LOOPED)
    ratio = median(slow) / median(fast)
    told = f"loop {median(slow):.2f} s, ours {median(fast) * 1e3:.2f} ms, ratio {ratio:,.0f}{note}, values within {apart:.0e}"
    print(f"{contest.name}, {len(sample.answers.labels)} cases: {told}")


def show_growth(rounds: int) -> None:
    """The slope of log time over log cases: 1 is linear."""
    sizes = (1000, 2000, 4000, 8000, 16000)
    times = []
    for sample in map(sample_of, sizes):
        times.append(median(seconds_of(partial(CONTESTS[0].ours, sample)) for _ in range(rounds)))
    slope = float(np.polyfit(np.log(sizes), np.log(times), 1)[0])
    told = ", ".join(f"{size} cases {each * 1e3:.1f} ms" for size, each in zip(sizes, times, strict=True))
    print(f"AUC: {told}; time grows as cases to the power of {slope:.2f}")


def show_algorithms(rounds: int) -> None:
    """All AUCs that a bootstrap of the UUSIC25 ranking needs: 15 algorithms, 6 questions of some 350 cases."""
    rng = np.random.default_rng(3)
    sample = sample_of(350)
    scores = np.round(rng.random((15, 350)), 2)
    positive = sample.answers.labels == 1
    took = median(seconds_of(lambda: [auc_of_many(positive, scores, sample.counts) for _ in range(6)]) for _ in range(rounds))
    print(f"AUC of 15 algorithms, 6 questions of 350 cases, {RESAMPLES} resamples: {took * 1e3:.0f} ms")


def sample_of(cases: int) -> Sample:
    rng = np.random.default_rng(cases)
    labels = (rng.random(cases) < 0.4).astype(np.intp)
    score = np.round(np.clip(rng.normal(0.4 + 0.2 * labels, 0.2), 0, 1), 3)
    drawn = rng.integers(cases, size=(RESAMPLES, cases))
    counts = np.empty((cases, RESAMPLES))
    for number, row in enumerate(drawn):
        counts[:, number] = np.bincount(row, minlength=cases)
    answers = ClassAnswers(labels, np.column_stack([1 - score, score]), (score >= 0.5).astype(np.intp))
    return Sample(answers, drawn.astype(np.intp), counts.T)


def seconds_of(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _score(sample: Sample, drawn: IntArray) -> FloatArray:
    return np.asarray(sample.answers.probabilities[drawn, 1])


def _as_values(sample: Sample) -> ValueAnswers:
    noise = np.random.default_rng(9).normal(0, 0.2, len(sample.answers.labels))
    score = sample.answers.probabilities[:, 1]
    return ValueAnswers(score, np.asarray(np.round(np.clip(score + noise, 0, 1), 2), dtype=np.float64), 0.0, 1.0)


def _spearman(sample: Sample, drawn: IntArray) -> float:
    values = _as_values(sample)
    return float(stats.spearmanr(values.reference[drawn], values.predicted[drawn]).statistic)


CONTESTS = (
    Contest(
        "AUC against roc_auc_score",
        lambda sample: class_ranks.auc(sample.answers, sample.counts),
        lambda sample, drawn: float(sk.roc_auc_score(sample.answers.labels[drawn], _score(sample, drawn))),
    ),
    Contest(
        "AUPRC against average_precision_score",
        lambda sample: class_ranks.auprc(sample.answers, sample.counts),
        lambda sample, drawn: float(sk.average_precision_score(sample.answers.labels[drawn], _score(sample, drawn))),
    ),
    Contest(
        "partial AUC against roc_auc_score",
        lambda sample: class_ranks.pauc(sample.answers, sample.counts, max_fpr=0.2),
        lambda sample, drawn: float(sk.roc_auc_score(sample.answers.labels[drawn], _score(sample, drawn), max_fpr=0.2)),
    ),
    Contest(
        "F1 against f1_score",
        lambda sample: class_decisions.f1(sample.answers, sample.counts),
        lambda sample, drawn: float(sk.f1_score(sample.answers.labels[drawn], sample.answers.decisions[drawn])),
    ),
    Contest(
        "kappa against cohen_kappa_score",
        lambda sample: class_decisions.kappa(sample.answers, sample.counts),
        lambda sample, drawn: float(sk.cohen_kappa_score(sample.answers.labels[drawn], sample.answers.decisions[drawn])),
    ),
    Contest(
        "Spearman against spearmanr", lambda sample: regression_association.spearman(_as_values(sample), sample.counts), _spearman
    ),
)


if __name__ == "__main__":
    main()
