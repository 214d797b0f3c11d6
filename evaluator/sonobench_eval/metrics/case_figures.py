"""What is told of each case of a task whose metrics are of all cases together: its own counts, overlaps and errors.

All figures are finite; one that a case does not have (an error where no point is annotated) is left out.
"""

from __future__ import annotations

import numpy as np

from sonobench_eval.metrics.class_answers import FloatArray
from sonobench_eval.metrics.detection_answers import DetectionAnswers
from sonobench_eval.metrics.detection_outcomes import outcomes_of
from sonobench_eval.metrics.detection_pairs import Near, best_iou
from sonobench_eval.metrics.instances import InstanceAnswers
from sonobench_eval.metrics.keypoints import KeypointAnswers, errors
from sonobench_eval.metrics.panoptic import parts_of_cases

HALF = Near("iou", 0.5, None)


def box_case_figures(answers: DetectionAnswers, *, near: Near = HALF, confidence: float | None = None) -> list[dict[str, float]]:
    """`tp`, `fp`, `fn` over all classes, and `best_iou`: the largest overlap of any box with a reference of its class.

    Args:
        answers: The n cases.
        near: When a box matches; an IoU of 0.5 where nothing is said.
        confidence: Boxes are counted that are at least so sure; `best_iou` is of all.

    An unusable case has one false positive, however many classes there are; `best_iou` is only there where something is to
    be found.
    """
    tally = outcomes_of(answers, near, matching="greedy", confidence=confidence).tally
    alarms = tally.alarms.sum(axis=1) - (answers.classes - 1) * answers.unusable
    best = np.zeros(answers.cases)
    np.maximum.at(best, answers.predicted.case, best_iou(answers))
    wanted = np.bincount(answers.reference.case, minlength=answers.cases) > 0
    figures = {
        "tp": tally.hits.sum(axis=1),
        "fp": alarms,
        "fn": tally.misses.sum(axis=1),
        "best_iou": np.where(wanted, best, np.nan),
    }
    return _by_case(figures, answers.cases)


def instance_case_figures(answers: InstanceAnswers) -> list[dict[str, float]]:
    """`tp`, `fp`, `fn`, and panoptic quality with its parts, `pq`, `sq` and `rq`, at an IoU above 0.5.

    A case with nothing in either image has no panoptic quality of its own, and `tp`, `fp`, `fn` of 0.
    """
    parts = parts_of_cases(answers)
    tally = parts.tally
    figures = {
        "tp": tally.hits,
        "fp": tally.alarms,
        "fn": tally.misses,
        "pq": parts.pq,
        "sq": parts.sq,
        "rq": tally.f1,
    }
    return _by_case(figures, len(answers.overlaps))


def point_case_figures(answers: KeypointAnswers) -> list[dict[str, float]]:
    """`points` that are annotated, `points_missing` in the answer, and the mean radial error: `mre_px`, `mre_mm` where known.

    A missing point errs by the image's diagonal.
    """
    annotated = answers.annotated
    held = annotated.sum(axis=1)
    figures: dict[str, FloatArray] = {
        "points": held.astype(np.float64),
        "points_missing": (annotated & ~answers.answered).sum(axis=1).astype(np.float64),
        "mre_px": _mean(errors(answers, unit="px"), held),
    }
    if answers.spacing_mm is not None:
        figures["mre_mm"] = _mean(errors(answers, unit="mm"), held)
    return _by_case(figures, len(held))


def _mean(errors_of_points: FloatArray, held: FloatArray) -> FloatArray:
    """Over the annotated points of each case; NaN where there are none."""
    return np.where(held > 0, np.nan_to_num(errors_of_points).sum(axis=1) / np.maximum(held, 1), np.nan)


def _by_case(figures: dict[str, FloatArray], cases: int) -> list[dict[str, float]]:
    return [{name: float(of[case]) for name, of in figures.items() if np.isfinite(of[case])} for case in range(cases)]
