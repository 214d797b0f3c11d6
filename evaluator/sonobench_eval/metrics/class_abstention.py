"""Answers that may be refused: selective accuracy, accuracy at a coverage, the risk-coverage curve, abstention.

Cases are accepted by falling confidence, the highest probability of a case. Those where the team abstains come last, and
count as wrong once they are accepted; a case without a usable answer comes first and is wrong, as if it had been
answered wrongly with full confidence. Cases of one confidence are accepted in random order: values are expectations over it.

Every metric takes the answers to n cases and counts of shape (resamples, n), and returns one value per resample, shape
(resamples,), NaN where a resample holds no case.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from sonobench_eval.metrics.class_answers import ABSTAIN, NO_DECISION, BoolArray, ClassAnswers, FloatArray, once, ratio

ROUNDING = 1e-9
"""Of 10 cases 0.3 are 3, although 0.3 * 10 may be a hair more in binary."""
_FIRST, _LAST = np.inf, -np.inf


@dataclass(frozen=True, slots=True)
class RiskCoverageCurve:
    """Points by rising coverage, one for each confidence that someone has; shapes (points,).

    coverage: share of cases accepted. risk: share of these that is wrong. confidence: the least accepted; infinite where
    only unusable answers are, minus infinite where abstentions are accepted too.
    """

    coverage: FloatArray
    risk: FloatArray
    confidence: FloatArray


class _Accepted(NamedTuple):
    """Cases by falling confidence, in groups of one confidence: how many come before a group and are in it, and how many
    of these are wrong. Shapes (resamples, groups); `cases` (resamples,).
    """

    before: FloatArray
    size: FloatArray
    wrong_before: FloatArray
    wrong: FloatArray
    cases: FloatArray


def abstention(answers: ClassAnswers, counts: FloatArray) -> FloatArray:
    """Share of cases where the team abstains, in [0, 1]: higher is better on cases that no answer fits (out of distribution)."""
    return ratio(counts @ (answers.decisions == ABSTAIN).astype(np.float64), counts.sum(axis=1))


def coverage(answers: ClassAnswers, counts: FloatArray) -> FloatArray:
    """Share of cases with a decision, in [0, 1], higher is better: neither abstained nor unusable."""
    return ratio(counts @ (answers.decisions >= 0).astype(np.float64), counts.sum(axis=1))


def selective_acc(answers: ClassAnswers, counts: FloatArray) -> FloatArray:
    """Accuracy among the cases where the team does not abstain, in [0, 1], higher is better. 0 where it always abstains."""
    right, cases = counts @ answers.right.astype(np.float64), counts.sum(axis=1)
    answered = counts @ (answers.decisions != ABSTAIN).astype(np.float64)
    return np.asarray(np.where(cases > 0, right / np.maximum(answered, 1.0), np.nan))


def acc_at_coverage(answers: ClassAnswers, counts: FloatArray, *, coverage: float) -> FloatArray:
    """Accuracy among the most confident cases that make up a share of all, in [0, 1], higher is better.

    Args:
        answers: The n cases.
        counts: Shape (resamples, n).
        coverage: The share, in (0, 1]; of n cases the first ceil(coverage * n) are accepted.
    """
    accepted = _accepted(answers, counts)
    wanted = np.ceil(coverage * accepted.cases - ROUNDING)
    taken = np.clip(wanted[:, np.newaxis] - accepted.before, 0, accepted.size)
    share = np.divide(accepted.wrong, accepted.size, out=np.zeros_like(accepted.wrong), where=accepted.size > 0)
    return 1 - ratio(np.sum(share * taken, axis=1), wanted)


def aurc(answers: ClassAnswers, counts: FloatArray) -> FloatArray:
    """Area under the risk-coverage curve: the mean share of mistakes among the i most confident, over i = 1 to n.

    Returns:
        In [0, 1], lower is better: few mistakes, and those with little confidence.

    Source: Geifman and El-Yaniv, ICLR 2019 (the mean over all coverages). Ties: the mistakes of a group of one confidence
    are spread evenly over it, so that sums over it are of the form a + b / i and harmonic numbers tell them.
    """
    accepted = _accepted(answers, counts)
    size = np.maximum(accepted.size, 1.0)
    lead = accepted.wrong_before - accepted.wrong * accepted.before / size
    numbers = _harmonic(int(accepted.cases.max(initial=0)))
    first, last = accepted.before.astype(np.intp), (accepted.before + accepted.size).astype(np.intp)
    return ratio(np.sum(accepted.wrong + lead * (numbers[last] - numbers[first]), axis=1), accepted.cases)


def risk_coverage_curve(answers: ClassAnswers) -> RiskCoverageCurve:
    """The curve of the answers themselves; where cases share a confidence it has a point where all of them are accepted."""
    accepted = _accepted(answers, once(len(answers.labels)))
    reached = (accepted.before + accepted.size)[0]
    wrong = (accepted.wrong_before + accepted.wrong)[0]
    return RiskCoverageCurve(ratio(reached, accepted.cases[0]), wrong / reached, -np.unique(-_confidence(answers)))


def _is_usable(answers: ClassAnswers) -> BoolArray:
    """A decision whose confidence is not known cannot be placed, and so is none."""
    return np.asarray(answers.has_probabilities & (answers.decisions != NO_DECISION))


def _confidence(answers: ClassAnswers) -> FloatArray:
    usable = _is_usable(answers)
    highest = np.where(usable[:, np.newaxis], answers.probabilities, 0.0).max(axis=1)
    return np.where(answers.decisions == ABSTAIN, _LAST, np.where(usable, highest, _FIRST))


def _accepted(answers: ClassAnswers, counts: FloatArray) -> _Accepted:
    _, group = np.unique(-_confidence(answers), return_inverse=True)
    order = np.argsort(group, kind="stable")
    starts = np.flatnonzero(np.diff(group[order], prepend=-1))
    size = np.add.reduceat(counts[:, order], starts, axis=1) if len(order) else np.zeros((len(counts), 0))
    mistakes = counts[:, order] * ~(answers.right & _is_usable(answers))[order]
    wrong = np.add.reduceat(mistakes, starts, axis=1) if len(order) else np.zeros((len(counts), 0))
    reached = np.cumsum(size, axis=1)
    return _Accepted(reached - size, size, np.cumsum(wrong, axis=1) - wrong, wrong, counts.sum(axis=1))


def _harmonic(most: int) -> FloatArray:
    """Harmonic numbers H(0) to H(most)."""
    return np.concatenate([[0.0], np.cumsum(1.0 / np.arange(1, most + 1))])
