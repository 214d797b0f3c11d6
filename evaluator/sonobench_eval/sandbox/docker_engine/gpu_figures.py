"""From what the meter saw of a GPU to the figures that a run's measurement keeps."""

from __future__ import annotations

from sonobench_eval.meter.gpu_usage import GpuUsage
from sonobench_eval.sandbox.port import GpuFigures


def gpu_figures(usage: GpuUsage) -> GpuFigures | None:
    """None where the run had no GPU. Its peak, method and name stand in the measurement itself."""
    if usage.uuid is None:
        return None
    return GpuFigures(
        uuid=usage.uuid,
        driver=usage.driver,
        baseline_bytes=usage.baseline_bytes,
        sampling_gap_s=usage.sampling_gap_s,
        samples=usage.samples,
        processes=usage.processes,
        accounting=usage.accounting,
        memory_area_byte_s=usage.memory_area_byte_s,
        mean_utilisation_percent=usage.mean_utilisation_percent,
        energy_j=usage.energy_j,
        peak_power_w=usage.peak_power_w,
        sm_clock_mhz_low=usage.sm_clock_mhz_low,
        sm_clock_mhz_high=usage.sm_clock_mhz_high,
        throttled=usage.throttled,
        limits=usage.limits,
    )
