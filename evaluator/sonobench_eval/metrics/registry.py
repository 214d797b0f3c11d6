"""Which function measures what: a declared metric and an engine lead to a function of masks, or of class answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal, Protocol

from sonobench_eval.challenge.model import Metric, Task
from sonobench_eval.metrics import classification, overlap, surface
from sonobench_eval.metrics.classification import ClassAnswers, FloatArray
from sonobench_eval.metrics.empty import BoolMask, Empty
from sonobench_eval.metrics.surface import PIXELS, Convention, Spacing

EngineName = Literal["fast", "reference"]
ClassMetric = Callable[[ClassAnswers, FloatArray], FloatArray]
"""(answers to n cases, counts of shape (resamples, n)) -> one value per resample, NaN where there is none."""


class SurfaceMetric(Protocol):
    def __call__(
        self, prediction: BoolMask, reference: BoolMask, *, convention: Convention, tolerance: float, spacing: Spacing
    ) -> float | Empty: ...


@dataclass(frozen=True, slots=True)
class Engine:
    """One implementation of every metric."""

    name: EngineName
    dsc: Callable[[BoolMask, BoolMask], float | Empty]
    nsd: SurfaceMetric
    of_classes: Mapping[str, ClassMetric]

    def of_masks(
        self, metric: Metric, prediction: BoolMask, reference: BoolMask, *, pixel_size_mm: Spacing | None
    ) -> float | Empty:
        """One segmentation metric of one structure, in [0, 1], or which mask is empty.

        Args:
            metric: `dsc` or `nsd` with its parameters.
            prediction: Foreground of the answer, bool, shape (rows, columns).
            reference: Foreground of the reference, bool, same shape.
            pixel_size_mm: (row, column); needed where the metric's unit is mm.

        Raises:
            ValueError: the metric measures in mm and no pixel size is given.
        """
        if metric.name == "dsc":
            return self.dsc(prediction, reference)
        if metric.convention is None or metric.tolerance is None:
            raise ValueError(f"{metric.name} needs a convention and a tolerance")
        spacing = PIXELS if metric.unit == "px" else pixel_size_mm
        if spacing is None:
            raise ValueError("nsd in mm needs the pixel size of every case")
        return self.nsd(prediction, reference, convention=metric.convention, tolerance=metric.tolerance, spacing=spacing)


@cache
def engine_named(name: EngineName) -> Engine:
    """`fast` is ours; `reference` is MedPy and scikit-learn, imported only when asked for."""
    if name == "fast":
        of_classes = {
            "auc": classification.auc,
            "acc": classification.acc,
            "f1": classification.f1,
            "auprc": classification.auprc,
        }
        return Engine("fast", overlap.dsc, _nsd, of_classes)
    from sonobench_eval.metrics import reference

    of_classes = {"auc": reference.auc, "acc": reference.acc, "f1": reference.f1, "auprc": reference.auprc}
    return Engine("reference", reference.dsc, reference.nsd, of_classes)


def definition(metric: Metric, task: Task) -> str:
    """The metric with what defines it: `nsd pixel 2 px`, `auc one-vs-rest macro`. Only what is defined alike is averaged."""
    if metric.name == "nsd":
        return f"nsd {metric.convention} {metric.tolerance:g} {metric.unit}"
    if task.kind == "multiclass":
        return "acc multiclass" if metric.name == "acc" else f"{metric.name} one-vs-rest macro"
    return metric.name


def _nsd(
    prediction: BoolMask, reference: BoolMask, *, convention: Convention, tolerance: float, spacing: Spacing
) -> float | Empty:
    distances = surface.outline_distances(prediction, reference, convention=convention, spacing=spacing)
    if isinstance(distances, Empty):
        return distances
    return surface.nsd(distances, tolerance=tolerance, convention=convention)
