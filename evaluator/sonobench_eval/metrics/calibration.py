"""How far probabilities can be taken at their word: Brier score, expected calibration error, log loss, reliability.

Every metric takes the answers to n cases and counts of shape (resamples, n), and returns one value per resample, shape
(resamples,), lower is better, NaN where a resample holds no case. A case without a usable answer costs what full
confidence in a wrong class costs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sonobench_eval.metrics.class_answers import ClassAnswers, FloatArray, IntArray, membership, ratio

CLIP = 2.220446049250313e-16
"""The spacing of doubles at 1, at which scikit-learn clips too."""


@dataclass(frozen=True, slots=True)
class Reliability:
    """A reliability diagram: bins of equal width over [0, 1].

    edges: shape (bins + 1,). cases: how many answers have their confidence in each bin, shape (bins,); confidence and
    accuracy: their means, shape (bins,), NaN where a bin is empty. unusable: cases in no bin.
    """

    edges: FloatArray
    cases: IntArray
    confidence: FloatArray
    accuracy: FloatArray
    unusable: int


def brier(answers: ClassAnswers, counts: FloatArray) -> FloatArray:
    """Brier score: the mean squared distance of probabilities from the truth, in [0, 1].

    Of two classes (p1 - y)^2. Of more, half the sum of (p - y)^2 over the classes, so that both have one scale: Brier's
    own is twice this. Probabilities that do not sum to 1 cost 1 at most.

    Source: Brier, Mon Weather Rev 1950; as `sklearn.metrics.brier_score_loss` with `scale_by_half=True`, which for more
    than two classes is not scikit-learn's default.
    """
    usable = answers.has_probabilities
    truth = membership(answers.labels, answers.classes)
    squared = (np.where(usable[:, np.newaxis], answers.probabilities, 0.0) - truth) ** 2
    cost = squared[:, 1] if answers.classes == 2 else np.minimum(squared.sum(axis=1) / 2, 1.0)
    return ratio(counts @ np.where(usable, cost, 1.0), counts.sum(axis=1))


def log_loss(answers: ClassAnswers, counts: FloatArray, *, clip: float = CLIP) -> FloatArray:
    """Mean negative logarithm of the true class's probability, which is first clipped to [clip, 1 - clip].

    Args:
        answers: The n cases.
        counts: Shape (resamples, n).
        clip: The lowest probability that is believed, at least 2.2e-16: nothing costs more than 36.04.

    Source: as `sklearn.metrics.log_loss`.
    """
    own = np.take_along_axis(answers.probabilities, answers.labels[:, np.newaxis], axis=1)[:, 0]
    believed = np.clip(np.where(answers.has_probabilities, own, 0.0), clip, 1 - clip)
    return ratio(counts @ -np.log(believed), counts.sum(axis=1))


def ece(answers: ClassAnswers, counts: FloatArray, *, bins: int = 15) -> FloatArray:
    """Expected calibration error: the mean distance of confidence and accuracy over bins of confidence, in [0, 1].

    The confidence of a case is its highest probability, of two classes too, and it is right where that class (the first of
    equals) is the true one, whatever the team decided. Bins have equal width and hold their upper edge, (low, high]; the first
    holds 0 too. Unusable answers have a bin of their own.

    Source: Guo et al., ICML 2017, eq. 3. torchmetrics has bins [low, high) and, for two classes, takes the probability of
    class 1 as the confidence.
    """
    surplus, number = _surplus(answers), _bin_of(answers, bins)
    of_bins = membership(number, bins + 1) * surplus[:, np.newaxis]
    return ratio(np.abs(counts @ of_bins).sum(axis=1), counts.sum(axis=1))


def reliability(answers: ClassAnswers, *, bins: int = 15) -> Reliability:
    """The reliability diagram that `ece` sums up; unusable answers are only counted."""
    usable = answers.has_probabilities
    of_bins = membership(_bin_of(answers, bins), bins + 1)[:, :bins]
    cases = of_bins.sum(axis=0)
    confidence = ratio(_confidence(answers) @ of_bins, cases)
    accuracy = ratio(_is_right(answers).astype(np.float64) @ of_bins, cases)
    return Reliability(np.linspace(0, 1, bins + 1), cases.astype(np.intp), confidence, accuracy, int(np.sum(~usable)))


def _surplus(answers: ClassAnswers) -> FloatArray:
    """Accuracy minus confidence of each case, shape (n,)."""
    usable = answers.has_probabilities
    return np.where(usable, _is_right(answers) - _confidence(answers), -1.0)


def _confidence(answers: ClassAnswers) -> FloatArray:
    return np.asarray(np.where(answers.has_probabilities[:, np.newaxis], answers.probabilities, 0.0).max(axis=1))


def _is_right(answers: ClassAnswers) -> FloatArray:
    usable = answers.has_probabilities
    likeliest = np.argmax(np.where(usable[:, np.newaxis], answers.probabilities, 0.0), axis=1)
    return np.asarray((likeliest == answers.labels) & usable, dtype=np.float64)


def _bin_of(answers: ClassAnswers, bins: int) -> IntArray:
    """The bin of each case; the one after the last for unusable answers."""
    edges = np.linspace(0, 1, bins + 1)
    number = np.clip(np.searchsorted(edges, _confidence(answers), side="left") - 1, 0, bins - 1)
    return np.where(answers.has_probabilities, number, bins)
