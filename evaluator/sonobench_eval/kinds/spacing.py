"""The distance between a case's pixels, along as many axes as its image has."""

from __future__ import annotations

from sonobench_eval.challenge.model import Case


def spacing_of(case: Case, dimensions: int) -> tuple[float, ...] | None:
    """Distance between pixel centers in mm, (row, column) or (plane, row, column); None where the case does not say it."""
    size = case.pixel_size_mm
    if isinstance(size, float | int):
        return (float(size),) * dimensions
    return size if size is not None and len(size) == dimensions else None
