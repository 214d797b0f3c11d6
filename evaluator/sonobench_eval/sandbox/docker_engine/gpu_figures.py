"""From what the meter saw of a GPU to the figures that a run's measurement keeps."""

from __future__ import annotations

from dataclasses import fields

from sonobench_eval.meter.gpu_usage import GpuUsage
from sonobench_eval.sandbox.port import GpuFigures


def gpu_figures(usage: GpuUsage) -> GpuFigures | None:
    """None where the run had no GPU. Its peak, method and name stand in the measurement itself."""
    if usage.uuid is None:
        return None
    # Field by field under the same names, so that none can be forgotten here.
    return GpuFigures(**{each.name: getattr(usage, each.name) for each in fields(GpuFigures)})
