"""The metrics of instances: panoptic quality and its parts, F1, precision, sensitivity, Dice of instances.

Every function takes the answers to n cases and counts of shape (resamples, n), and returns one value per resample, shape
(resamples,), in [0, 1], higher is better, NaN where the metric has no value.

A pair matches where its IoU is above `threshold`, not at it: above 0.5 no instance has two partners, which is what makes
panoptic quality need no matching. Below 0.5 as many pairs are matched as possible, those of the largest IoU in sum
(`matching: optimal`), or the largest IoU first (`greedy`).

`pooling`: `pooled` sums over all cases before dividing, as Kirillov et al., so that cases weigh by their instances;
`case_mean` is the mean of the cases' own values. A case with nothing in either image then counts 1, the best there is, and one
without a usable answer 0.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from sonobench_eval.metrics.class_answers import BoolArray, FloatArray, ratio
from sonobench_eval.metrics.instances import InstanceAnswers, Overlaps
from sonobench_eval.metrics.matching import ROUNDING, Matching, Pairs, Tally, matched_greedily, matched_optimally
from sonobench_eval.metrics.spec import MetricSpecError

Pooling = Literal["pooled", "case_mean"]
MeanOver = Literal["matched", "references", "all"]
"""What a mean is over: matched pairs; references, missed ones counting 0; or all, false alarms too."""


class Parts(NamedTuple):
    """What instances add up to, of cases or of resamples: the tally, and sums of IoU and Dice over the matched pairs.

    `lost` are the references of unusable cases, which count as badly matched where a mean is over matched pairs.
    """

    tally: Tally
    iou: FloatArray
    dsc: FloatArray
    lost: FloatArray

    @property
    def sq(self) -> FloatArray:
        """Mean IoU of matched pairs; 0 where there is something to find and nothing matches."""
        return self._mean_of(self.iou, "matched")

    @property
    def pq(self) -> FloatArray:
        tally = self.tally
        return ratio(2 * self.iou, 2 * tally.hits + tally.alarms + tally.misses)

    def instance_dsc(self, over: MeanOver) -> FloatArray:
        return self._mean_of(self.dsc, over)

    def _mean_of(self, total: FloatArray, over: MeanOver) -> FloatArray:
        """0 where only the team could make the mean empty."""
        held = self.tally.hits + self.tally.misses
        everything = held + self.tally.alarms
        below = {"matched": self.tally.hits + self.lost, "references": held, "all": everything}[over]
        return ratio(total, np.where(below > 0, below, everything))


def pq(
    answers: InstanceAnswers,
    counts: FloatArray,
    *,
    threshold: float = 0.5,
    matching: Matching = "optimal",
    pooling: Pooling = "pooled",
) -> FloatArray:
    """Panoptic quality: sum of the matched pairs' IoU / (TP + FP/2 + FN/2) = `sq` x `rq` (where pooled).

    Args:
        answers: The n cases.
        counts: Shape (resamples, n).
        threshold: Pairs match above this IoU, in [0, 1).
        matching: How pairs are chosen where the threshold is below 0.5 and leaves a choice.
        pooling: `pooled` over all cases, or `case_mean`.

    Raises:
        MetricSpecError: the threshold is no IoU.

    Source: Kirillov et al., CVPR 2019. One class of objects; panoptica measures each case (`case_mean`), torchmetrics and
    the authors' script pool.
    """
    if pooling == "pooled":
        return _pooled(answers, counts, threshold, matching).pq
    return _case_mean(_parts_of(answers, threshold, matching).pq, counts)


def sq(
    answers: InstanceAnswers,
    counts: FloatArray,
    *,
    threshold: float = 0.5,
    matching: Matching = "optimal",
    pooling: Pooling = "pooled",
) -> FloatArray:
    """Segmentation quality: mean IoU of matched pairs, the references of unusable cases counting 0. Arguments as for `pq`."""
    if pooling == "pooled":
        return _pooled(answers, counts, threshold, matching).sq
    return _case_mean(_parts_of(answers, threshold, matching).sq, counts)


def f1(
    answers: InstanceAnswers,
    counts: FloatArray,
    *,
    threshold: float = 0.5,
    matching: Matching = "optimal",
    pooling: Pooling = "pooled",
) -> FloatArray:
    """F1 of instances, 2 TP / (2 TP + FP + FN); with threshold 0.5 it is `rq`, recognition quality. Arguments as for `pq`."""
    if pooling == "pooled":
        return _pooled(answers, counts, threshold, matching).tally.f1
    return _case_mean(_parts_of(answers, threshold, matching).tally.f1, counts)


def precision(
    answers: InstanceAnswers,
    counts: FloatArray,
    *,
    threshold: float = 0.5,
    matching: Matching = "optimal",
    pooling: Pooling = "pooled",
) -> FloatArray:
    """TP / (TP + FP); 0 where there is something to find and nothing was said. Arguments as for `pq`."""
    if pooling == "pooled":
        return _pooled(answers, counts, threshold, matching).tally.precision
    return _case_mean(_parts_of(answers, threshold, matching).tally.precision, counts)


def recall(
    answers: InstanceAnswers,
    counts: FloatArray,
    *,
    threshold: float = 0.5,
    matching: Matching = "optimal",
    pooling: Pooling = "pooled",
) -> FloatArray:
    """TP / (TP + FN), the share of instances that are found. Arguments as for `pq`.

    With `case_mean`, cases with nothing to find are left out of the mean.
    """
    if pooling == "pooled":
        return _pooled(answers, counts, threshold, matching).tally.recall
    values = _parts_of(answers, threshold, matching).tally.recall
    held = counts * ~np.isnan(values)
    return ratio(held @ np.nan_to_num(values), held.sum(axis=1))


def instance_dsc(
    answers: InstanceAnswers,
    counts: FloatArray,
    *,
    threshold: float = 0.5,
    matching: Matching = "optimal",
    over: MeanOver = "all",
    pooling: Pooling = "pooled",
) -> FloatArray:
    """Mean Dice coefficient of instances, each by itself.

    Args:
        answers: The n cases.
        counts: Shape (resamples, n).
        threshold: As for `pq`, like all that is not named here.
        matching: As for `pq`.
        over: What the mean is over. `all`: missed and false instances count 0, as lesion-wise Dice in BraTS 2023, which
            matches any overlap and merges references that one prediction touches, where here pairs are one to one.
            `matched`: only matched pairs, as panoptica's `sq_dsc`.
        pooling: As for `pq`.

    Raises:
        MetricSpecError: the threshold is no IoU.
    """
    if pooling == "pooled":
        return _pooled(answers, counts, threshold, matching).instance_dsc(over)
    return _case_mean(_parts_of(answers, threshold, matching).instance_dsc(over), counts)


def parts_of_cases(answers: InstanceAnswers, *, threshold: float = 0.5, matching: Matching = "optimal") -> Parts:
    """What the instances of each case add up to, each of shape (n,).

    Raises:
        MetricSpecError: the threshold is no IoU.
    """
    return _parts_of(answers, threshold, matching)


def _parts_of(answers: InstanceAnswers, threshold: float, matching: Matching) -> Parts:
    if not 0 <= threshold < 1:
        raise MetricSpecError(f"pairs match above an IoU of at least 0 and below 1, not {threshold:g}")
    key = (threshold, matching)
    if key not in answers.found_before:
        answers.found_before[key] = _measured(answers, threshold, matching)
    parts: Parts = answers.found_before[key]
    return parts


def _measured(answers: InstanceAnswers, threshold: float, matching: Matching) -> Parts:
    rows = np.array([_case(each, threshold, matching) for each in answers.overlaps], dtype=np.float64).reshape(-1, 5)
    hits, wanted, said, iou, dsc = rows.T
    unusable = answers.unusable.astype(np.float64)
    return Parts(Tally(hits, wanted - hits, said - hits + unusable), iou, dsc, wanted * unusable)


def _case(overlaps: Overlaps, threshold: float, matching: Matching) -> tuple[float, float, float, float, float]:
    """Hits, references, predictions, and the sums of IoU and Dice over the hits."""
    iou = overlaps.iou
    kept = np.flatnonzero(iou > threshold + ROUNDING)
    pairs = Pairs(overlaps.predicted[kept], overlaps.reference[kept], iou[kept])
    chosen = kept if threshold >= 0.5 else kept[_chosen(pairs, len(overlaps.predicted_px), matching)]
    wanted, said = len(overlaps.reference_px), len(overlaps.predicted_px)
    return len(chosen), wanted, said, float(iou[chosen].sum()), float(overlaps.dsc[chosen].sum())


def _chosen(pairs: Pairs, predictions: int, matching: Matching) -> BoolArray:
    match = matched_optimally(pairs, predictions) if matching == "optimal" else matched_greedily(pairs, np.zeros(predictions))
    return np.asarray(match[pairs.predicted] == pairs.reference)


def _pooled(answers: InstanceAnswers, counts: FloatArray, threshold: float, matching: Matching) -> Parts:
    parts = _parts_of(answers, threshold, matching)
    tally = parts.tally
    columns = np.stack([tally.hits, tally.misses, tally.alarms, parts.iou, parts.dsc, parts.lost], axis=1)
    hits, misses, alarms, iou, dsc, lost = (counts @ columns).T
    return Parts(Tally(hits, misses, alarms), iou, dsc, lost)


def _case_mean(values: FloatArray, counts: FloatArray) -> FloatArray:
    """Mean over all cases; one with nothing in either image counts 1."""
    return ratio(counts @ np.nan_to_num(values, nan=1.0), counts.sum(axis=1))
