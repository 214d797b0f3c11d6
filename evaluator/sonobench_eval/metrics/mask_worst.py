"""The worst value a metric of masks can have on an image: what a missing mask counts for, so that leaving one out never pays."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from sonobench_eval.metrics.mask_pair import Mask, Spacing, Unit, steps_of
from sonobench_eval.metrics.spec import MetricSpec, ParameterValue


def worst(spec: MetricSpec, reference: Mask, *, spacing: Spacing | None, arguments: Mapping[str, ParameterValue]) -> float:
    """The worst value of a metric for any prediction of this reference.

    Args:
        spec: A metric of masks.
        reference: The reference, which tells the image's shape too; it may be empty.
        spacing: Distance between pixel centers in mm, one number an axis; None where it is unknown.
        arguments: What the metric's function is called with, from `MetricSpec.arguments`.

    Returns:
        The end of the metric's range where it has one. For distances the image's diagonal, which none exceeds. For errors of
        volume the larger of an empty answer's and one that fills the image; relative to one pixel where the reference is
        empty.

    Raises:
        ValueError: the metric is another package's and has no worst value: its range is infinite and nothing says how bad it
            can be in one image; or it measures in mm and the spacing is unknown.
    """
    bound = spec.low if spec.higher_is_better else spec.high
    if math.isfinite(bound):
        return bound
    reach = _REACH.get(spec.function)
    if reach is None:
        raise ValueError(f"{spec.name} has no worst value in an image; the challenge must say what counts, in the metric's unit")
    return reach(reference, spacing, "mm" if arguments.get("unit") == "mm" else "px")


def diagonal(reference: Mask, spacing: Spacing | None, unit: Unit) -> float:
    """The length of the image's diagonal, from corner to corner."""
    steps = steps_of(spacing, unit, len(reference.shape))[-len(reference.shape) :]
    return math.hypot(*(step * count for step, count in zip(steps, reference.shape, strict=True)))


def _largest_error(reference: Mask, spacing: Spacing | None, unit: Unit) -> float:
    steps = steps_of(spacing, unit, len(reference.shape))[-len(reference.shape) :]
    return max(reference.count, reference.size - reference.count) * math.prod(steps)


def _largest_relative_error(reference: Mask, _spacing: Spacing | None, _unit: Unit) -> float:
    return _largest_error(reference, None, "px") / max(reference.count, 1)


_REACH: dict[str, Callable[[Mask, Spacing | None, Unit], float]] = {
    "sonobench_eval.metrics.mask_surface:hd": diagonal,
    "sonobench_eval.metrics.mask_surface:assd": diagonal,
    "sonobench_eval.metrics.mask_surface:masd": diagonal,
    "sonobench_eval.metrics.mask_overlap:ave": _largest_error,
    "sonobench_eval.metrics.mask_overlap:rve": _largest_relative_error,
}
