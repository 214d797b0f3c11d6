"""One segmentation case: every metric of every structure, averaged over the structures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sonobench_eval.challenge.model import Metric, Task, UndefinedPolicy
from sonobench_eval.metrics.empty import BoolMask, Empty, emptiness
from sonobench_eval.metrics.registry import Engine
from sonobench_eval.metrics.surface import Spacing
from sonobench_eval.metrics.undefined import score_of_empty

LabelImage = NDArray[np.uint8]
Structure = tuple[BoolMask, BoolMask]
"""Prediction and reference of one structure."""


@dataclass(frozen=True, slots=True)
class MaskScores:
    """Scores by metric name, each in [0, 1]; `problem` says which mask was empty, None where neither was."""

    scores: dict[str, float]
    problem: str | None


def score_masks(
    task: Task,
    prediction: LabelImage,
    reference: LabelImage,
    *,
    pixel_size_mm: float | Spacing | None,
    policy: UndefinedPolicy,
    engine: Engine,
) -> MaskScores:
    """Score one readable mask of the right size.

    Args:
        task: A segmentation task; `labels` says which value is which structure.
        prediction: Label values, uint8, shape (rows, columns).
        reference: Label values, same shape.
        pixel_size_mm: (row, column) or one number for both; needed where a metric measures in mm.
        policy: What counts where a structure is empty.
        engine: Whose metrics.
    """
    structures = [
        (prediction > 0, reference > 0) if value == "nonzero" else (prediction == value, reference == value)
        for value in (task.labels or {}).values()
    ]
    spacing = (pixel_size_mm, pixel_size_mm) if isinstance(pixel_size_mm, float | int) else pixel_size_mm
    scores: dict[str, float] = {
        metric.name: _mean(metric, structures, spacing=spacing, policy=policy, engine=engine) for metric in task.metrics
    }
    return MaskScores(scores, _problem([emptiness(*structure) for structure in structures]))


def _mean(
    metric: Metric, structures: list[Structure], *, spacing: Spacing | None, policy: UndefinedPolicy, engine: Engine
) -> float:
    values = [engine.of_masks(metric, *structure, pixel_size_mm=spacing) for structure in structures]
    return float(np.mean([score_of_empty(value, policy) if isinstance(value, Empty) else value for value in values]))


def _problem(found: list[Empty | None]) -> str | None:
    """A structure missing on one side is a problem; absent on both it is one only where nothing else is there either."""
    for empty in (Empty.PREDICTION, Empty.REFERENCE):
        if empty in found:
            return empty.value
    return Empty.BOTH.value if all(empty is Empty.BOTH for empty in found) else None
